"""A LEAPP bundle between a robot's topics, in a real graph; and what commands say of one."""

import json

import pytest
from handmade_bundles import LEG, write, write_leg

NODE = "/leg/leapp_policy_1"


@pytest.fixture
def workflow(tmp_path):
    """Return a workflow of nothing but a policy, with its bundle beside it."""
    (tmp_path / "bundle").mkdir()
    write_leg(tmp_path / "bundle")
    path = tmp_path / "leg.json"
    path.write_text(json.dumps({"1": {
        "class_type": "LeappPolicy", "_meta": {"title": "Leg"},
        "inputs": {"bundle": "bundle", "timeout": 60.0}}}))
    return path


class Robot:
    """Publishes joint states and asks for resets, and hears commands."""

    def __init__(self, ros_loop):
        from sensor_msgs.msg import JointState
        from std_msgs.msg import Bool

        self.commands = []
        node = ros_loop.node("robot")
        self.states = node.create_publisher(JointState, f"{NODE}/joint_states", 10)
        self.reset = node.create_publisher(Bool, f"{NODE}/reset", 10)
        node.create_subscription(JointState, f"{NODE}/joint_commands", self.commands.append, 10)

    def is_connected(self):
        return self.states.get_subscription_count() and self.reset.get_subscription_count()

    def say(self, **position):
        self.states.publish(self.states.msg_type(
            name=list(position), position=list(position.values())))

    def was_told(self, *position):
        return any(tuple(command.position) == position for command in self.commands)


def test_it_acts_on_joint_states_and_begins_anew_when_told(start_run, ros_loop, workflow):
    robot = Robot(ros_loop)
    run = start_run(workflow, "--quiet")
    ros_loop.run(ros_loop.until(robot.is_connected), run)

    def commands():
        robot.say(knee=2.0, gripper=7.0, hip=1.0)
        return robot.commands

    def commands_from_the_start():
        # Again and again: a state of before may be on its way still when the policy is told.
        robot.reset.publish(robot.reset.msg_type(data=True))
        robot.say(knee=-5.0, hip=-3.0)
        return robot.was_told(-3.0, -5.0)

    ros_loop.run(ros_loop.until(commands), run)
    assert robot.commands[0].name == ["hip", "knee"]
    hip, knee = robot.commands[0].position
    assert knee == 2.0 * hip > 0.0
    ros_loop.run(ros_loop.until(commands_from_the_start), run)
    run.interrupt()
    assert run.wait() == 130, run.output


def test_what_is_wrong_with_bundles_is_said_at_once(command, workflow, tmp_path):
    (tmp_path / "other").mkdir()
    document = json.loads(json.dumps(LEG))
    document["models"]["leg"]["inputs"][0]["dtype"] = "float"
    document["models"]["leg"]["parameters"]["sha256sum"] = "0"
    write_leg(tmp_path / "other")
    write(tmp_path / "other", document)
    graph = json.loads(workflow.read_text())
    graph["2"] = {"class_type": "LeappPolicy", "inputs": {"bundle": "other"}}
    graph["3"] = {"class_type": "LeappPolicy", "inputs": {"bundle": "nowhere.yaml"}}
    graph["4"] = {"class_type": "LeappPolicy", "inputs": {}}
    workflow.write_text(json.dumps(graph))
    for verb in ("check", "run"):
        done = command(verb, workflow)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        assert "leg.json: 4 problems" in done.stderr, done.stderr
        for said in ("node 2 (LeappPolicy): widget 'bundle': ", "dtype: expected one of float32",
                     "sum.onnx is not the file that was exported",
                     "node 3 (LeappPolicy): widget 'bundle': nowhere.yaml: cannot read",
                     "node 4 (LeappPolicy): widget 'bundle': nothing is given"):
            assert said in done.stderr


def test_a_parameter_cannot_change_the_ports(command, workflow, parameter_file):
    file = parameter_file("/**/leapp_policy_1:\n  ros__parameters:\n    ports: tensors\n")
    done = command("run", workflow, "--ros-args", "--params-file", file)
    assert done.returncode == 2
    assert ("bundle, ports: expected a value with which its inputs are reset (BOOLEAN), "
            "joint_states (JOINT_STATE)") in done.stderr


def test_the_ports_of_a_bundle_are_listed(command, workflow):
    done = command("nodes", "LeappPolicy", "--set", f"bundle={workflow.parent / 'bundle'}")
    assert "joint_states: JOINT_STATE  The robot's joints" in done.stdout
    assert "target: ACTION (env, action) float32  target/joint/position" in done.stdout
    assert "its other ports follow from bundle, ports: see --set" in command(
        "nodes", "LeappPolicy").stdout
    wrong = command("nodes", "LeappPolicy", "--set", "bundle=nowhere", "--set", "legs=2")
    assert wrong.returncode == 2
    assert "--set legs=2: no such widget; there are bundle, ports" in wrong.stderr
