"""Episodes, counted by hand."""

import pytest
import torch

from dnne_ros.learning.finite import NotFiniteError
from dnne_ros.nodes.simulation.simulation_tracker import WINDOW, SimulationTracker
from dnne_ros.testing.driver import run

FLAGS = ["observation", "done", "reward"]


def follow(drive, steps, values=None, linked=FLAGS):
    """Feed steps of (input, value) pairs; return the node and its context."""
    node = SimulationTracker(values or {})

    async def script(context):
        for step in steps:
            for name, value in step:
                context.feed(name, value)
            await context.idle()

    return node, drive(node, script, linked=linked)


def step(rewards, ended):
    return [("observation", torch.zeros(len(rewards), 4)), ("reward", torch.tensor(rewards)),
            ("done", torch.tensor(ended))]


def test_flags_of_every_step_end_episodes_of_each_environment(drive):
    """Environment 0: 1 + 2 over two steps, then -4 in one; environment 1: 0.5 · 3 in three."""
    _, context = follow(drive, [step([1.0, 0.5], [False, False]), step([2.0, 0.5], [True, False]),
                                step([-4.0, 0.5], [True, True])])
    first, second, third = context.outputs("control_metrics")
    assert first == {
        "episode": 1, "episode_reward": 3.0, "episode_length": 2, "success": True,
        "avg_reward": 3.0, "avg_length": 2.0, "success_rate": 1.0, "best_reward": 3.0,
        "done": False}
    assert second == {
        "episode": 2, "episode_reward": -4.0, "episode_length": 1, "success": False,
        "avg_reward": -0.5, "avg_length": 1.5, "success_rate": 0.5, "best_reward": 3.0,
        "done": False}
    assert (third["episode"], third["episode_reward"], third["episode_length"]) == (3, 1.5, 3)
    assert third["avg_reward"] == pytest.approx(0.5 / 3) and context.finished is None
    assert context.reported[-1] == {"episodes": 3, "mean_return": third["avg_reward"]}


def test_flags_and_rewards_of_a_step_belong_together_however_they_come(drive):
    flags = [torch.tensor([False]), torch.tensor([True]), torch.tensor([True])]
    _, context = follow(drive, [[("done", each) for each in flags],
                                [("reward", torch.tensor([gain])) for gain in (1.0, 2.0, 5.0)]])
    assert [each["episode_reward"] for each in context.outputs("control_metrics")] == [3.0, 5.0]


def test_a_trigger_ends_what_came_since_the_last_one(drive):
    """Two environments: rewards of 1 and 3 are 2 on average."""
    seen = [("observation", torch.zeros(2, 4)), ("reward", torch.tensor([1.0, 3.0]))]
    _, context = follow(drive, [seen, seen, [("done", None)], seen, [("done", None)]])
    assert [(each["episode_reward"], each["episode_length"])
            for each in context.outputs("control_metrics")] == [(4.0, 2), (2.0, 1)]


def test_metrics_of_the_task_say_what_a_success_is(drive):
    linked = [*FLAGS, "custom_metrics", "loss"]
    _, context = follow(drive, [
        [("custom_metrics", {"success": True, "distance": 0.25}), ("loss", 0.5)],
        step([-1.0], [True]),
        [("custom_metrics", {"success": False}), ("loss", torch.tensor([1.0, 2.0]))],
        step([9.0], [True])], linked=linked)
    first, second = context.outputs("control_metrics")
    assert first["success"] and first["loss"] == 0.5
    assert first["custom_metrics"] == {"success": True, "distance": 0.25}
    assert not second["success"] and second["loss"] == 1.5 and second["success_rate"] == 0.5


def test_the_run_ends_behind_the_last_episode(drive):
    _, context = follow(drive, [step([1.0], [True])] * 2, {"max_episodes": 2})
    assert [each["done"] for each in context.outputs("control_metrics")] == [False, True]
    assert context.finished == "max_episodes"


@pytest.mark.parametrize("successes, finished", [(94, None), (95, "success_threshold")])
def test_the_run_ends_when_enough_of_the_last_hundred_succeed(drive, successes, finished):
    gains = [1.0] * successes + [-1.0] * (WINDOW - successes)
    _, context = follow(drive, [step([gain], [True]) for gain in gains])
    assert context.finished == finished
    assert context.outputs("control_metrics")[-1]["success_rate"] == successes / 100


def test_what_is_no_number_is_named(drive):
    with pytest.raises(NotFiniteError, match="reward"):
        follow(drive, [step([1.0], [False]), step([float("nan")], [False])])
    with pytest.raises(ValueError, match="expected as many rewards as flags .* 2, found 1"):
        follow(drive, [step([1.0], [False, False])])


def test_a_checkpoint_with_all_episodes_behind_it_is_refused(drive):
    node, _ = follow(drive, [step([1.0], [True])], {"max_episodes": 2})
    state = run(node.save_state(True))
    node.load_state(state)
    node.values["max_episodes"] = 1
    with pytest.raises(ValueError, match="it has 1 episodes behind it"):
        node.load_state(state)
