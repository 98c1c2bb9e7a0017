import asyncio

import pytest
import torch
from geometry_msgs.msg import PoseStamped, Twist, Vector3
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import Header

from dnne_ros.errors import DnneError, InputError
from dnne_ros.node_api.health import Level
from dnne_ros.nodes.ros.ros_subscriber import RosSubscriberNode
from dnne_ros.testing import ManualClock, NodeDriver

CART = {"field": "position,velocity", "names": "cart,pole", "order": "elements"}


def joints(cart, pole, **fields):
    return JointState(name=["pole", "cart"], position=[pole, cart], velocity=[0.5, 0.25],
                      **fields)


@pytest.fixture
def hear(drive):
    """Let a subscriber hear messages, until it has sent ``count`` values and stamps."""
    def call(*messages, count=1, then=None, **values):
        async def script(context):
            context.topics.deliver(*messages)
            await context.sends(2 * count)
            if then is not None:
                await then(context)

        node = RosSubscriberNode(values)
        return drive(node, script, linked=[], outputs=[values.get("kind", "tensor")])
    return call


def test_a_policys_observations(hear):
    context = hear(joints(1.0, 2.0), **CART, qos="reliable")
    observations, = context.outputs("tensor")
    assert observations.tolist() == [[1.0, 0.25, 2.0, 0.5]]
    assert observations.dtype == torch.float32
    assert context.topics.subscriptions == [
        ("/joint_states", "sensor_msgs/msg/JointState", "reliable")]


@pytest.mark.parametrize("values, expected", [
    ({"batch": False}, torch.tensor([2.0, 1.0])),
    ({"dtype": "float64"}, torch.tensor([[2.0, 1.0]], dtype=torch.float64)),
    ({"dtype": "as_sent"}, torch.tensor([[2.0, 1.0]], dtype=torch.float64)),
    ({"dtype": "int64"}, torch.tensor([[2, 1]])),
])
def test_the_tensors_type_and_shape(hear, values, expected):
    tensor, = hear(joints(1.0, 2.0), **values).outputs("tensor")
    assert torch.equal(tensor, expected) and tensor.dtype == expected.dtype


@pytest.mark.parametrize("values, port", [
    ({"kind": "image"}, "image"),
    ({"field": "", "dtype": "as_sent", "batch": False}, "tensor")])
def test_pictures(hear, values, port):
    image = Image(height=1, width=2, step=6, encoding="bgr8", data=bytes([3, 2, 1, 6, 5, 4]))
    picture, = hear(image, message_type="sensor_msgs/msg/Image", **values).outputs(port)
    assert picture.tolist() == [[[1, 2, 3], [4, 5, 6]]] and picture.dtype == torch.uint8


def test_whole_messages(hear):
    message, = hear(joints(1.0, 2.0), kind="message").outputs("message")
    assert message["name"] == ["pole", "cart"]
    assert message["position"].tolist() == [2.0, 1.0]
    twist, = hear(Twist(linear=Vector3(x=1.0)), message_type="geometry_msgs/Twist",
                  field="").outputs("tensor")
    assert twist.tolist() == [[1.0, 0, 0, 0, 0, 0]]


def test_stamps_and_age(hear):
    new, old = Header(), Header()
    new.stamp.sec, old.stamp.sec = 5, 4
    context = hear(joints(9.0, 9.0, header=old), joints(1.0, 2.0, header=new), timeout=0.5,
                   stamp_from="header", keep=2)
    assert context.outputs("stamp") == [5_000_000_000]
    assert [tensor.tolist() for tensor in context.outputs("tensor")] == [[[2.0, 1.0]]]
    assert ("warning", "dropped a message on /joint_states: it is 1 s old") in context.log.lines


def test_what_lacks_a_joint_is_dropped_and_counted(hear):
    context = hear(JointState(name=["pole"], position=[1.0], velocity=[2.0]),
                   joints(1.0, 2.0), keep=2, part_age=0.0, **CART)
    assert len(context.outputs("tensor")) == 1
    assert context.log.lines == [
        ("warning", "dropped a message on /joint_states: no cart; the message names pole"),
        ("info", "/joint_states is good again")]
    assert context.health.values["dropped"] == 1 and context.health.level is Level.OK


def test_parts_of_several_broadcasters_add_up(hear):
    """The first of them is heard alone; from then on none makes room for another."""
    async def more(context):
        context.topics.deliver(part("pole", 5.0), part("cart", 6.0), part("other", 0.0))
        await context.sends(4)

    def part(joint, position):
        return JointState(name=[joint], position=[position], velocity=[0.0])

    context = hear(part("pole", 2.0), part("cart", 1.0), then=more, part_age=10.0, keep=2, **CART)
    assert [each.tolist() for each in context.outputs("tensor")] == [
        [[1.0, 0.0, 2.0, 0.0]], [[6.0, 0.0, 5.0, 0.0]]]
    assert context.log.lines == [] and context.health.values["dropped"] == 0


def test_a_joint_that_has_fallen_silent_is_named(drive):
    node = RosSubscriberNode({**CART, "part_age": 0.01, "timeout": 0.05})

    async def script(context):
        while not context.log.lines:
            context.topics.deliver(JointState(name=["pole", "grip"], position=[1.0, 0.0],
                                              velocity=[2.0, 0.0]))
            await asyncio.sleep(0.001)

    context = drive(node, script, linked=[], outputs=["tensor"])
    assert context.log.lines == [
        ("warning", "/joint_states: nothing of cart so far, only of pole, grip")]
    assert not context.outputs("tensor")


def test_the_newest_counts(hear):
    context = hear(joints(9.0, 9.0), joints(1.0, 2.0))
    assert context.outputs("tensor")[0].tolist() == [[2.0, 1.0]]
    assert context.health.values["skipped"] == 1


def test_a_rate_skips_what_comes_too_soon_and_holds_nothing_back(drive):
    clock = ManualClock()

    async def script(context):
        for seconds, position in ((0.0, 1.0), (0.02, 2.0), (0.02, 3.0), (0.01, 4.0), (1.0, 5.0)):
            clock.advance(seconds)
            context.topics.deliver(joints(position, position))
            for _ in range(20):  # turns of the event loop
                await asyncio.sleep(0)

    context = drive(RosSubscriberNode({"rate": 20.0, "field": "position", "names": "cart"}),
                    script, linked=[], outputs=["tensor"], clock=clock)
    assert [tensor.item() for tensor in context.outputs("tensor")] == [1.0, 3.0, 5.0]
    assert context.health.values["skipped"] == 2 and context.health.values["used"] == 3


def test_a_message_is_given_in_the_call_that_brings_it_where_nothing_is_in_the_way(drive):
    given = []

    async def script(context):
        context.topics.deliver(joints(1.0, 1.0))
        await context.sends(2)  # as long as there is no room, the node's coroutine does it
        for _ in range(20):  # turns, until it waits again
            await asyncio.sleep(0)
        context.has_room = lambda ports: True
        context.put_round = lambda values: given.extend(values.items())
        context.topics.deliver(joints(3.0, 3.0))
        assert [port for port, _ in given] == ["stamp", "tensor"]
        assert given[1][1].tolist() == [[3.0]]
        context.topics.deliver(JointState(name=["pole"], position=[1.0]))
        assert len(given) == 2 and context.health.values["dropped"] == 1
        context.topics.deliver(joints(4.0, 4.0))
        assert given[3][1].tolist() == [[4.0]] and context.health.values["used"] == 3

    context = drive(
        RosSubscriberNode({"field": "position", "names": "cart", "part_age": 0.0}), script,
        linked=[], outputs=["tensor"])
    assert len(context.outputs("tensor")) == 1


@pytest.mark.parametrize("when_stale, expected", [
    ("repeat", [[2.0, 1.0]]), ("zeros", [[0.0, 0.0]])])
def test_a_substitute_while_the_topic_is_stale(hear, when_stale, expected):
    async def wait(context):
        assert context.health.level is Level.OK
        await context.sends(6)
        assert context.health.level is Level.WARN
        assert context.health.message == "no message on /joint_states for 0.3 s"

    context = hear(joints(1.0, 2.0), timeout=0.3, when_stale=when_stale, then=wait)
    assert [tensor.tolist() for tensor in context.outputs("tensor")[1:3]] == [expected] * 2
    assert context.health.values["stale"] >= 2


def test_a_stale_topic_comes_back(hear):
    async def silence(context):
        while context.health.level is Level.OK:
            await asyncio.sleep(0.005)
        context.topics.deliver(joints(3.0, 4.0))
        await context.sends(4)

    context = hear(joints(1.0, 2.0), timeout=0.3, then=silence)
    assert [tensor.tolist() for tensor in context.outputs("tensor")] == [
        [[2.0, 1.0]], [[4.0, 3.0]]]
    assert context.log.lines[:2] == [
        ("warning", "no message on /joint_states for 0.3 s"),
        ("info", "/joint_states is good again")]


def test_silence_can_end_the_run(hear):
    with pytest.raises(DnneError, match="no message on /joint_states for 0.01 s"):
        hear(timeout=0.01, when_stale="stop")


def test_what_a_policy_sees_is_part_of_its_interface(drive):
    async def look(context):
        pass

    node = RosSubscriberNode({**CART, "rate": 60.0, "policy_input": True})
    drive(node, look, linked=[], outputs=["tensor"])
    assert node.policy_interface() == {
        "joints": ["cart", "pole"], "rate_hz": 60.0, "observations": [
            "cart.position", "cart.velocity", "pole.position", "pole.velocity"]}
    assert RosSubscriberNode(CART).policy_interface() == {}


def test_a_policy_sees_finite_numbers_alone(hear):
    context = hear(joints(float("nan"), float("inf")), joints(1.0, 2.0), **CART, keep=2,
                   policy_input=True)
    assert [tensor.tolist() for tensor in context.outputs("tensor")] == [[[1.0, 0.25, 2.0, 0.5]]]
    assert context.log.lines[0] == (
        "warning", "dropped a message on /joint_states: no number for cart.position, "
        "pole.position")


@pytest.mark.parametrize("values, expected", [
    ({"topic": "/joint states"}, "widget 'topic': expected a ROS name"),
    ({"message_type": "sensor_msgs/msg/Joints"}, "is not installed"),
    ({"field": "speed"}, "has no 'speed'"),
    ({"kind": "image"}, "CompressedImage for an image, found sensor_msgs/msg/J"),
    ({"names": "a,,b"}, "each once, none empty"),
    ({"policy_input": True}, "expected kind=tensor and names"),
    ({"kind": "message", "when_stale": "zeros"}, "expected zeros for numbers only"),
    ({"message_type": "std_msgs/msg/String", "kind": "message", "stamp_from": "header"},
     "has no header with a stamp"),
])
def test_settings_that_cannot_be(values, expected):
    problem, = RosSubscriberNode.validate_parameters(RosSubscriberNode(values).values)
    assert expected in problem


def test_a_link_to_another_kind(drive):
    async def never(context):
        raise AssertionError

    with pytest.raises(InputError, match="expected kind=image for what is linked to it"):
        drive(RosSubscriberNode(), never, linked=[], outputs=["image"])


@pytest.mark.parametrize("turns", range(4))
def test_a_run_that_ends_as_a_message_comes_has_ended(turns):
    """In which turn of the loop the end comes does not matter."""
    async def script():
        driver = NodeDriver(RosSubscriberNode({"timeout": 60.0}), [], outputs=["tensor"])
        async with driver as context:
            context.topics.deliver(joints(0.0, 0.0))
            await context.sends(2)
            context.topics.deliver(joints(1.0, 2.0))
            for _ in range(turns):
                await asyncio.sleep(0)
            driver.process.cancel()
            await asyncio.wait({driver.process}, timeout=10.0)
            assert driver.process.cancelled()

    asyncio.run(script())


QUARTER = (0.0, 0.0, 0.5**0.5, 0.5**0.5)
POSE = {"topic": "/pose", "message_type": "geometry_msgs/msg/PoseStamped",
        "field": "pose.position", "frame": "map", "frame_wait": 0.0, "keep": 9}


def pose(frame, x):
    message = PoseStamped(header=Header(frame_id=frame))
    message.header.stamp.sec = 3
    message.pose.position.x = x
    return message


@pytest.fixture
def hear_in_map(drive):
    """Let poses be heard in the frame map, in which camera is known."""
    def call(*messages, count=1, **values):
        async def script(context):
            context.frames.put("map", "camera", (10.0, 0.0, 0.0), QUARTER)
            context.topics.deliver(*messages)
            await context.sends(2 * count)

        node = RosSubscriberNode({**POSE, **values})
        return drive(node, script, linked=[], outputs=[values.get("kind", "tensor")])
    return call


def test_a_message_in_another_frame(hear_in_map):
    context = hear_in_map(pose("camera", 2.0), pose("map", 2.0), count=2)
    found = torch.cat(context.outputs("tensor"))
    assert torch.allclose(found, torch.tensor([[10.0, 2.0, 0.0], [2.0, 0.0, 0.0]]), atol=1e-6)
    assert context.frames.asked == [("map", "camera", 3_000_000_000, 0.0)]


def test_a_whole_message_says_in_which_frame_it_is_now(hear_in_map):
    message, = hear_in_map(pose("camera", 2.0), kind="message").outputs("message")
    assert message["header"]["frame_id"] == "map"
    assert message["pose"]["position"]["y"] == pytest.approx(2.0)


def test_a_message_without_a_transform_is_dropped(hear_in_map):
    context = hear_in_map(pose("nowhere", 1.0), pose("", 1.0), pose("camera", 2.0))
    assert len(context.outputs("tensor")) == 1 and context.health.values["dropped"] == 2
    assert any("dropped a message on /pose: " in line and "nowhere" in line
               for _, line in context.log.lines)


@pytest.mark.parametrize("message_type, field", [
    ("sensor_msgs/msg/JointState", "position"), ("geometry_msgs/msg/Pose", ""),
    ("sensor_msgs/msg/LaserScan", "ranges")])
def test_a_frame_of_what_has_none_is_refused(message_type, field):
    values = {**RosSubscriberNode().values, "message_type": message_type, "field": field,
              "frame": "map"}
    complaint, = RosSubscriberNode.validate_parameters(values)
    assert "widget 'frame': expected a message with a header" in complaint
    assert message_type in complaint


def test_a_compressed_picture_is_a_picture(hear):
    cv2 = pytest.importorskip("cv2", reason="the extra camera is not installed")
    red = torch.zeros(4, 6, 3, dtype=torch.uint8)
    red[..., 0] = 200
    stored = cv2.imencode(".png", red.numpy()[..., ::-1])[1]
    picture, = hear(CompressedImage(format="png", data=stored.tobytes()), topic="/image",
                    message_type="sensor_msgs/msg/CompressedImage", kind="image").outputs("image")
    assert torch.equal(picture, red)
