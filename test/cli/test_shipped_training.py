"""The shipped workflows that train: the same losses in one process and in many, and resumed."""

import pytest

SMALL = ("--set", "1.num_envs=8", "--set", "6.horizon_length=16", "--set", "6.minibatch_size=32",
         "--quiet")
LONG = [pytest.param(name, needs, marks=pytest.mark.long) for name, needs in (
    ("envpool_half_cheetah", "envpool"), ("envpool_ant", "envpool"),
    ("panda_pick_cube", "envpool"), ("go1_velocity", "envpool"), ("half_cheetah_ppo", "mujoco"),
    ("cartpole_recurrent", "gymnasium"))]


@pytest.mark.parametrize("name, needs", [("reach_by_camera", "torch"), *LONG])
def test_split_gives_the_same_losses_bit_by_bit(start_run, repository, name, needs):
    pytest.importorskip(needs)
    folder = repository / "config" / "workflows"
    losses = []
    for place in ("fused", "split"):
        run = start_run(folder / f"{name}.json", *SMALL, "--trust", folder, "--place", place,
                        "--max-updates", "4")
        assert run.wait() == 0, run.output
        losses.append(run.report["losses"])
    assert losses[0] == losses[1]
    assert len(set(losses[0])) == 4


@pytest.mark.long
@pytest.mark.parametrize("name, needs, goes_on", [
    ("half_cheetah_ppo", "mujoco", True), ("cartpole_recurrent", "gymnasium", True),
    ("reach_by_camera", "torch", False), ("envpool_half_cheetah", "envpool", False),
    ("panda_pick_cube", "envpool", False)])
def test_a_resumed_run_goes_on_as_the_table_of_simulators_says(
        start_run, repository, tmp_path, name, needs, goes_on):
    """With the same losses; or with new episodes, which are the same ones each time."""
    pytest.importorskip(needs)
    folder = repository / "config" / "workflows"

    def losses(updates, *arguments):
        run = start_run(folder / f"{name}.json", *SMALL, "--trust", folder, "--max-updates",
                        str(updates), *arguments)
        assert run.wait() == 0, run.output
        return run.report["losses"]

    whole = losses(5)
    checkpoint = tmp_path / "checkpoint"
    assert losses(2, "--save-checkpoint-dir", checkpoint) == whole[:2]
    resumed, again = (losses(5, "--load-checkpoint-dir", checkpoint) for _ in range(2))
    assert resumed == again
    assert (resumed == whole[2:]) == goes_on
