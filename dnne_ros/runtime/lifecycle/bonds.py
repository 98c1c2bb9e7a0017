"""Bonds, as nav2's lifecycle manager wants them: an active node shows that it is there.

A manager offers a bond by publishing on ``bond``, in its own namespace, with the node's name as
it knows it.  While the graph is active, its event loop answers ten times a second; a bond whose
end is said, or that falls silent, tells the manager that the graph has failed.  What
`bond_core <https://github.com/ros/bond_core>`_ calls a sister is the manager's end.

The messages (the package ``bond``) come with nav2 and are in no wheel: without them there is no
bond, and the manager needs ``bond_timeout: 0.0``.
"""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode

PERIOD = 0.1
"""Seconds from one sign of life to the next, as nav2's own nodes have it."""
_TIMEOUT = 4.0
"""Seconds of silence that we would take for an end; it is told to the sister, and not used."""
_PUBLISHED, _HEARD = 5, 100


def bond_type() -> Any:
    """Return the class ``bond/msg/Status``, None where it is not installed."""
    try:
        return importlib.import_module("bond.msg").Status
    except ImportError:
        return None


class Bonds:
    """The bonds of one node with whoever offers them."""

    def __init__(self, node: RosNode, status: Any):
        """Listen as ``node`` for messages of the type ``status``; None: there are no bonds."""
        self._node = node
        self._status = status
        self._instance = str(uuid.uuid4())
        self._sisters: dict[tuple[str, str], str] = {}
        self._active = False
        self._publishers: dict[str, Any] = {}
        if status is None:
            return
        for topic, name in _places(node.get_fully_qualified_name()):
            self._publishers[topic] = node.create_publisher(status, topic, _PUBLISHED)
            node.create_subscription(
                status, topic,
                lambda said, topic=topic, name=name: self._hear(said, topic, name), _HEARD)

    def beat(self) -> None:
        """Show that the graph is active; to be called by what would not do so otherwise."""
        self._active = True
        for topic, id in list(self._sisters):
            self._say(topic, id, True)

    def end(self) -> None:
        """Say that the graph is active no more, if it was."""
        self._active = False
        while self._sisters:
            (topic, id), _ = self._sisters.popitem()
            self._say(topic, id, False)

    def _hear(self, said: Any, topic: str, name: str) -> None:
        """Take up a bond with our name, or let it go when its other end is gone."""
        full = self._node.get_fully_qualified_name()
        if said.id not in (name, full) or said.instance_id == self._instance:
            return
        bond = topic, said.id
        if said.active and self._active:
            self._sisters[bond] = said.instance_id
        elif not said.active and self._sisters.get(bond) == said.instance_id:
            del self._sisters[bond]
            self._say(*bond, False)  # or the sister would wait for it

    def _say(self, topic: str, id: str, active: bool) -> None:
        status = self._status(id=id, instance_id=self._instance, active=active,
                              heartbeat_timeout=_TIMEOUT, heartbeat_period=PERIOD)
        status.header.stamp = self._node.get_clock().now().to_msg()
        self._publishers[topic].publish(status)


def _places(full_name: str) -> Iterator[tuple[str, str]]:
    """Yield the topics on which a manager may offer a bond, and the node's name from there.

    ``/robot/walk/lifecycle`` is ``walk/lifecycle`` for a manager in ``/robot``.
    """
    parts = full_name.strip("/").split("/")
    for depth in range(len(parts)):
        yield "/".join(["", *parts[:depth], "bond"]), "/".join(parts[depth:])
