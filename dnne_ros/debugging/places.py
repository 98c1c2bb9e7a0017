"""Places of a graph where items are looked at: nodes, ports and edges, by their names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dnne_ros.errors import InputError

_ARROW = re.compile(r"\s*(?:->|→)\s*")
INPUT, OUTPUT = "input", "output"

Spot = tuple[str, str, str]
"""A node's name, its port, and the direction of that."""


@dataclass(frozen=True)
class PlacedNode:
    """A node by name, with its linked inputs and its outputs; ``others`` are names of it, too.

    ``held`` are inputs that hold one value, so that no items come.
    """

    name: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    held: Sequence[str] = ()
    others: Sequence[str] = ()


@dataclass(frozen=True)
class Place:
    """Some spots under one name; of ``anywhere``, those of all nodes."""

    text: str
    spots: frozenset[Spot] = field(default_factory=frozenset)


class Places:
    """What can be named in one graph."""

    def __init__(self, nodes: Sequence[PlacedNode], edges: Mapping[tuple[str, str],
                                                                   tuple[str, str]]):
        """Know ``nodes``, and by the node and port of each input where it comes from."""
        self._nodes = {node.name: node for node in nodes}
        self._called: dict[str, list[PlacedNode]] = {}
        for node in nodes:
            for name in {node.name, *node.others}:
                self._called.setdefault(name, []).append(node)
        self._sources = edges

    def find(self, text: str) -> Place:
        """Return the place that is meant; `InputError` with the nearest names.

        ``""`` is anywhere: each input.  A node is all its inputs, or its outputs if it has no
        inputs; ``node/port`` is a port, ``a/out -> b/in`` an edge; ``-> b/in`` and ``a/out ->``
        say of which direction a port is.
        """
        text = text.strip()
        if not text:
            return Place("", frozenset(
                spot for node in self._nodes.values() for spot in _of_node(node)
                if spot[2] == INPUT))
        halves = _ARROW.split(text)
        if len(halves) > 2:
            raise _refusal(f"expected NODE, NODE/PORT or NODE/PORT -> NODE/PORT, found "
                           f"{text!r:.80}")
        if len(halves) == 1:
            return self._node_or_port(text)
        source, target = halves
        if not source:
            return self._port(target, INPUT)
        return self._edge(source, target) if target else self._port(source, OUTPUT)

    def edge_of(self, spot: Spot) -> str:
        """Return the edge that ends at an input, or "" for another spot."""
        source = self._sources.get(spot[:2]) if spot[2] == INPUT else None
        return f"{source[0]}/{source[1]} → {spot[0]}/{spot[1]}" if source else ""

    def _node_or_port(self, text: str) -> Place:
        if text.startswith("/"):  # with the graph's namespace, as ROS' tools show it
            parts = text.strip("/").split("/")
            text = "/".join(parts[-1:] if parts[-1] in self._called else parts[-2:])
        if text in self._called or "/" not in text.strip("/"):
            node = self._node(text)
            spots = frozenset(_of_node(node))
            if not spots:
                raise _refusal(f"{node.name} has no items to look at: its inputs hold one value")
            return Place(node.name, spots)
        node, port = self._split(text)
        directions = [direction for direction, ports in (
            (INPUT, (*node.inputs, *node.held)), (OUTPUT, node.outputs)) if port in ports]
        if len(directions) == 2:
            raise _refusal(f"{node.name} has an input and an output {port}: write "
                           f"'-> {node.name}/{port}' or '{node.name}/{port} ->'")
        return self._port(text, directions[0] if directions else "")

    def _port(self, text: str, direction: str) -> Place:
        node, port = self._split(text)
        ports = {INPUT: (*node.inputs, *node.held), OUTPUT: tuple(node.outputs),
                 "": (*node.inputs, *node.outputs)}[direction]
        if port not in ports:
            kind = f"linked {direction}" if direction == INPUT else direction or "linked port"
            raise _refusal(f"{node.name} has no {kind} {port!r:.60}; {_nearest(port, ports)}")
        if direction == INPUT and port in node.held:
            raise _refusal(f"{node.name}/{port} holds one value, so no items come there")
        arrow = f"→ {node.name}/{port}" if direction == INPUT else f"{node.name}/{port} →"
        return Place(arrow, frozenset({(node.name, port, direction)}))

    def _edge(self, source: str, target: str) -> Place:
        found = self._port(target, INPUT)
        (spot,) = found.spots
        node, port = self._split(source)
        actual = self._sources.get(spot[:2])
        if actual != (node.name, port):
            comes = f"comes from {'/'.join(actual)}" if actual else "has no edge: it is a topic's"
            raise _refusal(f"there is no edge from {node.name}/{port} to {spot[0]}/{spot[1]}, "
                           f"which {comes}")
        return Place(self.edge_of(spot), found.spots)

    def _split(self, text: str) -> tuple[PlacedNode, str]:
        name, slash, port = text.strip().strip("/").rpartition("/")
        if not slash:
            raise _refusal(f"expected NODE/PORT, found {text!r:.80}")
        return self._node(name), port

    def _node(self, name: str) -> PlacedNode:
        name = name.strip().strip("/").rpartition("/")[2]
        found = self._called.get(name, [])
        if len(found) == 1:
            return found[0]
        if found:
            raise _refusal(f"{name!r} is several nodes: {', '.join(node.name for node in found)}")
        raise _refusal(f"there is no node {name!r:.60}; {_nearest(name, self._nodes)}")


def _of_node(node: PlacedNode) -> list[Spot]:
    if node.inputs or node.held:
        return [(node.name, port, INPUT) for port in node.inputs]
    return [(node.name, port, OUTPUT) for port in node.outputs]


def _nearest(name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    if near:
        return f"the nearest: {', '.join(near)}"
    return f"there are {', '.join(known)}"[:300] if known else "there are none"


def _refusal(message: str) -> InputError:
    return InputError("place", [message])
