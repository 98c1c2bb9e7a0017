"""The names of metrics, and what else names them."""

import json
import re

import pytest

from dnne_ros.metrics.families import FAMILIES

SERVED = {name: family for family in FAMILIES.values() for name in (
    [f"{family.name}_{end}" for end in ("bucket", "count", "sum")]
    if family.kind == "histogram" else [family.name])}
BASE_UNITS = ("seconds", "bytes", "hertz", "ratio", "items", "celsius", "meters")
NO_BASE_UNITS = re.compile(r"_(ms|milliseconds?|us|minutes|kb|mb|percent|hz)(_|$)")


def test_names_keep_to_the_conventions():
    for base, family in FAMILIES.items():
        assert re.fullmatch("[a-z]+(_[a-z]+)*", base) and not base.endswith("total"), base
        assert not NO_BASE_UNITS.search(base), base
        assert family.help.endswith("."), base
        assert (family.kind == "histogram") == bool(family.bounds), base
        if family.unit == "s":
            assert "seconds" in base, base


def test_labels_are_few_names_of_the_graph():
    allowed = {"graph", "node", "process", "source", "output", "target", "input", "policy",
               "transport", "type", "title", "figure", "queue", "count", "state"}
    assert {label for family in FAMILIES.values() for label in family.labels} == allowed


@pytest.fixture
def dashboard(repository):
    """Return the panels of the dashboard that is shipped, and its variables."""
    file = repository / "config/grafana/dnne_ros.json"
    return json.loads(file.read_text(encoding="utf-8"))


def targets(dashboard):
    return [target for panel in dashboard["panels"] for target in panel.get("targets", ())]


def names_in(text):
    return set(re.findall(r"dnne_ros_\w+", text))


def test_the_dashboard_names_only_metrics_that_exist(dashboard):
    texts = [target["expr"] for target in targets(dashboard)]
    texts += [str(variable["query"]) for variable in dashboard["templating"]["list"]]
    named = set().union(*map(names_in, texts))
    assert len(named) > 30 and named <= set(SERVED)


def test_the_dashboard_shows_only_labels_that_these_have(dashboard):
    for target in targets(dashboard):
        known = {label for name in names_in(target["expr"]) for label in SERVED[name].labels}
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= known, target


def test_the_page_has_each_metric(repository):
    page = (repository / "docs/metrics.md").read_text(encoding="utf-8")
    table = {line.split("`")[1]: line for line in page.splitlines()
             if line.startswith("| `dnne_ros_")}
    assert list(table) == [family.name for family in FAMILIES.values()]
    for family in FAMILIES.values():
        assert family.help in table[family.name], family.name
