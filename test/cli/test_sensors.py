"""Sensors, and frames of tf2, in whole runs."""

import json
from itertools import count

import pytest
from sensor_msgs.msg import Imu, LaserScan, PointCloud2

from dnne_ros.messages.sensors.converter import Options
from dnne_ros.messages.sensors.table import CONVERTERS


def points_of(cloud):
    return CONVERTERS["sensor_msgs/msg/PointCloud2"].reader(Options(), ["points"])(cloud)["points"]


@pytest.fixture
def scan(ros_loop):
    """Publish a scan again and again until its points come back; return the cloud."""
    def call(run, topic):
        node, clouds = ros_loop.node("laser"), []
        node.create_subscription(PointCloud2, topic, clouds.append, 10)
        publisher = node.create_publisher(LaserScan, "/scan", 10)
        message = LaserScan(ranges=[1.0, float("inf"), 2.0], range_max=5.0,
                            angle_increment=3.14159265 / 4)
        message.header.frame_id, message.header.stamp.sec = "laser", 7
        node.create_timer(0.02, lambda: publisher.publish(message))

        async def hear():
            await ros_loop.until(lambda: clouds)

        ros_loop.run(hear(), run)
        return clouds[0]
    return call


@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_scan_as_points(scan, start_run, repository, place):
    run = start_run(repository / "docs" / "examples" / "scan_points.json", "--place", place)
    cloud = scan(run, "/scan_points")
    assert points_of(cloud).ravel().tolist() == pytest.approx([1, 0, 0, 0, 2, 0], abs=1e-6)
    assert (cloud.header.frame_id, cloud.header.stamp.sec) == ("laser", 7)


def test_a_scan_and_what_the_imu_said_with_it(ros_loop, start_run, repository):
    """Each 100 ms a scan, and 10 ms later an Imu: sets have the stamp of the Imu."""
    run = start_run(repository / "docs" / "examples" / "scan_and_imu.json")
    node, clouds, times = ros_loop.node("robot"), [], count(1)
    node.create_subscription(PointCloud2, "/synced_points", clouds.append, 10)
    scans = node.create_publisher(LaserScan, "/scan", 10)
    turns = node.create_publisher(Imu, "/imu", 10)

    def publish():
        scan, turn = LaserScan(ranges=[1.0], range_max=5.0), Imu()
        seconds, tenth = divmod(next(times), 10)
        for message, milliseconds in ((scan, 100 * tenth), (turn, 100 * tenth + 10)):
            message.header.stamp.sec = seconds
            message.header.stamp.nanosec = milliseconds * 1_000_000
        scans.publish(scan)
        turns.publish(turn)

    node.create_timer(0.02, publish)

    async def hear():
        await ros_loop.until(lambda: len(clouds) >= 3)

    ros_loop.run(hear(), run)
    stamps = [1000 * each.header.stamp.sec + each.header.stamp.nanosec // 1_000_000
              for each in clouds]
    assert {each % 100 for each in stamps} == {10} and stamps == sorted(set(stamps))
    assert points_of(clouds[0]).tolist() == [[1, 0, 0]]


@pytest.fixture
def tf2():
    """Skip where tf2 is not installed."""
    for module in ("tf2_py", "tf2_msgs.msg"):
        pytest.importorskip(module, reason="needs tf2: apt install ros-$ROS_DISTRO-tf2-ros-py")


@pytest.fixture
def listening(tmp_path):
    """Write a graph that looks for a frame that nobody broadcasts."""
    path = tmp_path / "listens.json"
    path.write_text(json.dumps({
        "1": {"class_type": "TransformListener", "_meta": {"title": "Where"}, "inputs": {
            "target": "map", "source": "base", "when_missing": "fail"}},
        "2": {"class_type": "Display", "inputs": {"value": ["1", 0]}}}))
    return path


def test_points_in_another_frame(scan, start_run, repository, tf2):
    run = start_run(repository / "docs" / "examples" / "frames.json")
    points = points_of(scan(run, "/base_points"))
    assert points.ravel().tolist() == pytest.approx([1.2, 0, 0.1, 0.2, 2, 0.1], abs=1e-6)


def test_a_frame_that_does_not_exist(start_run, listening, tf2):
    """tf2's own words, with the node's name."""
    run = start_run(listening)
    assert run.wait() == 1
    said = " ".join(run.output.split())
    assert ('/listens/transform_listener_1 (item 0): base in map: "map" passed to lookupTransform '
            "argument target_frame does not exist.") in said


def test_a_frame_where_tf2_is_missing(start_run, listening):
    """Before anything runs, with the node and what to install."""
    try:
        import tf2_py  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("tf2 is installed")
    run = start_run(listening)
    assert run.wait() == 2
    said = " ".join(run.output.split())
    assert "node 1 'Where' (TransformListenerNode): tf2: it is needed for frames" in said
    assert "tf2-ros-py; or, with its source in a workspace" in said


def test_a_type_that_is_not_there_is_refused(start_run, tmp_path):
    path = tmp_path / "sensor.json"
    path.write_text(json.dumps({
        "1": {"class_type": "SensorSubscriber", "_meta": {"title": "Eyes"},
              "inputs": {"message_type": "sensor_msgs/msg/Eyes"}}}))
    run = start_run(path)
    assert run.wait() == 2
    assert "node 1 'Eyes' (SensorSubscriber)" in run.output
    assert "expected one of geometry_msgs/msg/PoseStamped" in " ".join(run.output.split())
