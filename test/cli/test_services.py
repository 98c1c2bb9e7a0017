"""Services of other ROS nodes in whole runs, in one process and split."""

import asyncio
import json

import pytest
from diagnostic_msgs.srv import SelfTest
from kept_topics import from_the_first, kept
from sensor_msgs.srv import SetCameraInfo
from std_msgs.msg import Bool, Empty, Float64MultiArray, Int64

from dnne_ros.runtime.node.ros_services import HostServices

ROWS = 100
CLIENT = "2"


@pytest.fixture
def calling(tmp_path):
    """Write a graph that calls a service for each of 100 rows, and publishes what it says."""
    (tmp_path / "rows.csv").write_text("w,h\n" + "".join(f"{row},7\n" for row in range(ROWS)))
    path = tmp_path / "calling.json"
    path.write_text(json.dumps({
        "1": {"class_type": "DataStreamer", "inputs": {"src_path": str(tmp_path / "rows.csv")}},
        CLIENT: {"class_type": "ServiceClient", "_meta": {"title": "Ask"}, "inputs": {
            "request": ["1", 0], "service": "camera/_set", "tensor_field": "success",
            "service_type": "sensor_msgs/srv/SetCameraInfo", "timeout": 3600.0,
            "field": "camera_info.width,camera_info.height"}},
        "3": {"class_type": "RosPublisher", "inputs": {"value": [CLIENT, 1], "topic": "/said"}},
        "4": {"class_type": "Display", "inputs": {"value": [CLIENT, 2]}}}))
    return path


class Camera:
    """A node that hears what the graph makes of the responses of a service that it offers."""

    def __init__(self, ros_loop):
        self.node = ros_loop.node("camera")
        self.node.create_subscription(Float64MultiArray, "/said", self.hear, from_the_first())
        self.asked, self.heard = [], []

    def answer(self, request, response):
        info = request.camera_info
        self.asked.append((info.width, info.height))
        response.success = info.width % 3 == 0
        return response

    def hear(self, message):
        self.heard += message.data


@pytest.mark.parametrize("place", ["fused", "split"])
def test_each_item_is_a_call_in_order(start_run, ros_loop, calling, place):
    camera = Camera(ros_loop)
    run = start_run(calling, "--place", place, *kept("/said"), "-r", "camera/_set:=/elsewhere")

    async def talk():
        camera.node.create_service(SetCameraInfo, "/elsewhere", camera.answer)
        await ros_loop.until(lambda: len(camera.heard) == ROWS)

    ros_loop.run(talk(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert camera.asked == [(row, 7) for row in range(ROWS)]
    assert camera.heard == [float(row % 3 == 0) for row in range(ROWS)]


@pytest.mark.parametrize("place", [pytest.param("fused", marks=pytest.mark.long), "split"])
def test_a_service_that_nobody_offers_is_late(start_run, calling, place):
    run = start_run(calling, "--place", place, "--set", f"{CLIENT}.deadline.seconds=10",
                    "--set", f"{CLIENT}.deadline.policy=stop")
    assert run.wait() == 1, run.output
    assert ("[calling.service_client_2]: has waited 5 s so far for the service "
            "/calling/camera/_set (sensor_msgs/srv/SetCameraInfo), which no node offers"
            ) in run.output
    assert "/calling/service_client_2 (item 1)" in run.output


def test_a_type_that_is_not_installed_is_said_before_the_start(command, calling):
    for words in (("check", calling), ("run", calling, "--quiet")):
        done = command(*words, "--set", f"{CLIENT}.service_type=no_srvs/srv/Ask")
        assert done.returncode == 2
        line = done.stderr.splitlines()[-1]
        assert "node 2 'Ask' (ServiceClient): widget 'service_type': service type no_srvs" in line
        assert "apt install ros-" in line and "-no-srvs; or" in line and "colcon build" in line


def test_check_says_what_would_be_called(command, calling):
    done = command("check", calling)
    assert done.returncode == 0, done.stderr
    assert ("service_client_2 calls /calling/camera/_set  [sensor_msgs/srv/SetCameraInfo]"
            in done.stdout)


SET = {"service": "/set", "service_type": "sensor_msgs/srv/SetCameraInfo", "timeout": 3600.0}


@pytest.fixture
def serving(tmp_path):
    """Write a graph that answers requests with what comes on a topic, which may be never."""
    path = tmp_path / "serving.json"
    path.write_text(json.dumps({
        "1": {"class_type": "RosSubscriber", "inputs": {
            "topic": "/answers", "message_type": "std_msgs/msg/Bool", "field": "data"}},
        "2": {"class_type": "ServiceServer", "inputs": {
            "answer": ["1", 0], "field": "success", **SET}},
        "3": {"class_type": "RosPublisher", "inputs": {
            "value": ["2", 2], "topic": "/asked", "message_type": "std_msgs/msg/Int64"}}}))
    return path


@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_graph_answers_its_own_calls(start_run, ros_loop, tmp_path, place):
    (tmp_path / "rows.csv").write_text("w\n0\n1\n")
    graph = tmp_path / "both.json"
    graph.write_text(json.dumps({
        "1": {"class_type": "DataStreamer", "inputs": {
            "src_path": str(tmp_path / "rows.csv"), "loop_data": True, "sync_mode": "timed"}},
        "2": {"class_type": "ServiceClient", "inputs": {
            "request": ["1", 0], "field": "camera_info.width", "tensor_field": "success", **SET}},
        "3": {"class_type": "RosPublisher", "inputs": {"value": ["2", 1], "topic": "/said"}},
        "4": {"class_type": "Display", "inputs": {"value": ["2", 2]}},
        "5": {"class_type": "ServiceServer", "inputs": {
            "answer": ["5", 1], "tensor_field": "camera_info.width", "field": "success", **SET}},
        "6": {"class_type": "Display", "inputs": {"value": ["5", 2]}}}))
    heard = []
    ros_loop.node("listener").create_subscription(
        Float64MultiArray, "/said", lambda message: heard.extend(message.data), 1000)
    run = start_run(graph, "--place", place)
    ros_loop.run(ros_loop.until(lambda: len(heard) >= 20), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert heard == [(heard[0] + number) % 2 for number in range(len(heard))]


@pytest.mark.parametrize("end", ["interrupt", "kill"])
def test_a_server_that_ends_in_mid_call_and_comes_back(start_run, ros_loop, serving, end):
    host = ros_loop.node("caller")
    client = HostServices(host).client("/set", SET["service_type"])
    asked = []
    host.create_subscription(Int64, "/asked", lambda message: asked.append(message.data), 100)
    answers = host.create_publisher(Bool, "/answers", 10)

    async def call(seconds):
        calling = asyncio.ensure_future(client.call(SetCameraInfo.Request(), seconds))
        await asyncio.wait({calling})
        return None if calling.exception() else calling.result()

    async def call_until_it_ends(run):
        await client.appears(None)
        waiting = asyncio.ensure_future(call(3.0))
        while not asked:  # the first ones may be published before the subscription is matched
            if waiting.done():
                waiting = asyncio.ensure_future(call(3.0))
            await asyncio.sleep(0.01)
        getattr(run, end)()  # with a request that may wait for an hour
        assert await waiting is None

    async def call_again():
        while (response := await call(0.5)) is None:
            pass
        return response

    run = start_run(serving)
    ros_loop.run(call_until_it_ends(run))
    assert end == "kill" or run.wait() == 130, run.output
    run = start_run(serving)
    host.create_timer(0.02, lambda: answers.publish(Bool(data=True)))
    assert ros_loop.run(call_again(), run).success is True
    assert client.pending == 0


def test_the_example_answers_and_calls(start_run, ros_loop, repository):
    run = start_run(repository / "docs" / "examples" / "self_test.json")
    host = ros_loop.node("caller")
    driver = []
    HostServices(host).serve("/driver/self_test", "diagnostic_msgs/srv/SelfTest",
                             lambda request, answer: driver.append(request))
    check = host.create_publisher(Empty, "/check", 10)
    client = HostServices(host).client("/self_test/self_test", "diagnostic_msgs/srv/SelfTest")

    async def talk():
        await client.appears(None)
        response = await client.call(SelfTest.Request(), 3600.0)
        await ros_loop.until(lambda: check.publish(Empty()) or driver)
        return response

    response = ros_loop.run(talk(), run)
    assert (response.id, response.passed) == ("self_test", b"\x01")
