"""The trained policy on a robot by way of a gate, in real processes."""

import json

import pytest

SECONDS = 2


@pytest.mark.slow
@pytest.mark.parametrize("place", [pytest.param("fused", marks=pytest.mark.long), "split"])
def test_an_unplugged_robot_is_made_safe_and_faded_in_again(
        start_run, start_plant, repository, trained, place):
    plant = start_plant(SECONDS, "unplug")
    run = start_run(repository / "config" / "workflows" / "cartpole_gated.json", "--inference",
                    "--place", place, "--load-checkpoint-dir", trained)
    run.until(lambda: plant.returncode is not None, "the plant's end")
    run.interrupt()
    assert run.wait() == 130, run.output
    assert plant.returncode == 0, plant.said() + run.output
    result = json.loads(plant.output)
    assert set(map(tuple, result["while_safe"])) == {(0.0,)}  # nothing but the safe command
    assert result["angle"] < 0.3, result  # it balances again
    assert result["last_command"] == [0.0]
    assert "safe: no " in run.output and "actions count" in run.output


def test_what_cannot_be_is_said_before_the_run(command, repository):
    done = command("check", repository / "config" / "workflows" / "cartpole_gated.json",
                   "--set", "12.max_velocity=-1", "--set", "12.safe_command=[50]")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "node 12 'Gate' (PolicyGate): widget 'max_velocity': expected a number of at least 0" \
        in done.stderr
    assert "widget 'safe_command': [50] is beyond joint_limits" in done.stderr


@pytest.mark.parametrize("bundle", ["docs/examples/cartpole_policy",
                                    "config/workflows/cartpole_leapp"])
def test_a_stop_may_let_the_policy_begin_anew(command, repository, tmp_path, bundle):
    """The gate's word closes a loop, for whose first item nobody waits."""
    is_leapp = "leapp" in bundle
    graph = {
        "1": {"class_type": "RosSubscriber", "inputs": {
            "topic": "/joint_states", "field": "position,velocity", "rate": 60.0,
            "names": "slider_to_cart,cart_to_pole", "order": "elements"}},
        "2": {"class_type": "LeappPolicy" if is_leapp else "OnnxPolicy", "inputs": {
            "bundle": str(repository / bundle), "observations": ["1", 0], "reset": ["3", 1],
            **({"ports": "tensors"} if is_leapp else {})}},
        "3": {"class_type": "PolicyGate", "inputs": {
            "action": ["2", 0], "joint_names": "slider_to_cart", "control_type": "effort"}}}
    (tmp_path / "gated.json").write_text(json.dumps(graph))
    done = command("check", tmp_path / "gated.json")
    assert done.returncode == 0, done.stderr
    assert "policy_gate_3/restart → " in done.stdout
