from types import SimpleNamespace

import pytest

from dnne_ros.node_api import health_reporter as module
from dnne_ros.node_api.health import Health, Level
from dnne_ros.node_api.health_reporter import HealthReporter


@pytest.fixture
def said(monkeypatch):
    """Return a trouble, what it has logged, its health and a clock to set."""
    lines, clock = [], SimpleNamespace(now=0.0)
    log = SimpleNamespace(info=lines.append, warning=lines.append)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    context = SimpleNamespace(log=log, health=Health())
    return HealthReporter(context), lines, context.health, clock


def test_a_trouble_is_told_once_and_when_it_is_over(said):
    trouble, lines, health, _ = said
    trouble.note("lost", "lost at 1", Level.ERROR)
    trouble.note("lost", "lost at 2", Level.ERROR)
    assert (health.level, health.message) == (Level.ERROR, "lost at 2")
    trouble.clear("found")
    trouble.clear("found")
    assert lines == ["lost at 1", "found"]
    assert (health.level, health.message) == (Level.OK, "ok")


def test_what_comes_and_goes_does_not_fill_the_log(said):
    trouble, lines, health, clock = said
    for clock.now in (0.0, 1.0, 4.9, 5.1):
        trouble.note("bad", f"bad at {clock.now}")
        assert health.level is Level.WARN
        trouble.clear("good")
    assert lines == ["bad at 0.0", "good", "bad at 5.1", "good"]


def test_another_kind_is_told(said):
    trouble, lines, _, _ = said
    trouble.note("refused", "refused")
    trouble.note("safe", "safe")
    assert lines == ["refused", "safe"]
