"""Episodes, each environment the same number, counted by hand."""

import pytest
import torch

from dnne_ros.learning.finite import NotFiniteError
from dnne_ros.nodes.simulation.episode_evaluator import EpisodeEvaluator


def evaluate(drive, steps, episodes, info=True):
    """Feed steps of (rewards, done, info)."""
    async def script(context):
        for rewards, done, told in steps:
            context.feed("rewards", torch.tensor(rewards))
            context.feed("done", torch.tensor(done))
            if info:
                context.feed("info", told)
            await context.idle()

    return drive(EpisodeEvaluator({"episodes": episodes}), script,
                 linked=["rewards", "done", *(["info"] if info else [])])


def evaluation(context):
    return [each["evaluation"] for each in context.reported if "evaluation" in each]


def told(*time_outs, **more):
    return {"time_outs": torch.tensor(time_outs),
            **{name: torch.tensor(flags) for name, flags in more.items()}}


def test_each_environment_gives_its_first_episodes_and_short_ones_do_not_crowd_out_long_ones(
        drive):
    """Of 3 episodes in 2 environments, the first gives 2; the second's only one takes 3 steps."""
    context = evaluate(drive, [
        ([1.0, 0.5], [True, False], told(False, False)),
        ([2.0, 0.5], [True, False], told(False, False)),
        ([9.0, 0.5], [True, True], told(False, True))], episodes=3)
    assert evaluation(context) == [[
        {"environment": 0, "return": 1.0, "length": 1, "end": "terminated", "success": None},
        {"environment": 0, "return": 2.0, "length": 1, "end": "terminated", "success": None},
        {"environment": 1, "return": 1.5, "length": 3, "end": "time limit", "success": None}]]
    assert context.finished == "episodes"


def test_it_goes_on_until_the_last_one_has_ended(drive):
    context = evaluate(drive, [([1.0, 1.0], [True, False], told(False, False))], episodes=2)
    assert not evaluation(context) and context.finished is None


def test_success_is_what_the_task_says(drive):
    context = evaluate(drive, [([1.0], [True], told(False, success=[True]))], episodes=1)
    assert evaluation(context)[0][0]["success"] is True


def test_without_info_every_end_counts_as_termination(drive):
    context = evaluate(drive, [([1.0], [True], None)], episodes=1, info=False)
    assert evaluation(context)[0][0]["end"] == "terminated"


@pytest.mark.parametrize("step, error, message", [
    (([float("nan"), 1.0], [False, False], told(False, False)), NotFiniteError, "rewards"),
    (([1.0, 1.0], [False], told(False, False)), ValueError, "flags on input 'done'"),
    (([1.0, 1.0], [False, False], told(False)), ValueError, "time_outs of 2 environments"),
])
def test_what_is_no_step_ends_the_run(drive, step, error, message):
    with pytest.raises(error, match=message):
        evaluate(drive, [step], episodes=5)
