"""Which widgets may change while their graph runs, and why not the others."""

from pathlib import Path

import pytest

from dnne_ros.editor.drawn_graph import check_drawing
from dnne_ros.editor.graph_watch import shown_topics
from dnne_ros.editor.routes.parameters import changed_value
from dnne_ros.errors import DnneError, InputError


@pytest.fixture
def drawn(cartpole, catalogue):
    return check_drawing(cartpole, Path("cartpole_ppo.json"), catalogue)


def test_a_live_widget_takes_a_value_of_its_own_type(drawn):
    trainer = drawn.graph.nodes["6"]
    value = changed_value(trainer, "gamma", 1)  # JSON has one kind of numbers
    assert (value, type(value)) == (1.0, float)
    assert drawn.full_name(trainer) == "/cartpole_ppo/ppo_trainer_6"


def test_a_run_in_another_namespace_is_heard_there(cartpole, catalogue):
    drawn = check_drawing(cartpole, Path("cartpole_ppo.json"), catalogue,
                          ["--ros-args", "-r", "__ns:=/robot1"])
    node = drawn.graph.nodes["6"]
    assert [drawn.full_name(node, name) for name in ("~", "~/loss", "/loss", "loss")] == [
        "/robot1/ppo_trainer_6", "/robot1/ppo_trainer_6/loss", "/loss", "/robot1/loss"]
    assert list(shown_topics(drawn)) == [("7", "/robot1/display_7/text", False)]


def test_a_fixed_one_says_why_and_when_the_value_applies(drawn):
    with pytest.raises(DnneError, match="it fixes the size of the rollout; the new value applies "
                                        "with the next run"):
        changed_value(drawn.graph.nodes["6"], "horizon_length", 32)


@pytest.mark.parametrize("name, value", [("gamma", 3.0), ("gamma", "x"), ("none", 1)])
def test_what_a_widget_does_not_take_is_refused(name, value, drawn):
    with pytest.raises(InputError):
        changed_value(drawn.graph.nodes["6"], name, value)
