"""What flows out of each output, and whether an input takes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue, PortType, same_type
from dnne_ros.node_api.ports import Input
from dnne_ros.workflow.records import LinkRecord, PortRef


def output_types(types: Mapping[str, type[Node]], links: Iterable[LinkRecord],
                 unknown: Mapping[PortRef, PortType]) -> dict[PortRef, PortType]:
    """Return what flows out of each output, ``unknown`` ones included.

    An output of any type passes on what comes to the node's first linked input of any type, or
    what those that come together make, if its type joins them.
    """
    flowing = {
        PortRef(node, port.name): port.type for node, node_type in types.items()
        for port in node_type.outputs.values() if not isinstance(port.type, AnyValue)}
    flowing.update(unknown)
    source_of = {link.target: link.source for link in links}
    place_of = {node: place for place, node in enumerate(types)}
    fed: dict[PortRef, list[str]] = {}
    for target, source in source_of.items():
        if target.node in types:
            fed.setdefault(source, []).append(target.node)
    # Round after round in the file's order, but only where something new has come.
    due = [(0, place, node) for node, place in place_of.items()]
    while due:
        round, place, node = heappop(due)
        while due and due[0][:2] == (round, place):
            heappop(due)
        for ref in _pass_on(node, types[node], source_of, flowing):
            for consumer in fed.get(ref, ()):
                later = place_of[consumer] > place
                heappush(due, (round + (not later), place_of[consumer], consumer))
    return flowing


def _pass_on(node: str, node_type: type[Node], source_of: Mapping[PortRef, PortRef],
             flowing: dict[PortRef, PortType]) -> Iterator[PortRef]:
    """Note what a node passes on of what comes to it by now, and yield where that is new."""
    arriving = [
        flowing[source] for port in node_type.inputs.values() if isinstance(port.type, AnyValue)
        for source in [source_of.get(PortRef(node, port.name))] if source in flowing]
    for port in node_type.outputs.values():
        if not arriving or not isinstance(port.type, AnyValue):
            continue
        ref, found = PortRef(node, port.name), port.type.passed_on(arriving)
        # What is joined becomes more general as more of it is known, never less.
        known = flowing.get(ref)
        if known is None or (port.type.joins and not same_type(known, found)):
            flowing[ref] = found
            yield ref


def passed_on(node_type: type[Node], target: PortRef, flowing: Mapping[PortRef, PortType]
              ) -> PortType | None:
    """Return the type that what comes to ``target`` is passed on as, or None if it is not."""
    arriving = node_type.inputs[target.port].type
    if not isinstance(arriving, AnyValue) or arriving.joins:
        return None
    return next((flowing.get(PortRef(target.node, port.name))
                 for port in node_type.outputs.values() if isinstance(port.type, AnyValue)), None)


def misfit(port: Input, carried: PortType | None, passed_on: PortType | None) -> str:
    """Say what is wrong with a link, '' if nothing; ``carried`` is None if nobody can tell."""
    expected = " or ".join(str(type) for type in (port.type, *port.accepts_also))
    if carried is None:
        return f"expected {expected}, found an output that is given nothing to pass on,"
    if not port.accepts(carried):
        return f"expected {expected}, found {carried}"
    if passed_on is None or isinstance(carried, AnyValue) or isinstance(passed_on, AnyValue):
        return ""
    if type(carried) is not type(passed_on) or carried.wire != passed_on.wire:
        return f"expected {passed_on} as on its other inputs, found {carried}"
    return ""
