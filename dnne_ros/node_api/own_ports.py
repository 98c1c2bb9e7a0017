"""Ports that follow from a node's values: a node with such ports is of a type of its own.

A graph asks once, when it is built (`type_with_ports`), and goes on with a subclass that has all
the ports there are.  So whoever reads ``inputs`` and ``outputs``, of a type or of a node, need
not know where they come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.declarations import faults_of_port
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import same_type
from dnne_ros.node_api.ports import Port

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
"""What a topic may be called below its node; those that begin with ``_`` are the run time's."""


def has_own_ports(node_type: type[Node]) -> bool:
    """Tell whether the values of a node of this type say which ports it has."""
    return any(widget.decides_ports for widget in node_type.widgets.values())


def deciding_widgets(node_type: type[Node]) -> str:
    """Return the names of the widgets that decide ports, ``"bundle, ports"``."""
    return ", ".join(name for name, widget in node_type.widgets.items() if widget.decides_ports)


def type_with_ports(node_type: type[Node], values: Mapping[str, Any]) -> type[Node]:
    """Return the type of a node with these legal ``values``, with all ports that it has.

    That is ``node_type`` itself where no widget decides ports, else a subclass that only has more
    ports.  Raises `InputError` with all that is wrong, as `Node.ports_for` does, and for ports
    that no node can have.
    """
    if not has_own_ports(node_type):
        return node_type
    source = node_type.source_type
    ports = source.ports_for(values)
    problems = [*_misfits(source, "input", source.inputs, ports.inputs),
                *_misfits(source, "output", source.outputs, ports.outputs)]
    if problems:
        raise InputError("ports", problems)
    same = ("__module__", "__qualname__", "__doc__", "type_name", "superseded_by", "namesake_of")
    own: type[Node] = type(source.__name__, (source,), {
        name: getattr(source, name) for name in same})
    own.inputs = {**source.inputs, **{port.name: port for port in ports.inputs}}
    own.outputs = {**source.outputs, **{port.name: port for port in ports.outputs}}
    own.source_type = source
    return own


def port_changes(node_type: type[Node], values: Mapping[str, Any]) -> list[str]:
    """Return how the ports of a node would be others than ``node_type`` has, under ``values``.

    Others of the graph count on those that it was built with.
    """
    try:
        other = type_with_ports(node_type, values)
    except InputError as error:
        return [f"{error.source}: {problem}" for problem in error.problems]
    return [f"{deciding_widgets(node_type)}: expected a value with which its {side}s are "
            f"{_listed(before)}, as the graph has it, found one with {_listed(after)}; --set "
            "changes a graph's ports"
            for side, before, after in (("input", node_type.inputs, other.inputs),
                                        ("output", node_type.outputs, other.outputs))
            if not _same_ports(before, after)]


def _misfits(node_type: type[Node], side: str, declared: Mapping[str, Port],
             ports: Iterable[Port]) -> Iterator[str]:
    taken = {*declared, *node_type.widgets}
    for port in ports:
        yield from (f"{side} {port.name!r:.80}: {fault}" for fault in faults_of_port(port))
        if not isinstance(port.name, str) or not _NAME.fullmatch(port.name):
            yield (f"{side} {port.name!r:.80}: expected a name of letters, digits and underscores "
                   "that begins with a letter")
        elif port.name in taken:
            yield f"{side} {port.name!r:.80}: another port or a widget has that name"
        else:
            taken.add(port.name)


def _same_ports(one: Mapping[str, Port], other: Mapping[str, Port]) -> bool:
    return list(one) == list(other) and all(
        same_type(port.type, other[name].type) for name, port in one.items())


def _listed(ports: Mapping[str, Port]) -> str:
    return ", ".join(f"{name} ({port.type})" for name, port in ports.items()) or "none"
