"""tf2's own buffer, and transforms of other nodes over DDS."""

import asyncio
import sys

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from dnne_ros.errors import InputError
from dnne_ros.node_api.ros_frames import FrameError, FrameTransform
from dnne_ros.runtime.node.ros_frames import HostFrames, ProcessFrames
from dnne_ros.runtime.node.ros_topics import HostTopics

SECOND = 1_000_000_000


@pytest.fixture
def tf2():
    """Skip where tf2 is not installed."""
    for module in ("tf2_py", "tf2_msgs.msg"):
        pytest.importorskip(module, reason="needs tf2: apt install ros-$ROS_DISTRO-tf2-ros-py")


@pytest.fixture
def frames(ros_loop, tf2):
    return make(ros_loop, "hearer")


def make(ros_loop, name, shared=None):
    node = ros_loop.node(name)
    return HostFrames(node, HostTopics(node), shared or ProcessFrames())


def where(x, stamp=0):
    return FrameTransform(np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]), stamp)


async def heard(frames, target, source, stamp=None):
    return await frames.lookup(target, source, stamp, 1e6)


def test_transforms_come_and_are_put_together(ros_loop, frames):
    frames.listen()
    moving = make(ros_loop, "mover").broadcaster(static=False)
    standing = make(ros_loop, "stander").broadcaster(static=True)
    standing("base", "camera", where(0.25))

    async def talk():
        looking = asyncio.ensure_future(heard(frames, "odom", "camera"))
        while not looking.done():
            moving("odom", "base", where(1.0, 5 * SECOND))
            await asyncio.sleep(0.01)
        return looking.result()

    found = ros_loop.run(talk())
    assert found.position.tolist() == [1.25, 0, 0] and found.rotation.tolist() == [0, 0, 0, 1]
    assert found.stamp == 5 * SECOND


def test_static_ones_are_there_for_those_who_come_late(ros_loop, tf2):
    standing = make(ros_loop, "stander").broadcaster(static=True)
    standing("base", "camera", where(0.25))
    standing("base", "laser", where(0.5))
    standing("base", "camera", where(0.75))
    late = make(ros_loop, "late")

    async def talk():
        return [await heard(late, "base", each) for each in ("laser", "camera")]

    assert [each.position[0] for each in ros_loop.run(talk())] == [0.5, 0.75]


def test_between_two_times_and_beyond(ros_loop, frames):
    frames.listen()
    moving = make(ros_loop, "mover").broadcaster(static=False)

    async def talk():
        looking = asyncio.ensure_future(heard(frames, "odom", "base", 11 * SECOND))
        while not looking.done():
            moving("odom", "base", where(1.0, 10 * SECOND))
            moving("odom", "base", where(2.0, 12 * SECOND))
            await asyncio.sleep(0.01)
        between = looking.result()
        with pytest.raises(FrameError, match="extrapolation"):
            await frames.lookup("odom", "base", 13 * SECOND, 0.0)
        # What is in the past comes no more, so that nobody waits for it.
        with pytest.raises(FrameError, match="into the past|extrapolation at time"):
            await frames.lookup("odom", "base", 9 * SECOND, 0.01)
        return between

    assert ros_loop.run(talk()).position.tolist() == [1.5, 0, 0]


def test_frames_that_do_not_exist(ros_loop, frames):
    async def talk():
        with pytest.raises(FrameError, match='"nope" passed to lookupTransform argument '
                           "target_frame does not exist"):
            await frames.lookup("nope", "base", None, 0.01)
        with pytest.raises(FrameError, match="cannot start with a '/'"):
            await frames.lookup("/map", "base", None, 1e6)

    ros_loop.run(talk())


def test_what_was_asked_for_in_vain_is_waited_for_until_it_is_there(ros_loop, frames):
    frames.listen()
    moving = make(ros_loop, "mover").broadcaster(static=False)

    async def talk():
        with pytest.raises(FrameError) as error:
            await frames.lookup("odom", "base", None, 0.0)
        assert frames.awaited == [f"waits for the frame base in odom: {error.value}"]
        looking = asyncio.ensure_future(frames.lookup("odom", "base", None, 1e6))
        while not looking.done():
            moving("odom", "base", where(1.0, 10 * SECOND))
            await asyncio.sleep(0.01)

    ros_loop.run(talk())
    assert frames.awaited == []


def test_the_nodes_of_a_process_hear_transforms_once(ros_loop, tf2):
    shared = ProcessFrames()
    first, second = make(ros_loop, "first", shared), make(ros_loop, "second", shared)
    first.listen()
    second.listen()
    topics = [[each.topic_name for each in node.subscriptions if "/tf" in each.topic_name]
              for node in ros_loop.nodes]
    assert topics == [["/tf", "/tf_static"], []]
    shared.close()


def test_without_tf2_it_says_what_to_install(ros_loop, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2_py", None)
    monkeypatch.setenv("ROS_DISTRO", "kilted")
    with pytest.raises(InputError, match="tf2: it is needed for frames, and is not installed: .*"
                       "apt install ros-kilted-tf2-ros-py; or"):
        make(ros_loop, "hearer").listen()


def test_time_that_jumps_back_begins_anew(ros_loop, tf2):
    node = ros_loop.node("hearer", parameter_overrides=[Parameter("use_sim_time", value=True)])
    frames = HostFrames(node, HostTopics(node), ProcessFrames())
    frames.listen()
    moving = make(ros_loop, "mover").broadcaster(static=False)
    clock = ros_loop.nodes[-1].create_publisher(Clock, "/clock", 10)

    async def time_is(seconds):
        while node.get_clock().now().nanoseconds != seconds * SECOND:
            clock.publish(Clock(clock=Time(sec=seconds)))
            await asyncio.sleep(0.01)

    async def talk():
        await time_is(100)
        looking = asyncio.ensure_future(heard(frames, "odom", "base"))
        while not looking.done():
            moving("odom", "base", where(1.0, 100 * SECOND))
            await asyncio.sleep(0.01)
        await time_is(5)
        with pytest.raises(FrameError):
            await frames.lookup("odom", "base", None, 0.0)

    ros_loop.run(talk())
