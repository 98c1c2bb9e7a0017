import asyncio

import pytest
from geometry_msgs.msg import PointStamped
from sensor_msgs.msg import CameraInfo, Image, Imu, LaserScan
from std_msgs.msg import Header

from dnne_ros.errors import InputError
from dnne_ros.node_api.own_ports import type_with_ports
from dnne_ros.nodes.ros.synced_subscribers import SyncedSubscribersNode

SCAN_AND_IMU = ("scan: /scan sensor_msgs/msg/LaserScan, imu: /imu sensor_msgs/msg/Imu")


def header(milliseconds):
    made = Header()
    made.stamp.sec, made.stamp.nanosec = divmod(milliseconds * 1_000_000, 1_000_000_000)
    return made


def scan(milliseconds, *ranges):
    return "/scan", LaserScan(header=header(milliseconds), ranges=list(ranges))


def imu(milliseconds, turn=0.0):
    message = Imu(header=header(milliseconds))
    message.angular_velocity.z = turn
    return "/imu", message


@pytest.fixture
def hear(drive):
    """Let messages come on topics, in order, until ``count`` sets have been given."""
    def call(*messages, outputs, count=1, **values):
        async def script(context):
            for topic, message in messages:
                context.topics.deliver(message, topic=topic)
            await context.sends((2 + len(outputs)) * count)

        source = SyncedSubscribersNode(values)
        return drive(type_with_ports(SyncedSubscribersNode, source.values)(values), script,
                     linked=[], outputs=outputs)
    return call


def test_what_was_measured_at_the_same_time(hear):
    context = hear(imu(0, 0.0), scan(11, 1.0), imu(10, 0.1), imu(20, 0.2), imu(30, 0.3),
                   scan(32, 2.0), imu(40, 0.4), imu(50, 0.5),
                   topics=SCAN_AND_IMU, keep=10, count=2,
                   outputs=["scan_ranges", "imu_angular_velocity"])
    turns = [round(float(each[0, 2]), 6) for each in context.outputs("imu_angular_velocity")]
    assert turns == [0.1, 0.3]
    assert [each.tolist() for each in context.outputs("scan_ranges")] == [[[1.0]], [[2.0]]]
    assert context.outputs("stamp") == [11_000_000, 32_000_000]
    assert context.outputs("spread") == pytest.approx([0.001, 0.002])
    values = context.health.values
    assert (values["sets"], values["used"], values["skipped"]) == (2, 2, 0)
    assert (values["imu_dropped"], values["scan_dropped"]) == (2, 0)


def test_equal_stamps(hear):
    picture = Image(header=header(20), height=1, width=1, step=1, encoding="mono8", data=b"\x05")
    context = hear(("/image_raw", picture), ("/camera_info", CameraInfo(header=header(10))),
                   ("/camera_info", CameraInfo(header=header(20), width=7)), method="exact",
                   outputs=["image_image", "info_size"])
    assert context.outputs("image_image")[0].tolist() == [[5]]
    assert context.outputs("info_size")[0].tolist() == [[0, 7]]
    assert context.outputs("spread") == [0.0]
    assert context.health.values["info_dropped"] == 1


def test_messages_of_any_type_with_a_stamp(hear):
    point = PointStamped(header=header(5))
    point.point.x = 3.0
    context = hear(("/a", point), ("/b", point), method="exact", outputs=["b_message"],
                   topics="a: /a geometry_msgs/msg/PointStamped, "
                   "b: /b geometry_msgs/PointStamped")
    assert context.outputs("b_message")[0]["point"] == {"x": 3.0, "y": 0.0, "z": 0.0}


def test_each_topic_in_the_frame_that_is_wanted(drive):
    async def script(context):
        context.frames.put("base", "imu", rotation=(0.0, 0.0, 0.5**0.5, 0.5**0.5))
        for (topic, message), frame in ((scan(5, 1.0), "base"), (imu(5, 0.0), "imu")):
            message.header.frame_id = frame
            context.topics.deliver(message, topic=topic)
        await context.sends(4)

    values = {"topics": SCAN_AND_IMU, "method": "exact", "frame": "base"}
    node_type = type_with_ports(SyncedSubscribersNode, SyncedSubscribersNode(values).values)
    context = drive(node_type(values), script, linked=[], outputs=["scan_points",
                                                                   "imu_orientation"])
    assert context.outputs("scan_points")[0].tolist() == [[[1, 0, 0]]]
    assert context.frames.asked == [("base", "imu", 5_000_000, 0.1)]


def test_the_newest_set_counts(hear):
    sets = [message for at in (0, 10, 20) for message in (scan(at, float(at)), imu(at))]
    context = hear(*sets, topics=SCAN_AND_IMU, method="exact", outputs=["scan_ranges"])
    assert context.outputs("scan_ranges")[0].tolist() == [[20.0]]
    assert context.health.values["skipped"] == 2


def test_sets_that_do_not_come(drive):
    async def script(context):
        context.topics.deliver(scan(0, 1.0)[1], topic="/scan")
        while not context.log.lines:
            await asyncio.sleep(0.001)

    values = {"topics": SCAN_AND_IMU, "timeout": 0.01}
    node_type = type_with_ports(SyncedSubscribersNode, SyncedSubscribersNode(values).values)
    context = drive(node_type(values), script, linked=[], outputs=[])
    assert context.log.lines == [
        ("warning", "no set of messages for 0.01 s; so far have come 1 of /scan, 0 of /imu")]


def test_a_message_that_cannot_be_read_takes_its_set_along(hear):
    broken = Image(header=header(5), height=2, width=1, step=1, encoding="mono8", data=b"\x05")
    info = ("/camera_info", CameraInfo(header=header(5)))
    good = Image(header=header(6), height=1, width=1, step=1, encoding="mono8", data=b"\x05")
    context = hear(("/image_raw", broken), info, ("/image_raw", good),
                   ("/camera_info", CameraInfo(header=header(6))), method="exact", keep=2,
                   outputs=["image_image"])
    assert context.log.lines[0][1].startswith("dropped a set: an image of 1×2 mono8 needs rows")
    assert context.health.values["used"] == 1


@pytest.mark.parametrize("topics, expected", [
    ("scan /scan", "widget 'topics': expected NAME: TOPIC TYPE such as scan: /scan sensor_msgs"),
    ("scan: /scan sensor_msgs/msg/LaserScan", "expected two topics or more"),
    ("a: /a sensor_msgs/msg/Imu, a: /b sensor_msgs/msg/Imu", "found a, a"),
    ("a: /a sensor_msgs/msg/Imu, b: /b geometry_msgs/msg/Twist", "has no header with a stamp"),
    ("a: /a sensor_msgs/msg/Imu, b: /b arm_msgs/msg/State", "arm_msgs is not installed"),
    ("a: /a sensor_msgs/msg/Imu, b: b* sensor_msgs/msg/Imu", "expected a ROS name"),
])
def test_what_makes_no_sense_is_said_before_the_run(topics, expected):
    node = SyncedSubscribersNode({"topics": topics})
    assert expected in node.validate_parameters(node.values)[0]


def test_topics_without_a_name_make_no_ports():
    node = SyncedSubscribersNode({"topics": "scan"})
    with pytest.raises(InputError, match="expected NAME: TOPIC TYPE"):
        type_with_ports(SyncedSubscribersNode, node.values)
