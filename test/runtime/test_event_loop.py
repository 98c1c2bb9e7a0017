"""One loop for asyncio and rclpy."""

import asyncio
import math
import os
import signal
import threading
import time

import pytest

from dnne_ros.transport.breathing import Turns


def test_coroutines_timers_and_threads_work_as_in_any_loop(ros_loop):
    async def main():
        loop = asyncio.get_running_loop()
        order = []
        loop.call_later(0.02, order.append, "later")
        loop.call_soon(order.append, "soon")
        order.append(await loop.run_in_executor(None, threading.get_ident) != 0)
        await asyncio.sleep(0.05)
        return order

    assert sorted(map(str, ros_loop.run(main()))) == ["True", "later", "soon"]


def test_another_thread_wakes_a_loop_that_waits(ros_loop):
    async def main():
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        threading.Timer(0.05, loop.call_soon_threadsafe, (woken.set_result, "woken")).start()
        return await woken

    assert ros_loop.run(main()) == "woken"


def test_a_signal_reaches_its_handler_while_the_loop_waits(ros_loop):
    async def main():
        loop = asyncio.get_running_loop()
        seen = loop.create_future()
        loop.add_signal_handler(signal.SIGINT, seen.set_result, "SIGINT")
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            return await seen
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    assert ros_loop.run(main()) == "SIGINT"


def test_file_descriptors_are_watched(ros_loop):
    read_end, write_end = os.pipe()

    async def main():
        loop = asyncio.get_running_loop()
        received = asyncio.Queue()
        loop.add_reader(read_end, lambda: received.put_nowait(os.read(read_end, 100)))
        try:
            for text in (b"one", b"two", b"three"):
                threading.Timer(0.01, os.write, (write_end, text)).start()
                assert await received.get() == text
        finally:
            loop.remove_reader(read_end)

    ros_loop.run(main())
    os.close(read_end)
    os.close(write_end)


def test_dds_is_served_while_coroutines_keep_the_loop_busy(ros_loop):
    from std_msgs.msg import Int64

    node = ros_loop.node("busy")
    received = []
    node.create_subscription(
        Int64, "numbers", lambda message: received.append(message.data), 1000)
    publisher = node.create_publisher(Int64, "numbers", 1000)

    async def main():
        await ros_loop.until(lambda: publisher.get_subscription_count() == 1)
        for number in range(500):
            publisher.publish(Int64(data=number))
        while len(received) < 500:
            await asyncio.sleep(0)  # never idle: the loop always has something ready

    ros_loop.run(main())
    assert received == list(range(500))


def test_callbacks_run_in_the_loops_own_thread(ros_loop):
    from std_msgs.msg import Int64

    node = ros_loop.node("threads")
    publisher = node.create_publisher(Int64, "thread", 10)

    async def main():
        came = asyncio.get_running_loop().create_future()
        node.create_subscription(
            Int64, "thread", lambda _: came.set_result(threading.get_ident()), 10)
        await ros_loop.until(lambda: publisher.get_subscription_count() == 1)
        publisher.publish(Int64(data=1))
        return await came

    assert ros_loop.run(main()) == threading.get_ident()


def test_files_are_seen_while_coroutines_keep_the_loop_busy(ros_loop):
    async def main():
        read_end, write_end = os.pipe()
        received = []
        asyncio.get_running_loop().add_reader(
            read_end, lambda: received.append(os.read(read_end, 1)))
        for number in range(3):
            os.write(write_end, b"x")
            until = time.monotonic() + 0.05  # longer than files count as busy
            while len(received) <= number or time.monotonic() < until:
                await asyncio.sleep(0)
        asyncio.get_running_loop().remove_reader(read_end)
        os.close(read_end)
        os.close(write_end)

    ros_loop.run(main())


def test_what_counts_for_nobody_does_not_hold_up_messages(ros_loop):
    """Wake-ups of other threads lie in the executor's queue, too."""
    from std_msgs.msg import Int64

    node = ros_loop.node("beside")
    received = []
    node.create_subscription(Int64, "numbers", received.append, 10)
    publisher = node.create_publisher(Int64, "numbers", 10)

    async def main():
        await ros_loop.until(lambda: publisher.get_subscription_count() == 1)
        for _ in range(5000):
            ros_loop.loop.call_soon_threadsafe(int)
        publisher.publish(Int64(data=1))
        while not received:
            await asyncio.sleep(0)

    ros_loop.run(main())


@pytest.mark.parametrize("change, is_wanted", [
    (lambda loop: None, False),
    (lambda loop: loop.call_later(100.0, print), False),
    (lambda loop: loop.call_soon(time.time), True),
    (lambda loop: loop.call_at(0.0, time.time), True),
    (lambda loop: loop.ros.in_a_while(time.time), True),
    (lambda loop: loop.ros.before_wait(time.time), True),
    (lambda loop: setattr(loop.ros, "_next_look", 0.0), True)],
    ids=["nothing", "a timer", "ready", "a timer that is due", "in a while", "before it waits",
         "a look at DDS"])
def test_it_says_whether_anything_waits_for_its_turn(ros_loop, change, is_wanted):
    async def main():
        loop = asyncio.get_running_loop()
        loop.ros._next_look = math.inf
        change(loop)
        return Turns.are_wanted()

    assert ros_loop.run(main()) == is_wanted


@pytest.mark.parametrize(("late", "is_wanted"), [(0.005, False), (0.5, True)])
def test_who_is_patient_goes_on_past_a_look_at_dds_until_it_is_twice_as_late(
        ros_loop, late, is_wanted):
    async def main():
        loop = asyncio.get_running_loop()
        loop.ros._put_off, loop.ros._next_look = 0.1, loop.time() - late
        return Turns.are_wanted(), Turns.are_wanted(patient=True)

    assert ros_loop.run(main()) == (True, is_wanted)


def test_another_loop_is_to_turn_whenever_it_may(ros_loop):
    async def nothing():
        pass

    ros_loop.run(nothing())
    assert Turns.are_wanted()
