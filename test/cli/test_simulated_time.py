"""What a simulator in a graph says to RViz and to nodes that live in simulated time."""

import asyncio
import json
from itertools import pairwise

import psutil
import pytest
from drawing import can_draw
from kept_topics import from_the_first, kept
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray, String

from dnne_ros.sim import cartpole as task

STEP = "/cartpole_ppo/isaac_gym_step_4"
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


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
                                and (heard["image"] or not camera)), run)
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


COMPILER = '''\
import importlib.util
import os

from dnne_ros import Input, Node, Tensor

WISH, DONE = {wish!r}, {done!r}


def bring_the_compiler():
    """Import what compiles, with an LLVM of its own where there is Triton."""
    import torch._dynamo
    if importlib.util.find_spec("triton") is not None:
        import triton
    open(DONE, "w").close()


class CompilerNode(Node):
    """Import it when it is asked for: at once, or when a file is there."""

    values = Input(Tensor("float32"), "Numbers.")

    async def process(self):
        while True:
            await self.get_input("values")
            if not os.path.exists(DONE) and os.path.exists(WISH):
                bring_the_compiler()


if os.path.exists(WISH):
    bring_the_compiler()
'''


@pytest.mark.parametrize("before", [
    pytest.param(True, id="before the camera"),
    pytest.param(False, id="after a picture", marks=pytest.mark.long)])
def test_training_with_a_camera_beside_a_compiler(ros_loop, start_run, repository, tmp_path,
                                                  before):
    """Mesa's LLVM and Triton's would crash in one process, where there is Triton."""
    if not can_draw():
        pytest.skip("nothing can be drawn here")
    nodes = json.loads((repository / "docs/examples/cartpole_low_pass.json").read_text())
    del nodes["8"]
    nodes["4"]["inputs"].update(actions=["5", 0], camera="64x48@20")
    nodes["9"] = {"class_type": "CompilerNode", "inputs": {"values": ["4", 0]}}
    workflow, own, wish, done = (tmp_path / name for name in (
        "camera.json", "compiler.py", "wish", "done"))
    workflow.write_text(json.dumps(nodes))
    own.write_text(COMPILER.format(wish=str(wish), done=str(done)))
    if before:
        wish.touch()
    run = start_run(workflow, "--nodes", own)
    pictures = []
    ros_loop.node("watcher").create_subscription(
        Image, "/camera/isaac_gym_step_4/image_raw", pictures.append, 10)
    ros_loop.run(ros_loop.until(lambda: pictures), run)
    wish.touch()
    ros_loop.run(ros_loop.until(done.exists), run)
    seen = len(pictures)
    ros_loop.run(ros_loop.until(lambda: len(pictures) > seen + 2), run)
    run.until_progress()
    run.interrupt()
    assert run.wait() == 130, run.output


def test_a_killed_drawing_process_is_told_and_there_are_pictures_again(ros_loop, start_run,
                                                                       cartpole):
    if not can_draw():
        pytest.skip("nothing can be drawn here")
    run = start_run(cartpole, "--set", "4.camera=64x48@20")
    pictures = []
    ros_loop.node("watcher").create_subscription(
        Image, f"{STEP}/image_raw", pictures.append, 10)
    ros_loop.run(ros_loop.until(lambda: pictures), run)
    [drawing] = [process for process in map(psutil.Process, run.family()[1:])
                 if any("drawing_worker" in word for word in process.cmdline())]
    drawing.kill()
    run.until(lambda: "was killed by SIGKILL" in run.output, "what became of the pictures")
    seen = len(pictures)
    ros_loop.run(ros_loop.until(lambda: len(pictures) > seen), run)
    run.until(lambda: "there are pictures again" in run.output, "what became of the pictures")
    run.interrupt()
    assert run.wait() == 130, run.output


def test_a_camera_that_makes_no_sense_is_refused(command, cartpole):
    done = command("run", cartpole, "--set", "4.camera=big")
    assert done.returncode == 2
    assert "widget 'camera': expected <width>x<height>@<rate>" in done.stderr
    assert "Traceback" not in done.stderr


READINGS = {
    "1": {"class_type": "IMUSensor", "inputs": {"sample_rate": 10.0}},
    "2": {"class_type": "RosPublisher", "inputs": {
        "value": ["1", 0], "topic": "/readings",
        "message_type": "std_msgs/msg/Float64MultiArray", "field": "data"}},
}


@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_rate_follows_a_clock_that_stands_and_jumps(ros_loop, start_run, tmp_path, place):
    """Ten readings a second: one for each tick of a tenth, whatever the clock does in between."""
    workflow = tmp_path / "readings.json"
    workflow.write_text(json.dumps(READINGS))
    run = start_run(workflow, "--place", place, *kept("/readings"), "-p", "use_sim_time:=true")
    node, readings = ros_loop.node("simulator"), []
    node.create_subscription(Float64MultiArray, "/readings", readings.append, from_the_first())
    clock = node.create_publisher(Clock, "/clock", 100)

    async def tick(tenth):
        """Show a time, again and again as a simulator does, until there is a reading more."""
        before = len(readings)
        while len(readings) == before:
            clock.publish(Clock(clock=Time(nanoseconds=tenth * 100_000_000).to_msg()))
            await asyncio.sleep(0.02)

    async def main():
        await tick(1_000)
        await tick(1_001)
        begin = len(readings)
        for tenth in range(1_002, 1_010):
            await tick(tenth)
        for _ in range(20):  # it stands, though it is heard
            clock.publish(Clock(clock=Time(nanoseconds=100_900_000_000).to_msg()))
            await asyncio.sleep(0.02)
        assert len(readings) == begin + 8
        for tenth in (10, 11, 12, 40_000, 40_001, 40_002):  # the simulator begins anew; an hour on
            await tick(tenth)
        assert len(readings) - begin - 8 <= 6 + 2  # what is late is made up for once, at most

    ros_loop.run(main(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
