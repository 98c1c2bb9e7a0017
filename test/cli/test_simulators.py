"""Simulators as a user chooses them, and one that fails."""

import json

import pytest

pytest.importorskip("gymnasium")

OWN_ENVIRONMENT = '''
import gymnasium
import numpy as np


class Diverging(gymnasium.Env):
    """Its numbers are fine for 40 steps."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,))
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))
    steps = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.np_random.standard_normal(3).astype(np.float32), {}

    def step(self, action):
        self.steps += 1
        observation = self.np_random.standard_normal(3).astype(np.float32)
        if self.steps > 40:
            observation[1] = np.nan
        return observation, 1.0, False, self.steps % 10 == 0, {}


gymnasium.register("Diverging-v0", Diverging)
'''


@pytest.fixture(scope="module")
def diverging(tmp_path_factory, command, cartpole):
    """Train in an environment that diverges; return the result and the checkpoint."""
    folder = tmp_path_factory.mktemp("diverging")
    (folder / "own.py").write_text(OWN_ENVIRONMENT)
    arguments = [
        "run", cartpole, "--nodes", folder / "own.py", "--set", "1.env_name=Diverging-v0",
        "--set", "1.num_envs=3", "--set", "6.minibatch_size=24",
        "--set", "6.checkpoint_enabled=true", "--set", "6.checkpoint_trigger_value=1",
        "--save-checkpoint-dir", folder / "checkpoint"]
    return command(*arguments), folder / "checkpoint", command(
        *arguments, "--load-checkpoint-dir", folder / "checkpoint")


def test_a_simulator_that_diverges_ends_the_run_and_is_named(diverging):
    result, _, _ = diverging
    assert result.returncode == 1
    assert ("Diverging-v0, step 41: the physics has diverged in environment 0: observation_1 is "
            "nan") in result.stderr
    assert "isaac_gym_step_4" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_checkpoint_before_it_is_kept(diverging):
    _, checkpoint, again = diverging
    manifest = json.loads((checkpoint / "checkpoint.json").read_text())
    assert manifest["aligned"]
    assert "does not fit" not in again.stderr
    # It went on after the 32 steps of two updates, for 40 more.
    assert "Diverging-v0, step 73" in again.stderr


def test_a_simulator_that_cannot_be_saved_says_so_when_it_goes_on(diverging):
    result, _, again = diverging
    warning = "the state of Diverging-v0 cannot be saved: all episodes start anew"
    assert warning in again.stdout + again.stderr
    assert warning not in result.stdout + result.stderr


def test_what_there_is_is_listed_with_the_node_and_the_file(command, cartpole):
    result = command("run", cartpole, "--set", "1.env_name=Cartpool")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    for text in ("cartpole_ppo.json: node 1 'Cartpole environments' (IsaacGymEnvNode)",
                 "unknown environment 'Cartpool'", "mujoco: Cartpole", "gymnasium: every"):
        assert text in result.stderr


def test_a_policy_of_the_wrong_size_is_refused(command, repository):
    pytest.importorskip("mujoco")
    result = command("run", repository / "config" / "workflows" / "half_cheetah_ppo.json",
                     "--set", "3.action_dim=4")
    assert result.returncode == 2
    assert ("node 5 'Torques' (ActionNode): task HalfCheetah-v5: expected a continuous policy "
            "with action_dim=6, found a continuous one with action_dim=4") in result.stderr


def test_what_a_task_says_of_its_episodes_is_in_report_picture_and_curves(
        start_run, repository, tmp_path):
    """Terms of the reward come through processes, and add up to the return that is shown."""
    pytest.importorskip("mujoco")
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator")
    run = start_run(
        repository / "config" / "workflows" / "half_cheetah_ppo.json", "--place", "split",
        "--set", "1.env_name=gymnasium:Hopper-v5", "--set", "3.action_dim=3",
        "--set", "1.num_envs=4", "--max-updates", "2", "--plot", tmp_path / "curve.png",
        "--tensorboard", tmp_path / "events")
    assert run.wait() == 0, run.output
    report = run.report
    curves = report["episode_logs"]
    assert {"episode/reward_forward", "episode/reward_ctrl", "episode/x_velocity"} <= set(curves)
    assert [steps for steps, _ in curves["episode/reward_forward"]] == [512, 1024]
    newest = {name: points[-1][1] for name, points in curves.items()}
    assert newest.items() <= report["metrics"].items()
    terms = sum(value for name, value in newest.items() if "/reward_" in name)
    assert terms == pytest.approx(report["mean_return"], rel=0.05)  # the newest 100 episodes
    events = event_accumulator.EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert {point.step: point.value for point in events.Scalars("episode/reward_forward")} == {
        steps: pytest.approx(value) for steps, value in curves["episode/reward_forward"]}
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
