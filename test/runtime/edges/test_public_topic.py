"""Edges that tools draw, and subscribers that count."""

import asyncio
from types import SimpleNamespace

import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Empty, Float64

from dnne_ros.node_api.port_types import Float, SimHandle
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.edges.public_topic import DrawnEdge, PublicTopic, public_codec

EDGES = {"/reader": 2, "/other": 1}


class Flow:
    """A topic, asked who listens as often as the loop turns."""

    def __init__(self, ros_loop):
        self.ros_loop = ros_loop
        self.source = ros_loop.node("source")
        self.publisher = self.source.create_publisher(Float64, "flow", 10)
        self.now = 0.0
        self.topic = PublicTopic(self.source, self.publisher, EDGES, lambda: self.now)
        self.ends = []

    def draw(self, reader, count=1):
        """Draw so many edges to a node."""
        self.ends += [DrawnEdge(reader, "flow", Float64) for _ in range(count)]

    async def settles(self, subscriptions, watchers):
        """Wait until there are so many, by DDS and by name, and see who is counted of them.

        Nobody else may be counted on the way.
        """
        counts = set()
        while not self._named(subscriptions):
            counts.add(self.topic.watchers())
            await asyncio.sleep(0.005)  # DDS discovery has no event
        for _ in range(3):
            counts.add(self.topic.watchers())
        assert self.topic.watchers() == watchers
        return counts

    def _named(self, number):
        known = self.source.get_subscriptions_info_by_topic("/flow")
        return self.publisher.get_subscription_count() == number == len(known) \
            and not any("UNKNOWN" in each.node_name for each in known)


@pytest.fixture
def flow(ros_loop):
    """Give a topic whose edges end at `reader`, twice, and at `other`."""
    flow = Flow(ros_loop)
    yield flow
    flow.topic.close()
    for end in flow.ends:
        end.close()


def listen(node, profile=10):
    """Subscribe for real; nobody calls back, as what comes is not looked at."""
    return node.create_subscription(Float64, "flow", lambda message: None, profile)


def test_edges_are_told_from_those_who_listen(ros_loop, flow):
    reader, other = ros_loop.node("reader"), ros_loop.node("other")

    async def main():
        assert flow.topic.watchers() == 0
        flow.draw(reader, 2)
        assert await flow.settles(2, 0) == {0}
        flow.draw(other)
        assert await flow.settles(3, 0) == {0}
        heard = []
        listener = other.create_subscription(Float64, "flow", heard.append, 10)
        assert await flow.settles(4, 1) <= {0, 1}
        flow.topic.publish(Float64(data=4.5))
        await ros_loop.until(lambda: heard)
        flow.topic.flush(10)
        other.destroy_subscription(listener)
        assert await flow.settles(3, 0) <= {1, 0}

    ros_loop.run(main())


def test_what_a_killed_process_has_left_is_nobody(ros_loop, flow, another_process):
    reader, successor = another_process("reader"), ros_loop.node("reader")

    async def main():
        flow.draw(reader, 2)  # as in a process that was killed, until DDS forgets it
        assert await flow.settles(2, 0) == {0}
        flow.draw(successor, 2)
        assert await flow.settles(4, 0) == {0}
        listen(successor)
        assert await flow.settles(5, 1) <= {0, 1}

    ros_loop.run(main())


def test_one_comes_as_another_goes(ros_loop, flow):
    reader, listener = ros_loop.node("reader"), ros_loop.node("listener")

    async def main():
        flow.draw(reader, 2)
        await flow.settles(2, 0)
        flow.ends.pop().close()  # between two looks, so that there are two, as before
        listen(listener)
        assert await flow.settles(2, 1) <= {0, 1}

    ros_loop.run(main())


def test_who_cannot_hear_is_nobody(ros_loop, flow):
    reader, listener = ros_loop.node("reader"), ros_loop.node("listener")

    async def main():
        flow.draw(reader, 2)
        await flow.settles(2, 0)
        listen(listener, QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        await ros_loop.until(lambda: len(
            flow.source.get_subscriptions_info_by_topic("/flow")) == 3)
        assert {flow.topic.watchers() for _ in range(100)} == {0}

    ros_loop.run(main())


def test_what_is_no_ros_node_listens_after_a_while(ros_loop, flow, monkeypatch):
    reader, router = ros_loop.node("reader"), ros_loop.node("router")
    look = flow.source.get_subscriptions_info_by_topic

    def without_name(topic):
        return [each if each.node_name != "router" else SimpleNamespace(
            node_name="_NODE_NAME_UNKNOWN_", node_namespace="_NODE_NAMESPACE_UNKNOWN_",
            endpoint_gid=each.endpoint_gid) for each in look(topic)]

    async def main():
        flow.draw(reader, 2)
        listen(router)
        await ros_loop.until(lambda: flow._named(3))
        monkeypatch.setattr(flow.source, "get_subscriptions_info_by_topic", without_name)
        assert flow.topic.watchers() == 0
        flow.now += 4.9
        assert flow.topic.watchers() == 0
        flow.now += 0.2
        assert flow.topic.watchers() == 1
        flow.draw(reader)  # as a third, it is no edge; and the router is not forgotten over it
        await ros_loop.until(lambda: flow.publisher.get_subscription_count() == 4)
        assert flow.topic.watchers() == 2

    ros_loop.run(main())


@pytest.mark.parametrize(("type", "message", "value"), [
    (Float(), Float64, 2.5), (SimHandle(), Empty, object())])
def test_a_topic_has_what_a_message_carries_or_that_there_is_something(
        ros_loop, type, message, value):
    source, heard = ros_loop.node("source"), []
    publisher = source.create_publisher(public_codec(type).message_type(), "shown", 10)
    topic = PublicTopic(source, publisher, {})
    output = OutputPort(type, [], topic, public_codec(type), None)
    ros_loop.node("listener").create_subscription(message, "shown", heard.append, 10)

    async def main():
        await ros_loop.until(lambda: topic.watchers() == 1)
        output.look_for_watchers()
        await output.send(value)
        await ros_loop.until(lambda: heard)
        assert getattr(heard[0], "data", None) == (value if message is Float64 else None)

    ros_loop.run(main())
    topic.close()
