"""Policy outputs as actions of any task."""

import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.nodes.simulation.action import ActionNode
from dnne_ros.rl.policy_output import PolicyOutput
from dnne_ros.sim.simulator import ArraySpec, TaskSpec


class Task:
    """A simulator's face, as far as the node looks at it."""

    def __init__(self, low=(0.0, -2.0), high=(1.0, 4.0), choices=None):
        observation = ArraySpec.unbounded(("x",), ("m",))
        action = ArraySpec(tuple("ab"[:len(low)]), ("",) * len(low), low, high)
        self.spec = TaskSpec("Task", 1, observation, action, choices, 0.1, 10)


def output(actions, choices=None):
    actions = torch.tensor(actions)
    n = len(actions)
    mean = actions if choices is None else torch.zeros(n, choices)
    return PolicyOutput(observations=torch.zeros(n, 1), actions=actions, log_prob=torch.zeros(n),
                        value=torch.zeros(n), mean=mean,
                        std=torch.ones_like(mean) if choices is None else None)


def translate(drive, values, *items, task=None):
    """Return the actions that a node makes of ``items``."""
    async def script(context):
        if task is not None:
            context.feed("sim_handle", task)
        context.feed("network_output", *items)
        await context.sends(len(items))

    linked = ["network_output"] + (["sim_handle"] if task is not None else [])
    context = drive(ActionNode(values), script, linked=linked)
    return [action.tolist() for action in context.outputs("action")]


def test_without_a_simulator_the_scale_counts(drive):
    items = torch.tensor([[0.5, -3.0]]), output([[1.5, 0.25]])
    assert translate(drive, {"scale": 3.0}, *items) == [[[1.5, -3.0]], [[3.0, 0.75]]]


def test_with_a_simulator_plus_and_minus_one_are_the_bounds(drive):
    items = [output([[value, value]]) for value in (-7.0, -1.0, 0.0, 0.5, 1.0)]
    assert translate(drive, {}, *items, task=Task()) == [
        [[0.0, -2.0]], [[0.0, -2.0]], [[0.5, 1.0]], [[0.75, 2.5]], [[1.0, 4.0]]]


def test_a_column_without_bounds_is_scaled(drive):
    task = Task((-1.0, -torch.inf), (1.0, 2.0))
    assert translate(drive, {"scale": 5.0}, output([[0.5, 0.5]]), task=task) == [[[0.5, 2.5]]]


def test_choices_go_on_as_they_are(drive):
    task = Task((0.0,), (2.0,), choices=3)
    items = [output([[2.0], [0.0]], choices=3)]
    assert translate(drive, {"scale": 5.0}, *items, task=task) == [[[2.0], [0.0]]]
    assert translate(drive, {"scale": 5.0}, *items) == [[[2.0], [0.0]]]
    items = [output([[2.0, 1.0]], choices=5)]
    assert translate(drive, {}, *items, task=Task((0.0, 0.0), (2.0, 1.0), choices=(3, 2))
                     ) == [[[2.0, 1.0]]]


@pytest.mark.parametrize("task, item, expected, found", [
    (Task(), output([[0.0]]), "a continuous policy with action_dim=2",
     "a continuous one with action_dim=1"),
    (Task(), output([[1.0]], choices=2), "a continuous policy with action_dim=2",
     "a discrete one with action_dim=2"),
    (Task((0.0,), (2.0,), choices=3), output([[0.0]]), "a discrete policy with action_dim=3",
     "a continuous one with action_dim=1"),
    (Task((0.0,), (2.0,), choices=3), output([[0.0]], choices=4),
     "a discrete policy with action_dim=3", "a discrete one with action_dim=4"),
    (Task(choices=(3, 2)), output([[0.0]], choices=5),
     "a discrete policy with action_choices=3,2", "a discrete one with action_dim=5"),
    (Task((0.0, 0.0), (2.0, 1.0), choices=(3, 2)), output([[1.0, 2.0]], choices=5),
     "a discrete policy with action_choices=3,2", "choice 2 in column 1"),
])
def test_a_policy_that_does_not_fit_the_task_is_refused(drive, task, item, expected, found):
    with pytest.raises(InputError, match=f"task Task: expected {expected}, found {found}"):
        translate(drive, {}, item, task=task)


def test_the_senders_tensor_stays_as_it_is(drive):
    item = output([[3.0, 3.0]])
    translate(drive, {}, item, task=Task())
    assert item.actions.tolist() == [[3.0, 3.0]]
