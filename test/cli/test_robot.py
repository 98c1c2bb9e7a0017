"""The trained policy on a robot that knows nothing of dnne_ros: two topics, real processes."""

import json
import shutil
from dataclasses import replace

import pytest

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.manifest import MANIFEST, FileRecord

SECONDS = 8
REMAP = ("--ros-args", "-r", "joint_observations_8/joint_states:=/joint_states",
         "-r", "joint_commands_9/commands:=/effort_controller/commands")


@pytest.fixture
def robot(repository):
    """Return the workflow with the robot's nodes in the simulator's place."""
    return repository / "config" / "workflows" / "cartpole_on_robot.json"


@pytest.fixture
def changed(trained, tmp_path):
    """Return a checkpoint whose policy interface says something else, or is the bytes ``data``.

    Empty bytes: there is none.
    """
    def change(data=None, **entries):
        copy = tmp_path / "changed"
        checkpoint = Checkpoint.read(shutil.copytree(trained, copy), wanted=())
        manifest, files = checkpoint.manifest, dict(checkpoint.manifest.files)
        if data is None:
            interface = {**checkpoint.policy_interface(), **entries}
            data = json.dumps({name: value for name, value in interface.items()
                               if value is not None}).encode()
        checkpoint.policy_interface_path.write_bytes(data)
        files[manifest.policy_interface] = FileRecord.of(data)
        if not data:
            checkpoint.policy_interface_path.unlink()
            del files[manifest.policy_interface]
        (copy / MANIFEST).write_bytes(replace(manifest, files=files).encode())
        return copy
    return change


def test_training_writes_the_policy_interface_in_every_placement(
        start_run, trained, cartpole, tmp_path):
    expected = {
        "task": "Cartpole", "joints": ["slider_to_cart", "cart_to_pole"], "rate_hz": 60.0,
        "observations": ["slider_to_cart.position", "slider_to_cart.velocity",
                         "cart_to_pole.position", "cart_to_pole.velocity"],
        "observation_units": ["m", "m/s", "rad", "rad/s"],
        "actions": ["slider_to_cart.effort"], "action_units": ["N"], "action_scale": [10.0]}
    assert Checkpoint.read(trained).policy_interface() == expected
    split = start_run(cartpole, "--place", "split", "--set", "1.num_envs=8", "--set",
                      "5.max_push_effort=20", "--until-return", "1", "--quiet",
                      "--save-checkpoint-dir", tmp_path / "c")
    assert split.wait() == 0, split.output
    expected["action_scale"] = [20.0]
    assert Checkpoint.read(tmp_path / "c").policy_interface() == expected


@pytest.mark.slow
@pytest.mark.parametrize("place", [pytest.param("fused", marks=pytest.mark.long), "split"])
def test_the_policy_balances_the_plant(start_run, start_plant, robot, trained, place):
    plant = start_plant(SECONDS)
    run = start_run(robot, "--inference", "--place", place, "--load-checkpoint-dir", trained,
                    *REMAP)
    run.until(lambda: plant.returncode is not None, "the plant's end")
    run.interrupt()
    assert run.wait() == 130, run.output
    assert plant.returncode == 0, plant.said() + run.output
    result = json.loads(plant.output)
    assert result["angle"] < 0.3, result
    # Never more than one in a period of the policy's clock; the plant's own may be longer.
    assert result["actions"] <= 1.01 * result["periods"] + 1, result
    assert result["sizes"] == [1]
    # The plant has fallen silent: it must not be pushed on blindly.
    assert result["last_command"] == [0.0]
    assert "no message on joint_states for 0.1 s" in run.output
    assert "no action for 0.1 s: the safe command is sent" in run.output
    # Malformed messages in between end nothing; whether one is noted depends on when the next
    # good one replaces it (test_external_reader.py sees to that).
    external, = (edge for edge in run.report["edges"] if edge["transport"] == "external")
    assert external["name"] == "/joint_states → joint_observations_8/joint_states"
    assert external["received"] >= result["actions"] - 1  # safe commands answer nothing


@pytest.mark.parametrize("place", ["fused", "split"])
def test_the_end_of_a_run_leaves_the_plant_without_effort(
        start_run, start_plant, robot, trained, place, ros_loop):
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import JointState

    seen = set()
    ros_loop.node("listener").create_subscription(
        JointState, "/joint_states", lambda state: seen.add(tuple(state.position)),
        qos_profile_sensor_data)
    plant = start_plant(5)
    run = start_run(robot, "--inference", "--place", place, "--load-checkpoint-dir", trained,
                    "--quiet", *REMAP)
    # It stands where it began until it has heard a command itself.
    ros_loop.run(ros_loop.until(lambda: len(seen) > 10), run, plant)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert plant.wait() == 0, plant.said()
    result = json.loads(plant.output)
    assert 0 < result["commands"] < 4 * 60
    assert result["last_command"] == [0.0]


@pytest.mark.parametrize("entries, expected", [
    ({"joints": ["cart_to_pole", "slider_to_cart"]},
     'joints: expected ["cart_to_pole", "slider_to_cart"] as in training, found '
     '["slider_to_cart", "cart_to_pole"] in this graph'),
    ({"observations": ["cart_to_pole.position", "cart_to_pole.velocity",
                       "slider_to_cart.position", "slider_to_cart.velocity"]},
     'observations: expected ["cart_to_pole.position", '),
    ({"observations": ["slider_to_cart.position"]}, "observations: expected"),
    ({"actions": ["slider_to_cart.effort", "cart_to_pole.effort"]}, "actions: expected"),
    ({"action_scale": [400.0]}, "action_scale: expected [400.0] as in training, found [10.0]"),
    ({"rate_hz": 30.0}, "rate_hz: expected 30.0 as in training, found 60.0 in this graph"),
    ({"rate_hz": None}, "rate_hz: expected nothing as in training, found 60.0"),
])
def test_another_policy_interface_is_refused(start_run, robot, changed, entries, expected):
    run = start_run(robot, "--inference", "--quiet", "--load-checkpoint-dir", changed(**entries))
    assert run.wait() == 2
    assert expected in run.output and "Traceback" not in run.output


def test_all_differences_are_reported_at_once(start_run, robot, changed):
    checkpoint = changed(joints=["cart_to_pole", "slider_to_cart"], rate_hz=100, action_scale=[1])
    run = start_run(robot, "--load-checkpoint-dir", checkpoint, "--inference", "--quiet")
    assert run.wait() == 2
    [file] = checkpoint.glob("contract.*.json")
    for name in ("joints", "rate_hz", "action_scale"):
        assert f"{file}: {name}: expected" in run.output
    assert "node 8 'Joint states' (JointObservationsNode)" in run.output


@pytest.mark.parametrize("text, expected", [
    ("{", "not JSON"), ("[]", "expected an object, found list"), ("\udcff", "not JSON"),
    ("{}", "joints: expected nothing")])
def test_a_broken_policy_interface(start_run, robot, changed, text, expected):
    checkpoint = changed(text.encode("utf-8", "surrogateescape"))
    run = start_run(robot, "--inference", "--quiet", "--load-checkpoint-dir", checkpoint)
    assert run.wait() == 2
    assert expected in run.output and "Traceback" not in run.output


def test_without_a_policy_nothing_is_commanded(start_run, robot, changed):
    run = start_run(robot, "--inference", "--quiet")
    assert run.wait() == 2
    assert "--load-checkpoint-dir: expected the policy interface of a trained policy" in run.output
    checkpoint = changed(b"")
    run = start_run(robot, "--quiet", "--load-checkpoint-dir", checkpoint)
    assert run.wait() == 2
    assert "expected the policy interface of a trained policy, found none" in run.output


def test_inference_in_simulation_keeps_the_policy_interface_and_training_need_not(
        start_run, cartpole, trained):
    other = ("--set", "5.max_push_effort=20", "--quiet", "--load-checkpoint-dir", trained)
    run = start_run(cartpole, "--inference", *other)
    assert run.wait() == 2
    assert "action_scale: expected [10.0] as in training, found [20.0]" in run.output
    run = start_run(cartpole, "--until-return", "1", *other)
    assert run.wait() == 0, run.output


def test_check_names_the_external_topic(command, robot):
    done = command("check", robot)
    assert done.returncode == 0, done.stderr
    assert ("topic → joint_observations_8/joint_states  [JOINT_STATE, "
            "sensor_msgs/msg/JointState, external]") in done.stdout
