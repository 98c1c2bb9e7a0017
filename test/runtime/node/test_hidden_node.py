"""The node through which processes of a graph speak with each other."""

import pytest
import rclpy

from dnne_ros.runtime.node.hidden_node import hidden_node


@pytest.fixture
def host():
    """Give a node whose graph was moved, and runs in simulated time."""
    context = rclpy.Context()
    rclpy.init(context=context, args=["--ros-args", "-r", "__ns:=/robot1", "-p",
                                      "use_sim_time:=true", "-r", "a/b:=/c"])
    node = rclpy.create_node("host", namespace="graph", context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_it_is_beside_its_host_and_has_nothing_of_its_own(host):
    hidden = hidden_node(host, "graph")
    who = hidden.get_name(), hidden.get_namespace()
    assert who == ("_host", host.get_namespace()) == ("_host", "/robot1")
    for topic in ("a/_link/b", "a/b"):
        assert hidden.resolve_topic_name(topic) == host.resolve_topic_name(topic)
    assert hidden.get_service_names_and_types_by_node(*who) == []
    assert hidden.get_subscriber_names_and_types_by_node(*who) == []
    hidden.destroy_node()
