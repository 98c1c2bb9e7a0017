"""A GRU whose critic sees more: the same losses in every placement and after a resume."""

import json

import pytest

UPDATES = 4


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    """Write a Cartpole whose actor sees positions alone; returns the file."""
    def node(kind, **inputs):
        return {"class_type": kind, "inputs": inputs}

    graph = {
        "1": node("SimulatorEnvNode", env_name="Cartpole", num_envs=8, device="cpu",
                  backend="mujoco", actor_group="observations[0, 2]",
                  critic_group="observations"),
        "2": node("ORNode", input_a=["1", 1], input_b=["4", 0]),
        "8": node("ORNode", input_a=["1", 2], input_b=["4", 5]),
        "3": node("PPOAgentNode", observations=["2", 0], critic_observations=["8", 0],
                  done=["4", 2], memory="gru", memory_size=8, hidden_sizes="8",
                  normalize_observations=True),
        "4": node("SimulatorStepNode", sim_handle=["1", 0], actions=["5", 0], trigger=["6", 1]),
        "5": node("ActionNode", network_output=["3", 0], sim_handle=["1", 0]),
        "6": node("PPOTrainerNode", state=["4", 0], critic_observations=["4", 5],
                  policy_output=["3", 0], reward=["4", 1], done=["4", 2], model=["3", 1],
                  horizon_length=40, minibatch_size=160)}
    path = tmp_path_factory.mktemp("memory") / "memory.json"
    path.write_text(json.dumps(graph))
    return path


@pytest.mark.long
def test_split_and_resumed_runs_give_the_same_losses_bit_by_bit(start_run, workflow, tmp_path):
    def losses(updates, *arguments):
        run = start_run(workflow, "--quiet", "--set", f"6.max_updates={updates}", *arguments)
        assert run.wait() == 0, run.output
        return run.report["losses"]

    fused = losses(UPDATES)
    first = losses(UPDATES // 2, "--place", "split", "--save-checkpoint-dir", tmp_path / "c")
    rest = losses(UPDATES, "--load-checkpoint-dir", tmp_path / "c")
    assert len(fused) == UPDATES and len(set(fused)) == UPDATES
    assert first + rest == fused
    # Episodes have ended on the way, so that something was forgotten.
    manifest = json.loads((tmp_path / "c" / "checkpoint.json").read_text())
    assert manifest["aligned"] and manifest["metrics"]["episodes"] > 0
