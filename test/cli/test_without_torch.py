"""Where torch is not installed: a trained policy drives a robot, and what trains is refused."""

import json

import pytest

SECONDS = 2


@pytest.fixture
def without_torch(start_command, repository, tmp_path):
    """Start `dnne-ros` in an interpreter that has no torch; what is left at the end is killed."""
    started = []

    def start(*arguments):
        path = f"{repository / 'test/support/without_torch'}:{repository}"
        started.append(start_command("dnne_ros", *arguments, folder=repository, cold=True,
                                     environment={"PYTHONPATH": path}))
        return started[-1]

    yield start
    for command in started:
        command.kill()


@pytest.fixture
def example(repository):
    """Return a graph that runs a bundle on a robot."""
    return repository / "docs" / "examples" / "cartpole_onnx.json"


@pytest.mark.parametrize("brings", [
    "a bundle", pytest.param("a checkpoint", marks=pytest.mark.long)])
def test_the_policy_balances_the_plant(
        without_torch, start_plant, example, repository, request, brings):
    graph = (example,) if brings == "a bundle" else (
        repository / "config/workflows/cartpole_through_ros.json", "--inference",
        "--load-checkpoint-dir", request.getfixturevalue("trained"))
    plant = start_plant(SECONDS)
    run = without_torch("run", *graph, "--peer-timeout", "1h")
    run.until(lambda: plant.returncode is not None, "the plant's end")
    run.interrupt()
    assert run.wait() == 130, run.output
    assert plant.returncode == 0, plant.said() + run.output
    result = json.loads(plant.output)
    assert result["angle"] < 0.3 and result["actions"] > 0, result
    assert result["sizes"] == [1] and result["last_command"] == [0.0]


def test_what_trains_is_refused_with_the_nodes_that_need_torch(without_torch, cartpole):
    for words in (("check", cartpole), ("run", cartpole, "--quiet")):
        refused = without_torch(*words)
        assert refused.wait() == 2 and "Traceback" not in refused.output
        assert ("3 of 7 nodes need torch, which is not installed (pip install 'dnne_ros[train]'): "
                "1 'Cartpole environments' (IsaacGymEnvNode), 4 'Step' (IsaacGymStepNode), 6 "
                "'Trainer' (PPOTrainerNode)") in refused.output


@pytest.mark.parametrize("setting, expected", [
    ("1.names=cart_to_pole,slider_to_cart",
     'joints: expected ["slider_to_cart", "cart_to_pole"] as in training'),
    ("1.order=fields", 'observations: expected ["slider_to_cart.position"'),
    ("1.rate=30", "rate_hz: expected 60.0 as in training, found 30.0 in this graph"),
    ("3.control_type=velocity", 'actions: expected ["slider_to_cart.effort"] as in training')])
def test_a_robot_that_is_another_one_is_refused(
        start_run, example, repository, setting, expected):
    run = start_run(example, "--quiet", "--set", setting, "--set",
                    f"2.bundle={repository / 'docs/examples/cartpole_policy'}")
    assert run.wait() == 2 and "Traceback" not in run.output
    assert f"the policy of onnx_policy_2: {expected}" in run.output


def test_a_scale_behind_commands_is_one_too_many(start_run, example, repository, tmp_path):
    nodes = json.loads(example.read_text())
    nodes["2"]["inputs"]["bundle"] = str(repository / "docs/examples/cartpole_policy")
    nodes["4"] = {"class_type": "CartpoleActionNode", "inputs": {"network_output": ["2", 0]}}
    nodes["3"]["inputs"]["action"] = ["4", 0]
    (tmp_path / "twice.json").write_text(json.dumps(nodes))
    run = start_run(tmp_path / "twice.json", "--quiet")
    assert run.wait() == 2
    assert "action_scale: expected nothing as in training, found [10.0]" in run.output
