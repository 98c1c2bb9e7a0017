"""A graph's topics, parameters and connections, as a viewer's own protocol has them."""

import asyncio
import os
from contextlib import asynccontextmanager

import pytest
from diagnostic_msgs.srv import AddDiagnostics
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String

pytest.importorskip("foxglove", reason="needs foxglove-sdk")
pytest.importorskip("websockets", reason="needs websockets")

from viewers import Viewer

from dnne_ros.foxglove.address import Address
from dnne_ros.foxglove.bridge import serve

GRAPH = "/cart"
STATES = "/cart/pole_1/states"
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture
def pole(ros_loop):
    """Return a node of the graph, with parameters, a publisher and a service."""
    node = ros_loop.node("pole_1", namespace=GRAPH)
    node.states = node.create_publisher(JointState, STATES, 10)
    node.declare_parameter("learning_rate", 0.5, ParameterDescriptor(
        floating_point_range=[FloatingPointRange(from_value=0.0, to_value=2.0)]))
    node.declare_parameter("trace.count", 3)
    node.declare_parameter("file", "a.json", ParameterDescriptor(read_only=True))
    node.declare_parameter("gains", [1.0, 2.0])
    node.declare_parameter("raw", [b"\x01", b"\xff"])
    node.create_service(AddDiagnostics, "/cart/reset", lambda request, answer: answer)
    return node


@pytest.fixture
def watch(ros_loop):
    """Run ``watching(viewer, connect)`` while the graph is served."""
    def run(watching, graph=GRAPH):
        @asynccontextmanager
        async def viewers(port):
            opened = []

            async def connect():
                opened.append(await Viewer.connect(port))
                return opened[-1]
            try:
                yield connect
            finally:
                for each in opened:
                    await each.close()

        async def main():
            ended, port = asyncio.Event(), asyncio.get_running_loop().create_future()
            serving = asyncio.ensure_future(serve(
                ros_loop.context, ros_loop.loop.executor, graph, Address("127.0.0.1", 0), ended,
                port.set_result))
            await asyncio.wait({serving, port}, return_when=asyncio.FIRST_COMPLETED)
            try:
                async with viewers(port.result()) as connect:
                    await watching(await connect(), connect)
            finally:
                ended.set()
                await serving
        ros_loop.run(main())
    return run


def test_a_topic_is_subscribed_to_while_a_viewer_looks_and_comes_as_it_was_sent(
        ros_loop, pole, watch):
    async def watching(viewer, _):
        await viewer.until(lambda: STATES in viewer.channels)
        offered = viewer.channels[STATES]
        assert (offered["encoding"], offered["schemaName"], offered["schemaEncoding"]) == (
            "cdr", "sensor_msgs/msg/JointState", "ros2msg")
        assert offered["schema"].startswith("std_msgs/Header header\nstring[] name\n")
        assert "MSG: builtin_interfaces/Time" in offered["schema"]
        assert pole.states.get_subscription_count() == 0
        await viewer.subscribe(STATES)
        await ros_loop.until(lambda: pole.states.get_subscription_count() == 1)
        sent = JointState(name=["slider", "hinge"], position=[0.25, -1.5])
        pole.states.publish(sent)
        await viewer.until(lambda: viewer.messages.get(STATES))
        data, = viewer.messages[STATES]
        assert deserialize_message(data, JointState) == sent
        await viewer.unsubscribe(STATES)
        await ros_loop.until(lambda: pole.states.get_subscription_count() == 0)
    watch(watching)


def test_a_viewer_that_goes_without_a_word_leaves_no_subscription_unless_another_looks(
        ros_loop, pole, watch):
    async def watching(viewer, connect):
        other = await connect()
        await viewer.subscribe(STATES)
        await other.subscribe(STATES)
        await ros_loop.until(lambda: pole.states.get_subscription_count() == 1)
        await viewer.close()
        pole.states.publish(JointState(name=["hinge"]))
        await other.until(lambda: other.messages.get(STATES))
        await other.close()
        await ros_loop.until(lambda: pole.states.get_subscription_count() == 0)
    watch(watching)


def test_each_viewer_is_given_what_a_topic_keeps(ros_loop, pole, watch):
    pole.create_publisher(String, "/cart/pole_1/model", LATCHED).publish(String(data="a robot"))

    async def watching(viewer, connect):
        for each in (viewer, await connect()):
            await each.subscribe("/cart/pole_1/model")
            await each.until(lambda each=each: each.messages)
            assert b"a robot" in each.messages["/cart/pole_1/model"][0]
    watch(watching)


def test_pictures_go_through_whole(ros_loop, pole, watch):
    pictures = pole.create_publisher(Image, "/cart/camera_2/image", 10)
    picture = Image(height=480, width=640, encoding="rgb8", step=1920, data=os.urandom(921600))

    async def watching(viewer, _):
        await viewer.subscribe("/cart/camera_2/image")
        await ros_loop.until(lambda: pictures.get_subscription_count() == 1)
        pictures.publish(picture)
        await viewer.until(lambda: viewer.messages)
        data, = viewer.messages["/cart/camera_2/image"]
        assert deserialize_message(data, Image) == picture
    watch(watching)


def test_what_comes_is_offered_and_what_goes_is_withdrawn(ros_loop, pole, watch):
    async def watching(viewer, _):
        await viewer.until(lambda: STATES in viewer.channels)
        late = ros_loop.node("late_3", namespace=f"{GRAPH}/inner")
        late.create_publisher(String, "words", 10)
        await viewer.until(lambda: "/cart/inner/words" in viewer.channels)
        ros_loop.kill(late)
        await viewer.until(lambda: "/cart/inner/words" not in viewer.channels)
        assert STATES in viewer.channels
    watch(watching)


def test_other_graphs_and_hidden_topics_are_left_out_unless_all_is_wanted(ros_loop, pole, watch):
    other = ros_loop.node("other_1", namespace="/cart_2")
    other.create_publisher(String, "words", 10)
    pole.create_publisher(String, "_between_processes", 10)

    async def one(viewer, _):
        await viewer.until(lambda: STATES in viewer.channels)
        assert not {"/cart_2/words", "/cart/_between_processes"} & viewer.channels.keys()
        assert {name.partition(".")[0] for name in await viewer.read()} == {"/cart/pole_1"}

    async def everything(viewer, _):
        await viewer.until(lambda: {STATES, "/cart_2/words"} <= viewer.channels.keys())
        assert "/cart/_between_processes" not in viewer.channels
    watch(one)
    watch(everything, graph="")


def test_parameters_are_read_and_set_as_their_node_allows(ros_loop, pole, watch):
    async def watching(viewer, _):
        await viewer.until(lambda: STATES in viewer.channels)
        assert {"parameters", "parametersSubscribe"} <= set(viewer.info["capabilities"])
        found = await viewer.read()
        assert {name.partition(".")[2]: value for name, value in found.items()} == {
            "learning_rate": 0.5, "trace.count": 3, "file": "a.json", "gains": [1.0, 2.0],
            "raw": "Af8=", "use_sim_time": False, "start_type_description_service": True}
        assert await viewer.read("/cart/pole_1.trace.count") == {"/cart/pole_1.trace.count": 3}
        await viewer.follow("/cart/pole_1.learning_rate", "/cart/pole_1.trace.count")
        # JavaScript has no 2.0; an array of numbers may hold whole ones.
        done = await viewer.set(**{
            "/cart/pole_1.learning_rate": 2, "/cart/pole_1.gains": [3, 4.5]})
        assert done == {"/cart/pole_1.learning_rate": 2.0, "/cart/pole_1.gains": [3.0, 4.5]}
        assert pole.get_parameter("learning_rate").value == 2.0
        assert list(pole.get_parameter("gains").value) == [3.0, 4.5]
        refused = await viewer.set(**{
            "/cart/pole_1.learning_rate": 7.5, "/cart/pole_1.file": "b.json",
            "/cart/pole_1.trace.count": "many", "/cart/none_9.x": 1})
        assert refused == {"/cart/pole_1.learning_rate": 2.0, "/cart/pole_1.file": "a.json",
                           "/cart/pole_1.trace.count": 3}
        await viewer.until(lambda: len(viewer.statuses) >= 4)
        for name, reason in (("/cart/pole_1.learning_rate", "range"),
                             ("/cart/pole_1.file", "read-only"),
                             ("/cart/pole_1.trace.count", "type"),
                             ("/cart/none_9", "no such node")):
            said = [text for text in viewer.statuses if name in text]
            assert any(reason in text for text in said), viewer.statuses
        # What others set is told, too.
        pole.set_parameters([Parameter("trace.count", value=8)])
        await viewer.until(lambda: viewer.parameters["/cart/pole_1.trace.count"] == 8)
    watch(watching)


def test_connections_are_told_while_somebody_wants_to_know(ros_loop, pole, watch):
    reader = ros_loop.node("reader_2", namespace=GRAPH)
    reader.create_subscription(JointState, STATES, lambda message: None, 10)

    async def watching(viewer, _):
        await viewer.follow_graph()
        await viewer.until(lambda: viewer.graph["subscribedTopics"].get(STATES))
        assert viewer.graph["publishedTopics"][STATES] == ["/cart/pole_1"]
        assert viewer.graph["subscribedTopics"][STATES] == ["/cart/reader_2"]
        assert viewer.graph["advertisedServices"] == {"/cart/reset": ["/cart/pole_1"]}
        ros_loop.kill(reader)
        await viewer.until(lambda: not viewer.graph["subscribedTopics"][STATES])
    watch(watching)


def test_a_web_site_is_refused_and_what_viewers_say_wrong_is_not_printed(
        ros_loop, pole, watch, caplog):
    from websockets.asyncio.client import connect as connect_from
    from websockets.exceptions import InvalidStatus

    async def watching(viewer, connect):
        with pytest.raises(InvalidStatus, match="403"):
            await connect_from(f"ws://127.0.0.1:{viewer.port}", origin="https://evil.example",
                               subprotocols=["foxglove.sdk.v1"])
        await viewer.say("no JSON")
        await viewer.until(lambda: viewer.statuses)
        assert "Invalid message" in viewer.statuses[0]
        assert "Invalid message" not in caplog.text
    watch(watching)
