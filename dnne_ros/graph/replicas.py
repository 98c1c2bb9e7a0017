"""How many of a node there are: what a workflow says of it, and whether that can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.fault_settings import SAFE_VALUE
from dnne_ros.node_api.item_key import ItemKey
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import PortType
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    from dnne_ros.graph.graph import Graph

THREADS, PROCESSES = "threads", "processes"
MOST_REPLICAS = 64
"""Of one node: each has a thread or a process, and what its type sets up."""

COUNT = "replicas.count"
"""The parameter of a node that has replicas: `dnne-ros scale`."""

_EXPECTED = ("count", "in", "key", "unordered")


@dataclass(frozen=True)
class Replicas:
    """What is asked for of a node that has replicas.

    Attributes:
        count: how many there are when the graph starts.
        within: `THREADS` of the node's process, or `PROCESSES` of their own.
        key: the input, and the entries of its dictionaries, that name what an item belongs to:
            ``order`` or ``order.customer``.  Items of one key are worked on one after the other
            and by the same replica.  "": any replica takes any item.
        unordered: results are given as they come, and not in the order of the items.

    """

    count: int
    within: str = THREADS
    key: str = ""
    unordered: bool = False

    @classmethod
    def read(cls, asked: Any, own_process: bool, report: Callable[[str], None]) -> Replicas | None:
        """Return what ``asked``, a number or an object, asks for; None: nothing that makes sense.

        ``own_process``: the node's type computes in Python for long, so threads would be of no
        use.  What is wrong is told to ``report``.
        """
        entries = asked if isinstance(asked, Mapping) else {"count": asked}
        named = "count: " if isinstance(asked, Mapping) else ""
        wrong = [f"unknown entry {name!r:.40}; expected {', '.join(_EXPECTED)}"
                 for name in entries if name not in _EXPECTED]
        count, usual = entries.get("count"), PROCESSES if own_process else THREADS
        within = entries.get("in", usual)
        if not isinstance(count, int) or isinstance(count, bool) \
                or not 1 <= count <= MOST_REPLICAS:
            wrong.append(f"{named}expected a whole number from 1 to {MOST_REPLICAS}, found "
                         f"{count!r:.40}")
        if within not in (THREADS, PROCESSES):
            wrong.append(f"in: expected {THREADS} or {PROCESSES}, found {within!r:.40}")
        key, unordered = entries.get("key", ""), entries.get("unordered", False)
        if not isinstance(key, str) or ("key" in entries and not key):
            wrong.append(f"key: expected an input, such as order.customer, found {key!r:.40}")
        if not isinstance(unordered, bool):
            wrong.append(f"unordered: expected true or false, found {unordered!r:.40}")
        for problem in wrong:
            report(problem)
        if wrong or not isinstance(count, int):
            return None
        return cls(count, within, key, unordered)

    def as_option(self) -> dict[str, Any]:
        """Return what `read` reads it from."""
        option: dict[str, Any] = {"count": self.count, "in": self.within}
        if self.key:
            option["key"] = self.key
        if self.unordered:
            option["unordered"] = True
        return option

    def item_key(self, node: type[Node]) -> ItemKey | None:
        """Return what tells keys of a node's items apart; None: any replica takes any item."""
        return node.state_key() or (ItemKey(self.key, "replicas.key") if self.key else None)


def replica_settings(replicas: Replicas | None) -> dict[str, Widget]:
    """Return what may be set of a node's ``replicas``, by parameter."""
    return {} if replicas is None else {COUNT: Widget(
        replicas.count, "How many replicas work for the node: `dnne-ros scale`.", minimum=1,
        maximum=MOST_REPLICAS, live=True)}


def why_not_replicated(node: type[Node], values: Mapping[str, Any], faults: Mapping[str, Any],
                       replicas: Replicas, taken: Mapping[str, PortType],
                       given: Sequence[PortType]) -> Iterator[str]:
    """Say what stands against ``replicas`` of a node of a type with ``values``.

    ``taken`` are the types of what comes to its linked inputs, ``given`` those of its outputs.
    """
    streams = [port for port in taken if not node.inputs[port].type.held]
    if node.process is not Node.process:
        yield ("its type has a process() of its own, which takes items as it likes; replicas need "
               "a compute()")
    elif node.keeps_state() and node.state_per is None:
        yield ("it keeps a state, of which each replica would have another part; one for each key "
               "of its items (state_per) would do")
    elif not streams:
        yield "no items come to it"
    uses = [*(use.name for use in node.ros_topics(values)),
            *(use.name for use in node.ros_services(values)),
            *(use.name for use in node.ros_actions(values))]
    if uses:
        yield f"it uses {uses[0]} beside its ports, which each replica would do"
    if replicas.key and node.state_per is not None:
        yield "key: expected none, as its type says what its state is kept for (state_per)"
    elif replicas.key:
        key = ItemKey(replicas.key, "replicas.key")
        yield from (f"key: {fault}" for fault in key.faults({
            port: taken[port] for port in streams}))
    if replicas.unordered and faults["deadline.policy"] == SAFE_VALUE:
        yield (f"unordered: nobody could tell which item a safe value stands for "
               f"(deadline.policy {SAFE_VALUE})")
    if replicas.within == PROCESSES:
        for what in (*taken.values(), *given):
            if what.wire is None or what.held or not what.leaves_process:
                yield f"in {PROCESSES}: {what} cannot be sent to another process"
                return


def coming_to(graph: Graph, id: str) -> dict[str, PortType]:
    """Return the types of what comes to a node, by input, topics of other ROS nodes included."""
    return {**{port: edges[0].type for port, edges in graph.incoming[id].items()},
            **{ref.port: graph.external_type(ref) for ref in graph.external if ref.node == id}}


def streams_to(graph: Graph, id: str) -> dict[str, PortType]:
    """Return the types of the items that come to a node, by input; held values are none."""
    return {port: type for port, type in coming_to(graph, id).items()
            if not graph.nodes[id].type.inputs[port].type.held}


def check_replicas(graph: Graph, report: Callable[[str, str], None]) -> None:
    """Report, by the id of a node, what stands against its replicas."""
    for id, node in graph.nodes.items():
        if node.replicas is not None:
            given = [type for ref, type in graph.output_types.items() if ref.node == id]
            for reason in why_not_replicated(node.type, node.values, node.faults, node.replicas,
                                             coming_to(graph, id), given):
                report(id, f"replicas: {reason}")
