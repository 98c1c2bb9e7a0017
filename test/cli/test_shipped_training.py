"""The shipped workflows that train a policy: the same losses fused, split and resumed.

After a resume a back end goes on as the table in docs/simulators.md says: with the same losses, or
with new episodes, which are the same ones each time.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).parents[2]
TRAINERS = ('"PPOTrainerNode"', '"PPOAgent"', '"DistillationTrainerNode"')


class Case(NamedTuple):
    """What a workflow needs, whether it goes on where it was, and what makes it small."""

    needs: str
    goes_on: bool
    values: tuple[str, ...] = (
        "1.num_envs=8", "6.horizon_length=16", "6.minibatch_size=32")


ENVPOOL = Case("envpool", goes_on=False)
CASES = {
    "cartpole_ppo": Case("mujoco", goes_on=True),
    "cartpole_ppo_config": Case("mujoco", goes_on=True, values=()),
    "cartpole_recurrent": Case("gymnasium", goes_on=True),
    "half_cheetah_ppo": Case("mujoco", goes_on=True),
    "envpool_half_cheetah": ENVPOOL, "envpool_ant": ENVPOOL, "panda_pick_cube": ENVPOOL,
    "go1_velocity": ENVPOOL,
    "reach_by_camera": Case("torch", goes_on=False),
    "cartpole_student": Case("mujoco", goes_on=True,
                             values=("1.num_envs=8", "6.gradient_length=12"))}
QUICK = "reach_by_camera"


def training_workflows():
    """Return all files with a trainer among the shipped workflows, and its example, by name."""
    return {path.stem: path for folder in ("config/workflows", "docs/examples")
            for path in sorted((REPOSITORY / folder).glob("*.json"))
            if any(word in path.read_text() for word in TRAINERS)
            and (folder.startswith("config") or path.stem in CASES)}


def test_no_workflow_that_trains_is_left_out():
    assert training_workflows().keys() == CASES.keys()


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=() if name == QUICK else pytest.mark.long) for name in CASES])
def test_losses_are_the_same_bit_by_bit(start_run, tmp_path, name):
    case, workflow = CASES[name], training_workflows()[name]
    pytest.importorskip(case.needs)
    small = [word for value in case.values for word in ("--set", value)]

    def losses(place, updates, *arguments):
        run = start_run(workflow, *small, "--trust", workflow.parent, "--quiet", "--place", place,
                        "--max-updates", str(updates), *arguments)
        assert run.wait() == 0, run.output
        return run.report["losses"]

    whole, checkpoint = losses("fused", 4), tmp_path / "checkpoint"
    assert len(set(whole)) == 4
    assert losses("split", 2, "--save-checkpoint-dir", checkpoint) == whole[:2]
    resumed = losses("fused", 4, "--load-checkpoint-dir", checkpoint)
    assert losses("split", 4, "--load-checkpoint-dir", checkpoint) == resumed
    assert (resumed == whole[2:]) == case.goes_on
