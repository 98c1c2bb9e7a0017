"""Values that live in two processes: a replica's changes flow back to the owner.

A MODEL that is trained in another process is a replica there.  Each change of it goes back on the
channel that the model came by, and is applied to the owner's value.  Without a channel, and where
it is too narrow, the change is published on the latched topic ``<trainer>/model/_updates``.  What
comes on both ways may come twice and late: the value knows what it has heard already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from dnne_ros.graph.graph import Edge, Graph
from dnne_ros.node_api.port_types import PortType
from dnne_ros.runtime.coordination.bus import Bus, Delivery

# Room for more than the newest: with one place, what a stranger says here would displace it.
DELIVERY = Delivery(reliable=True, kept=1, queue=8, text=False)


def update_topic(graph: Graph, edge: Edge) -> str:
    """Return the topic on which the edge's target publishes its changes."""
    return f"{graph.nodes[edge.target.node].ros_name}/{edge.target.port}/_updates"


class WayBack(Protocol):
    """A way to the owner that is quicker than a topic, while it is there."""

    def send_feedback(self, message: bytes) -> bool:
        """Send a message; False: it does not lead there now."""
        ...

    def notify_channel_lost(self, call: Callable[[], None]) -> None:
        """Call ``call()`` when what was sent last may be lost."""
        ...


def send_updates(bus: Bus, topic: str, type: PortType, way: WayBack) -> Callable[[Any], None]:
    """Return what must be called with the replica, to send its changes back from then on."""
    publisher = bus.publisher(topic, DELIVERY)

    def attach(replica: Any) -> None:
        newest: bytes | None = None

        def send(update: Any) -> None:
            nonlocal newest
            newest = type.pack_update(update)
            if not way.send_feedback(newest):
                publisher.publish(newest)

        def send_again() -> None:
            if newest is not None:
                publisher.publish(newest)

        replica.on_change(send)
        way.notify_channel_lost(send_again)

    return attach


def accept_updates(bus: Bus, topic: str, type: PortType, owned: Callable[[], Any],
                   warn: Callable[[str], object],
                   on_applied: Callable[[Any], object] | None = None
                   ) -> Callable[[bytes], None]:
    """Apply what comes on ``topic`` to the value that ``owned()`` returns, unless it is None.

    ``warn`` is told of messages that are no update of it, ``on_applied`` of each update.
    Returns what is to be called with a message that has come on a `WayBack`.
    """
    def apply(message: bytes) -> None:
        value = owned()
        if value is None:  # it is for another copy of this graph
            return
        try:
            update = type.unpack_update(message)
            value.apply(update)
        except Exception as error:  # anybody may publish here; it must not end the run
            warn(f"dropped a message on {topic}: {error}")
        else:
            if on_applied is not None:
                on_applied(update)

    bus.subscribe(topic, DELIVERY, apply)
    return apply
