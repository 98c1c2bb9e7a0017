"""The trained policy on a robot by way of RosSubscriber and RobotController, in real processes."""

import json

import pytest

SECONDS = 2


@pytest.fixture(scope="session")
def through_ros(repository):
    return repository / "config" / "workflows" / "cartpole_through_ros.json"


@pytest.mark.parametrize("place", ["fused", pytest.param("split", marks=pytest.mark.long)])
def test_an_unplugged_robot_is_made_safe_and_taken_up_again(
        start_run, start_plant, through_ros, trained, place):
    plant = start_plant(SECONDS, "unplug")
    run = start_run(through_ros, "--inference", "--place", place, "--load-checkpoint-dir",
                    trained)
    run.until(lambda: plant.returncode is not None, "the plant's end")
    run.interrupt()
    assert run.wait() == 130, run.output
    assert plant.returncode == 0, plant.said() + run.output
    result = json.loads(plant.output)
    # The safe command came while the plug was out, and nothing else after it.
    assert result["while_safe"], result
    assert set(map(tuple, result["while_safe"])) == {(0.0,)}
    assert result["angle"] < 0.3, result  # it balances again
    assert result["sizes"] == [1] and result["last_command"] == [0.0]
    assert "no message on /joint_states for 0.1 s" in run.output
    assert "no action for 0.1 s: the safe command is sent" in run.output
    assert "actions are back" in run.output
    assert "dropped a message on /joint_states: 1 elements of position, and 2 names" in run.output


def test_a_policy_that_was_trained_otherwise_is_refused(start_run, through_ros, trained):
    run = start_run(through_ros, "--inference", "--load-checkpoint-dir", trained, "--quiet",
                    "--set", "10.names=cart_to_pole,slider_to_cart", "--set", "10.rate=30",
                    "--set", "11.control_type=velocity")
    assert run.wait() == 2
    for difference in ('joints: expected ["slider_to_cart", "cart_to_pole"]', "rate_hz: expected "
                       "60.0", 'actions: expected ["slider_to_cart.effort"] as in training, found '
                       '["slider_to_cart.velocity"]'):
        assert difference in run.output


def test_what_cannot_be_is_said_before_the_run(command, through_ros):
    settings = {
        "10.field=position,speed": "has no 'speed'. Its fields are: header (std_msgs/Header), "
        "name (sequence<string>), position",
        "10.topic=joint states": "widget 'topic': expected a ROS name such as /joint_states",
        "11.joint_limits=[10, -10]": "widget 'joint_limits': expected [low, high]"}
    done = command("check", through_ros,
                   *(word for setting in settings for word in ("--set", setting)))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    for expected in settings.values():
        assert expected in done.stderr
    assert "cartpole_through_ros.json: 3 problems" in done.stderr
    assert "node 10 'Joint states' (RosSubscriberNode)" in done.stderr


def test_a_message_type_that_is_not_installed(command, through_ros):
    done = command("run", through_ros, "--set", "10.message_type=antigravity/msg/Fly", "--quiet")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "the package antigravity is not installed; message packages here: " in done.stderr
