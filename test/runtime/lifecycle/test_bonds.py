"""Bonds with a manager, message by message as bondcpp has them.

The type ``bond/msg/Status`` is in no wheel, so its place is taken by what has the same fields.
"""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from dnne_ros.runtime.lifecycle.bonds import Bonds


@dataclass
class Status:
    """The fields of ``bond/msg/Status``."""

    id: str = ""
    instance_id: str = ""
    active: bool = False
    heartbeat_timeout: float = 0.0
    heartbeat_period: float = 0.0
    header: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(stamp=None))


class Node:
    """The managed node /robot/walk/lifecycle, without ROS: what it publishes, by topic."""

    def __init__(self):
        self.said, self.hears = [], {}

    def get_fully_qualified_name(self):
        return "/robot/walk/lifecycle"

    def get_clock(self):
        return SimpleNamespace(now=lambda: SimpleNamespace(to_msg=lambda: "now"))

    def create_publisher(self, kind, topic, depth):
        return SimpleNamespace(publish=lambda status: self.said.append((topic, status)))

    def create_subscription(self, kind, topic, callback, depth):
        self.hears[topic] = callback


@pytest.mark.parametrize("topic, id", [
    ("/bond", "robot/walk/lifecycle"), ("/robot/bond", "walk/lifecycle"),
    ("/robot/walk/bond", "lifecycle"), ("/bond", "/robot/walk/lifecycle")])
def test_a_manager_has_a_bond_from_any_namespace_until_the_end(topic, id):
    node = Node()
    bonds = Bonds(node, Status)
    offer = Status(id, "manager", True)
    node.hears[topic](offer)
    bonds.end()
    assert not node.said  # not active: there is nothing to hold on to
    bonds.beat()
    node.hears[topic](offer)
    bonds.beat()
    [(where, status)] = node.said
    assert (where, status.id, status.active) == (topic, id, True)
    assert status.instance_id not in ("", "manager") and status.header.stamp == "now"
    node.hears[topic](status)  # our own words come back to us
    bonds.end()
    assert [status.active for _, status in node.said] == [True, False]
    bonds.end()
    assert len(node.said) == 2


def test_a_bond_that_the_manager_ends_is_over():
    node = Node()
    bonds = Bonds(node, Status)
    bonds.beat()
    node.hears["/bond"](Status("robot/walk/lifecycle", "manager", True))
    node.hears["/bond"](Status("another/lifecycle", "manager", True))
    node.hears["/bond"](Status("robot/walk/lifecycle", "manager", False))
    assert [status.active for _, status in node.said] == [False]
    bonds.beat()
    assert len(node.said) == 1


def test_without_the_messages_there_are_no_bonds():
    node = Node()
    bonds = Bonds(node, None)
    bonds.beat()
    bonds.end()
    assert not node.hears and not node.said
