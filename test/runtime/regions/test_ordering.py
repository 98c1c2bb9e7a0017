"""In which order members make a round."""

from types import SimpleNamespace

import pytest

from dnne_ros.runtime.regions.ordering import ordered


def loop(**priorities):
    """Return step → agent → push, and a trainer of what step and agent give; by name."""
    takes = {"step": ["push-step"], "agent": ["step-agent"], "push": ["agent-push"],
             "trainer": ["step-trainer", "agent-trainer"]}
    edges = [edge for inputs in takes.values() for edge in inputs]
    return [SimpleNamespace(
        node=name, inputs=inputs, context=SimpleNamespace(priority=priorities.get(name, 0)),
        outputs={"out": SimpleNamespace(edges=[
            edge for edge in edges if edge.startswith(f"{name}-")])})
        for name, inputs in takes.items()]


@pytest.mark.parametrize(("late", "priorities", "order"), [
    ([], {}, "step agent push trainer"),
    (["agent-trainer"], {}, "step trainer agent push"),
    (["agent-trainer"], {"agent": 1}, "step agent trainer push"),
    (["agent-trainer"], {"push": 1}, "step agent push trainer"),
    (["step-trainer"], {}, "step agent trainer push"),
    (["agent-push", "agent-trainer"], {}, "step push trainer agent")])
def test_who_takes_of_the_round_before_goes_as_early_as_it_may(late, priorities, order):
    assert " ".join(each.node for each in ordered(loop(**priorities), set(late))) == order
