import pytest

from dnne_ros.graph.edge_settings import Setting

NODES = {"1": "Source", "a.b": "Source"}


@pytest.mark.parametrize("node", ["1", "source_1", "/my_graph/source_1"])
def test_a_setting_replaces_the_files_value(build, node):
    graph = build({"1": ("Source", {"widgets": {"gain": 0.5}})}, settings=[f"{node}.gain=1.5"])
    assert graph.nodes["1"].values["gain"] == 1.5


def test_the_last_setting_counts_and_each_kind_parses(build):
    values = build(NODES, settings=["1.gain=1", "1.gain=2", "1.steps= 7", "1.mode=fast",
                                    "1.on=yes", "a.b.gain=0"]).nodes
    assert values["1"].values == {"gain": 2.0, "steps": 7, "mode": "fast", "on": True}
    assert values["a.b"].values["gain"] == 0.0


def test_a_setting_does_not_hide_what_is_wrong_in_the_file(report_of):
    [line] = report_of({"1": ("Source", {"widgets": {"gain": 9.0}})}, settings=["1.gain=1"])
    assert "widget 'gain'" in line


def test_deadlines_and_the_like_are_set_in_the_same_way(build):
    options = {"watchdog": {"seconds": 2}, "errors": {"policy": "warn"}}
    nodes = build({**NODES, "1": ("Source", {"options": options})},
                  settings=["1.watchdog.seconds=0.5", "a.b.deadline.seconds=1"]).nodes
    assert nodes["1"].faults["watchdog.seconds"] == 0.5
    assert nodes["1"].faults["errors.policy"] == "warn"
    assert nodes["a.b"].faults["deadline.seconds"] == 1.0
    assert nodes["a.b"].faults["errors.policy"] == "stop"


@pytest.mark.parametrize("setting, said", [
    ("1.errors.policy=ignore", "expected one of warn, safe_value, restart, stop, found 'ignore'"),
    ("7.gain=1", "--set 7.gain=1: no node '7'; there are 1 (source_1), a.b (source_a_b)"),
    ("1.volume=1", "SourceNode has no widget 'volume'; it has gain, steps, mode, on"),
    ("1.gain=9", "--set 1.gain=9: expected a number from 0.0 to 2.0, found 9.0"),
    ("1.gain=", "expected a number from 0.0 to 2.0, found ''"),
    ("1.gain=nan", "expected a number from 0.0 to 2.0, found nan"),
    ("1.steps=2.5", "expected an integer of at least 1, found '2.5'"),
    ("1.mode=Fast", "expected one of slow, fast, found 'Fast'"),
    ("1.on=maybe", "expected true or false, found 'maybe'"),
])
def test_what_does_not_fit_is_reported_with_what_would(report_of, setting, said):
    [line] = report_of(NODES, settings=[setting])
    assert said in line


@pytest.mark.parametrize("setting, said", [
    ("40.gain=1", "expected 40:1.gain or 40:2:7.gain"),
    ("40:2.gain=1", "expected 40:2:7.gain"),
    ("40.volume=1", "none has a widget 'volume'; there are 40:1 (source_40_1), 40:2:7 (source_40"),
])
def test_a_setting_of_a_subgraph_names_the_nodes_inside(report_of, setting, said):
    [line] = report_of({"40:1": "Source", "40:2:7": "Source", "4": "Source"}, settings=[setting])
    assert f"node {setting.partition('.')[0]!r} is a subgraph, of which" in line and said in line


def test_all_bad_settings_come_in_one_report(report_of):
    assert len(report_of(NODES, settings=["7.gain=1", "1.volume=1", "1.gain=9"])) == 3


def test_values_may_hold_dots_and_equal_signs():
    assert Setting.parse("env_1.path=a.b=c") == Setting("env_1", "path", "a.b=c")


@pytest.mark.parametrize("text", ["", "gain=1", "1.gain", "=1", ".gain=1", "1.=1", "1.gain:1"])
def test_a_setting_of_another_form(text):
    with pytest.raises(ValueError, match="expected NODE.WIDGET=VALUE, found"):
        Setting.parse(text)
