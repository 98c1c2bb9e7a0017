"""A drawing of a workflow that has none: the API format has no places, and no list of slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError
from dnne_ros.graph.building import type_of
from dnne_ros.graph.own_ports import found_files, name_ports
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import has_own_ports, type_with_ports
from dnne_ros.workflow.records import OPTIONS, LinkRecord, NodeRecord, Workflow

_WIDTH, _TITLE, _ROW = 280.0, 60.0, 24.0
_GAP_X, _GAP_Y = 120.0, 60.0
_ACTIVE = 0


def draw_canvas(workflow: Workflow, catalogue: Catalogue) -> dict[str, Any]:
    """Return a UI file of a workflow's nodes, links, values and options.

    Nodes without a place stand in columns, each to the right of what it takes from.
    """
    return _Drawing(workflow, catalogue).draw()


class _Drawing:
    def __init__(self, workflow: Workflow, catalogue: Catalogue):
        self._types = {node.id: found for node in workflow.nodes
                       if (found := _type_of(node, catalogue, workflow.path)) is not None}
        # An API file may know an output by its place alone.
        self._workflow = name_ports(workflow, self._types, lambda *_: None)
        self._numbers = _numbered([node.id for node in workflow.nodes])
        self._inputs = {node.id: self._ports(node.id, "inputs") for node in workflow.nodes}
        self._outputs = {node.id: self._ports(node.id, "outputs") for node in workflow.nodes}

    def draw(self) -> dict[str, Any]:
        """Return the file."""
        links = list(enumerate(self._workflow.links, start=1))
        sizes = {node.id: self._size(node.id) for node in self._workflow.nodes}
        places = _columns(sizes, self._workflow.links)
        nodes = [self._node(node, node.position or places[node.id], node.size or sizes[node.id],
                            order, links)
                 for order, node in enumerate(self._workflow.nodes)]
        return {
            "id": self._workflow.name, "revision": 0,
            "last_node_id": max(self._numbers.values(), default=0), "last_link_id": len(links),
            "nodes": nodes,
            "links": [[number, *self._ends(link), self._type_of(link)] for number, link in links],
            "groups": [], "config": {}, "extra": {}, "version": 0.4}

    def _ports(self, id: str, side: str) -> dict[str, str]:
        """Return a node's ports with their types: declared ones, and others that links name."""
        node_type = self._types.get(id)
        ports = {} if node_type is None else {
            port.name: port.type.name for port in getattr(node_type, side).values()}
        for link in self._workflow.links:
            end = link.target if side == "inputs" else link.source
            if end.node == id:
                ports.setdefault(end.port, "*")
        return ports

    def _ends(self, link: LinkRecord) -> list[int]:
        return [self._numbers[link.source.node],
                list(self._outputs[link.source.node]).index(link.source.port),
                self._numbers[link.target.node],
                list(self._inputs[link.target.node]).index(link.target.port)]

    def _type_of(self, link: LinkRecord) -> str:
        return self._outputs[link.source.node][link.source.port]

    def _size(self, id: str) -> tuple[float, float]:
        node_type = self._types.get(id)
        widgets = 0 if node_type is None else len(node_type.widgets)
        rows = max(len(self._inputs[id]), len(self._outputs[id])) + widgets
        return _WIDTH, _TITLE + _ROW * rows

    def _node(self, node: NodeRecord, place: Sequence[float], size: Sequence[float], order: int,
              links: Sequence[tuple[int, LinkRecord]]) -> dict[str, Any]:
        taken = {link.target.port: number for number, link in links
                 if link.target.node == node.id}
        given: dict[str, list[int]] = defaultdict(list)
        for number, link in links:
            if link.source.node == node.id:
                given[link.source.port].append(number)
        return {
            "id": self._numbers[node.id], "type": node.declared or node.type,
            **({"title": node.title} if node.title else {}),
            "pos": list(place), "size": list(size), "flags": {}, "order": order, "mode": _ACTIVE,
            "inputs": [{"name": name, "type": kind, "link": taken.get(name)}
                       for name, kind in self._inputs[node.id].items()],
            "outputs": [{"name": name, "type": kind, "links": given.get(name)}
                        for name, kind in self._outputs[node.id].items()],
            "properties": {OPTIONS: dict(node.options)} if node.options else {},
            "widgets_values_named": dict(node.widgets)}


def _type_of(node: NodeRecord, catalogue: Catalogue, path: str) -> type[Node] | None:
    """Return a node's type with all of its ports; None where nobody knows them."""
    found = type_of(node, catalogue)
    if found is None or not has_own_ports(found):
        return found
    values = found_files(found, found(node.widgets).values, path)
    try:
        return type_with_ports(found, values)
    except InputError:  # told when the drawing is checked
        return None


def _numbered(ids: Sequence[str]) -> dict[str, int]:
    """Return the number of each node: its own id, if that is one."""
    numbers = {id: int(id) for id in ids if id.isascii() and id.isdigit()}
    free = max(numbers.values(), default=0)
    for id in ids:
        if id not in numbers:
            free += 1
            numbers[id] = free
    return numbers


def _columns(sizes: Mapping[str, tuple[float, float]], links: Sequence[LinkRecord]
             ) -> dict[str, tuple[float, float]]:
    """Return places: a node's column is the first one behind what leads to it first."""
    following: dict[str, list[str]] = defaultdict(list)
    for link in links:
        following[link.source.node].append(link.target.node)
    fed = {link.target.node for link in links}
    column: dict[str, int] = {}
    for start in sorted(sizes, key=lambda id: id in fed):  # those that nothing feeds come first
        ahead = [] if start in column else [(start, 0)]
        for id, depth in ahead:  # which grows meanwhile: breadth first
            if id not in column:
                column[id] = depth
                ahead += [(each, depth + 1) for each in following[id]]
    places: dict[str, tuple[float, float]] = {}
    heights: dict[int, float] = defaultdict(float)
    for id, (width, height) in sizes.items():
        places[id] = (column[id] * (width + _GAP_X), heights[column[id]])
        heights[column[id]] += height + _GAP_Y
    return places
