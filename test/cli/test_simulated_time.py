"""What a simulator in a graph says to RViz and to nodes that live in simulated time."""

from itertools import pairwise

import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String

from dnne_ros.errors import InputError
from dnne_ros.sim import cartpole as task

STEP = "/cartpole_ppo/isaac_gym_step_4"
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def can_draw():
    from dnne_ros.sim.robot_view import DrawingSurface

    try:
        DrawingSurface(8, 8).close()
    except InputError:
        return False
    return True


def seconds(stamp):
    return stamp.sec + 1e-9 * stamp.nanosec


def test_time_robot_and_pictures_are_published(ros_loop, start_run, cartpole):
    camera = can_draw()
    options = ["--set", "4.camera=64x48@20"] if camera else []
    run = start_run(
        cartpole, "--inference", "--set", "1.num_envs=3", "--set", "4.shown_env=2",
        "--set", "4.real_time_factor=3", *options, "--ros-args", "-p", "use_sim_time:=true")
    node = ros_loop.node("watcher")
    heard = {topic: [] for topic in ("/clock", "/joint_states", "/robot_description", "image")}
    for topic, message_type, name, qos in (
            ("/clock", Clock, "/clock", 100), ("/joint_states", JointState, "/joint_states", 100),
            ("/robot_description", String, "/robot_description", LATCHED),
            ("image", Image, f"{STEP}/image_raw", 10)):
        node.create_subscription(message_type, name, heard[topic].append, qos)
    ros_loop.run(ros_loop.until(lambda: len(heard["/clock"]) > 60
                                and len(heard["/joint_states"]) > 5
                                and heard["/robot_description"]
                                and (heard["image"] or not camera)))
    run.interrupt()
    assert run.wait() == 130, run.output

    assert heard["/robot_description"][0].data == task.description()
    times = [seconds(message.clock) for message in heard["/clock"]]
    steps = [round(time / task.STEP_SECONDS) for time in times]
    assert times == pytest.approx([step * task.STEP_SECONDS for step in steps], abs=1e-6)
    assert all(later > earlier for earlier, later in pairwise(steps))
    for message in heard["/joint_states"]:
        assert tuple(message.name) == task.JOINTS
        assert len(message.position) == len(message.velocity) == 2
        assert 0.0 < seconds(message.header.stamp) <= times[-1] + 1.0  # not the wall clock's
    if camera:
        picture = heard["image"][0]
        assert (picture.width, picture.height, picture.encoding) == (64, 48, "rgb8")
        assert len(set(picture.data)) > 10


def test_a_camera_that_makes_no_sense_is_refused(command, cartpole):
    done = command("run", cartpole, "--set", "4.camera=big")
    assert done.returncode == 2
    assert "widget 'camera': expected <width>x<height>@<rate>" in done.stderr
    assert "Traceback" not in done.stderr
