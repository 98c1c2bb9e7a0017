"""The bus of a run on DDS, where everybody may publish."""

import json

import pytest
from std_msgs.msg import String, UInt8MultiArray

from dnne_ros.runtime.coordination.bus import Delivery
from dnne_ros.runtime.coordination.ros_bus import RosBus
from dnne_ros.runtime.coordination.run_channel import ProcessGroup, RunChannel

KEY = b"known to this run alone"


@pytest.mark.parametrize("text", [True, False])
def test_only_who_has_the_key_is_heard(ros_loop, text):
    delivery = Delivery(reliable=True, kept=0, queue=10, text=text)
    heard = []
    RosBus(ros_loop.node("hearer"), KEY).subscribe("said", delivery, heard.append)
    publishers = [RosBus(ros_loop.node(f"sayer{number}"), key).publisher("said", delivery)
                  for number, key in enumerate((b"", b"guessed", KEY))]
    plain = ros_loop.node("stranger").create_publisher(
        String if text else UInt8MultiArray, "said", 10)

    async def main():
        await ros_loop.until(lambda: all(
            each.get_subscription_count() for each in
            [plain, *(publisher._publisher for publisher in publishers)]))
        for word in ("", "over", "0" * 32 + " over", "zz over"):
            plain.publish(String(data=word) if text else UInt8MultiArray(data=word.encode()))
        for number, publisher in enumerate(publishers):
            publisher.publish(f"over {number} ö".encode())
        await ros_loop.until(lambda: heard)

    ros_loop.run(main())
    assert heard == ["over 2 ö".encode()]


def test_a_run_is_ended_by_nobody_who_knows_its_name_and_number_alone(ros_loop):
    delivery = Delivery(reliable=True, kept=0, queue=10)
    told = []
    RunChannel(RosBus(ros_loop.node("hearer"), KEY), "_run", delivery,
               ProcessGroup("a", ("b",), "a", "7"),
               lambda sender, content: told.append(content["say"]), told.append)
    stranger = ros_loop.node("stranger").create_publisher(String, "_run", 10)
    other = RunChannel(RosBus(ros_loop.node("other"), KEY), "_run", delivery,
                       ProcessGroup("b", ("a",), "a", "7"), lambda *_: None, told.append)

    async def main():
        await ros_loop.until(lambda: stranger.get_subscription_count() > 1)
        stranger.publish(String(data=json.dumps(
            {"run": "7", "process": "b", "say": "over", "reason": "failed"})))
        other.say("stopping")
        await ros_loop.until(lambda: told)

    ros_loop.run(main())
    assert told == ["stopping"]
