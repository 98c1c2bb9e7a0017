"""Values that live in two processes: a replica's changes flow back to the owner.

A MODEL that is trained in another process is a replica there.  Each change of it is published on
the latched topic ``<trainer>/model/_updates``, and applied to the owner's value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dnne_ros.graph.graph import Edge, Graph
from dnne_ros.node_api.port_types import PortType
from dnne_ros.runtime.coordination.bus import Bus, Delivery

# Room for more than the newest: with one place, what a stranger says here would displace it.
DELIVERY = Delivery(reliable=True, kept=1, queue=8, text=False)


def update_topic(graph: Graph, edge: Edge) -> str:
    """Return the topic on which the edge's target publishes its changes."""
    return f"{graph.nodes[edge.target.node].ros_name}/{edge.target.port}/_updates"


def send_updates(bus: Bus, topic: str, type: PortType) -> Callable[[Any], None]:
    """Return what must be called with the replica, to publish its changes from then on."""
    publisher = bus.publisher(topic, DELIVERY)

    def attach(replica: Any) -> None:
        replica.on_change(lambda update: publisher.publish(type.pack_update(update)))

    return attach


def accept_updates(bus: Bus, topic: str, type: PortType, owned: Callable[[], Any],
                   warn: Callable[[str], object],
                   on_applied: Callable[[Any], object] | None = None) -> None:
    """Apply what comes on ``topic`` to the value that ``owned()`` returns, unless it is None.

    ``warn`` is told of messages that are no update of it, ``on_applied`` of each update.
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
