"""What a run merges, before there is one: for `dnne-ros check --explain`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.answering import may_wait
from dnne_ros.node_api.fault_settings import watches
from dnne_ros.node_api.inline import inline_of
from dnne_ros.node_api.node import Node
from dnne_ros.placement.placement import Placement
from dnne_ros.placement.regions import regions_of, why_not_passed


@dataclass(frozen=True)
class DrawnUnit:
    """A `Unit` of a node that answers items, as far as its type and links tell."""

    node: str
    ports: tuple[str, ...]
    pushed: bool = False


@dataclass(frozen=True)
class Merged:
    """The nodes of each region of a process, by id in the order of a round; and who is alone.

    ``alone`` says of each node that is in none why that is so.
    """

    regions: list[list[str]]
    alone: dict[str, str]
    inlined: set[str]
    """Those of regions that are no call in them, but an expression."""


def merged(graph: Graph, placement: Placement, process: str) -> Merged:
    """Return what becomes of the nodes of a process, if nobody traces or records them."""
    units: list[DrawnUnit] = []
    alone: dict[str, str] = {}
    for node in placement.processes[process]:
        reason = next(_obstacles(graph, placement, node), "")
        if reason:
            alone[node] = reason
        else:
            units += _units(graph, node)
    found = regions_of(graph, units)
    regions = [[unit.node for unit in region] for region in found if len(region) > 1]
    together = {node for region in regions for node in region}
    for unit in units:
        if unit.node not in together:
            alone[unit.node] = _why_alone(graph, unit, units)
    return Merged(regions, alone, {node for node in together
                                   if inline_of(graph.nodes[node].type) is not None})


def _units(graph: Graph, node: str) -> list[DrawnUnit]:
    type = graph.nodes[node].type
    if type.gives_at_once or type.gives_items:
        return [DrawnUnit(node, (), type.gives_at_once)]
    ports = tuple(port for port in graph.incoming[node] if not type.inputs[port].type.held)
    if type.fires_on_any:
        return [DrawnUnit(node, (port,)) for port in ports]
    return [DrawnUnit(node, ports)]


def _obstacles(graph: Graph, placement: Placement, node: str) -> Iterator[str]:
    """Say what keeps a node from answering items in the calls that bring them."""
    drawn = graph.nodes[node]
    type, incoming = drawn.type, graph.incoming[node]
    streams = [port for port in incoming if not type.inputs[port].type.held]
    external = [ref.port for ref in graph.external if ref.node == node]
    if drawn.replicas is not None:
        yield "it has replicas"
    if external:
        yield f"its input {external[0]} is a topic"
    gives = type.gives_at_once or type.gives_items
    if not streams and not gives:
        yield "no items come to it"
    if not (type.answers_items or gives):
        if type.process is not Node.process:
            yield "its process() takes items as it likes"
        if may_wait(type.compute):
            yield "its compute() may wait: it is async"
        if len(streams) < len(incoming):
            yield f"its input {next(port for port in incoming if port not in streams)} is held"
    if watches(drawn.faults):
        yield "its deadlines or errors are watched"
    for port in streams:
        if placement.crosses(incoming[port][0]):
            yield f"its input {port} comes from another process"


def _why_alone(graph: Graph, unit: DrawnUnit, units: list[DrawnUnit]) -> str:
    """Say why a unit could join none of those that it takes from, nor be joined."""
    answering = {each.node for each in units}
    if not unit.ports:
        return "nobody who takes what it gives can be merged with it"
    for port in unit.ports:
        edge = graph.incoming[unit.node][port][0]
        source = graph.nodes[edge.source.node].ros_name
        if edge.source.node not in answering:
            return f"its input {port} comes from {source}, which is in no region"
        if why := why_not_passed(graph, edge):
            return f"its input {port} from {source} {why}"
    return "not all that it takes comes from one region"
