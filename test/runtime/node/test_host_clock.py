"""A node's time: the machine's, or that of ``/clock``."""

import asyncio
import time

import pytest
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from dnne_ros.runtime.node.host_clock import HostClock

SECOND = 1_000_000_000


@pytest.fixture
def host(ros_loop):
    return ros_loop.node("host")


@pytest.fixture
def clock(host):
    return HostClock(host)


@pytest.fixture
def tick(ros_loop, host):
    """Publish simulated time until the host's clock shows it."""
    publisher = ros_loop.node("simulator").create_publisher(Clock, "/clock", 10)

    async def at(seconds):
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(round(seconds * SECOND), SECOND)
        await ros_loop.until(publisher.get_subscription_count)
        publisher.publish(message)
        await ros_loop.until(lambda: host.get_clock().now().nanoseconds
                             == round(seconds * SECOND))
    return at


def simulate(host, value=True):
    host.set_parameters([Parameter("use_sim_time", value=value)])


def test_time_is_the_machines_own_by_default(ros_loop, clock):
    assert not clock.simulated
    before = time.monotonic_ns()
    ros_loop.run(clock.sleep_until(before + 20_000_000))
    assert before + 20_000_000 <= time.monotonic_ns()
    assert before < clock.now_ns() <= time.monotonic_ns()


def test_use_sim_time_waits_for_the_simulator(ros_loop, host, clock, tick):
    simulate(host)

    async def main():
        await tick(10.0)
        assert clock.simulated
        assert clock.now_ns() == 10 * SECOND
        sleeping = asyncio.ensure_future(clock.sleep_until(12 * SECOND))
        await tick(11.9)
        await asyncio.sleep(0)
        assert not sleeping.done()
        await tick(12.5)
        await sleeping
        await clock.sleep_until(12 * SECOND)  # is over already

    ros_loop.run(main())


def test_a_simulator_that_starts_again_wakes_the_sleepers(ros_loop, host, clock, tick):
    simulate(host)

    async def main():
        await tick(100.0)
        sleeping = asyncio.ensure_future(clock.sleep_until(200 * SECOND))
        await asyncio.sleep(0)
        await tick(1.0)
        await sleeping

    ros_loop.run(main())


def test_switching_to_real_time_wakes_the_sleepers(ros_loop, host, clock, tick):
    simulate(host)

    async def main():
        await tick(100.0)
        sleeping = asyncio.ensure_future(clock.sleep_until(200 * SECOND))
        await asyncio.sleep(0)
        simulate(host, False)
        await sleeping
        assert not clock.simulated

    ros_loop.run(main())
