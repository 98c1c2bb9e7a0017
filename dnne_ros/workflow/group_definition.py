"""The definition of a group node as that of a subgraph: what it holds, and what shows outside.

Which inner ports and widgets a group node shows, how they are called and in which order its values
come follows from its definition alone, by the rules of ComfyUI's editor.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dnne_ros.workflow.canvas import read_pair
from dnne_ros.workflow.group_ports import REROUTE, InnerNode, InnerPort, type_at
from dnne_ros.workflow.node_head import read_slot
from dnne_ros.workflow.shown import shown
from dnne_ros.workflow.ui_definitions import INPUT_DOOR, OUTPUT_DOOR
from dnne_ros.workflow.ui_link import FIELDS

_NAMESPACE = uuid.UUID("b9b0f3a2-5d0a-5c57-9a55-6d6e6e650000")
_IN, _OUT = int(INPUT_DOOR), int(OUTPUT_DOOR)
_WIDE = 400.0
"""Pixels between the nodes' left edges and a door."""
_INACTIVE = (2, 4)

Place = tuple[int, int]
"""A slot: the place of its node in the definition, or its node's id; and its own."""
GroupLink = tuple[int, int, int, int]
"""From a node and a slot to a node and a slot."""


def group_id(name: str) -> str:
    """Return the id of the subgraph that a group node of this name becomes."""
    return str(uuid.uuid5(_NAMESPACE, name))


def damage(raw: Any) -> str:
    """Return what is wrong with a definition; '' for one that can be read."""
    if not isinstance(raw, dict):
        return f"is {shown(raw)}, not an object"
    nodes, links, external = (raw.get(key) for key in ("nodes", "links", "external"))
    if not isinstance(nodes, list):
        return f"holds no list of nodes, but {shown(nodes)}"
    for index, node in enumerate(nodes):
        if not isinstance(node, dict) or not isinstance(node.get("type"), str):
            found = node.get("type") if isinstance(node, dict) else node
            return f"has {shown(found)} for its node {index}, not an object with a type"
    for key, entries in (("links", links), ("external", external)):
        if not isinstance(entries, (list, type(None))):
            return f"has {shown(entries)} for its {key}, not a list"
    for index, link in enumerate(links or ()):
        if not isinstance(link, list) or len(link) < 4:
            return f"has {shown(link)} for its link {index}, not [node, slot, node, slot]"
        for end in (link[0], link[2]):
            if end is not None and (read_slot(end) is None or end >= len(nodes)):
                return f"has link {index} to node {shown(end)} of {len(nodes)}"
        if read_slot(link[1]) is None or read_slot(link[3]) is None:
            return f"has link {index} with the slots {shown(link[1])} and {shown(link[3])}"
    return ""


@dataclass
class GroupDefinition:
    """A group node's definition, its ``nodes`` read.

    ``inputs`` and ``outputs`` are what it shows; of the inputs, widgets come behind the ports, in
    the order of its values.
    """

    name: str
    raw: Mapping[str, Any]
    nodes: Sequence[InnerNode]
    inputs: list[InnerPort] = field(default_factory=list)
    outputs: list[InnerPort] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Find what it shows."""
        self._links: list[GroupLink] = [
            (link[0], link[1], link[2], link[3]) for link in self.raw.get("links") or ()
            if link[0] is not None and link[2] is not None]
        self._given = {link[:2] for link in self._links}
        self._fed = {link[2:]: link[:2] for link in self._links}
        self._external = {(each[0], each[1]): each[2] if len(each) > 2 else "*"
                          for each in self.raw.get("external") or ()
                          if isinstance(each, list) and len(each) > 1
                          and read_slot(each[0]) is not None and read_slot(each[1]) is not None}
        self._places: dict[str, list[Place]] = {"inputs": [], "outputs": []}
        shows = [node for node in self.nodes if self._shows(node)]
        for node in shows:
            if node.type == REROUTE:
                type_ = self._reroute_type(node)
                node.ports, node.outputs = [InnerPort(type_, type_, 0)], [
                    InnerPort(type_, type_, 0)]
        self._show_inputs(shows)
        self._show_outputs(shows)

    def _shows(self, node: InnerNode) -> bool:
        place = node.index, 0
        if node.is_primitive:
            return place in self._given or place in self._external
        return node.type != REROUTE or not (place in self._fed and place in self._given
                                            and place not in self._external)

    def _reroute_type(self, node: InnerNode) -> str:
        place = node.index, 0
        found: Any = self._external.get(place)
        for link in reversed(self._links):
            if link[:2] == place:
                found = type_at(self.nodes[link[2]].entry["inputs"], link[3])
            elif link[2:] == place and place not in self._given:
                found = type_at(self.nodes[link[0]].entry["outputs"], link[1])
        return found if isinstance(found, str) else "*"

    def _config(self, node: InnerNode, side: str, key: str) -> Mapping[str, Any]:
        found: Any = self.raw.get("config")
        for step in (str(node.index), side, key):
            found = found.get(step) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _show_inputs(self, nodes: Iterable[InnerNode]) -> None:
        seen: dict[str, int] = {}
        ports: list[tuple[str, InnerNode, InnerPort]] = []
        widgets: list[tuple[str, InnerNode, InnerPort]] = []
        later = []
        for node in nodes:
            for widget in node.widgets:
                if widget.listed:
                    later.append((node, widget))
                else:
                    widgets.append((self._input_name(node, widget, seen), node, widget))
            for port in node.ports:
                if (node.index, port.slot) in self._fed:
                    continue
                name = self._input_name(node, port, seen)
                if self._config(node, "input", port.name).get("visible") is not False:
                    ports.append((name, node, port))
        # Widgets that were turned into inputs come last, node by node, as they were turned.
        later.sort(key=lambda each: (each[0].index, each[1].slot))
        widgets += [(self._input_name(node, widget, seen), node, widget) for node, widget in later
                    if (node.index, widget.slot) not in self._fed]
        for name, node, port in [*ports, *widgets]:
            self._places["inputs"].append((node.index, port.slot))
            self.inputs.append(port._replace(name=name, slot=len(self.inputs)))

    def _input_name(self, node: InnerNode, port: InnerPort, seen: dict[str, int]) -> str:
        given = self._config(node, "input", port.name).get("name")
        name = given if isinstance(given, str) else node.label("inputs", port)
        key = name
        if (node.is_primitive and node.entry.get("title")) or name in seen:
            key = name = f"{node.title} {port.name}"
            if name in seen:
                name = f"{node.title} {seen[name]} {port.name}"
        seen[key] = seen.get(key, 1) + 1
        return name

    def _show_outputs(self, nodes: Iterable[InnerNode]) -> None:
        seen: set[str] = set()
        for node in nodes:
            for port in node.outputs:
                place = node.index, port.slot
                config = self._config(node, "output", str(port.slot))
                if not config.get("visible", place not in self._given or place in self._external):
                    continue
                given = config.get("name")
                name = label = given if isinstance(given, str) and given \
                    else node.label("outputs", port)
                if name in seen:
                    name = f"{node.title} {label}"
                if name in seen:
                    name = f"{node.title} {node.index} {label}"
                seen.add(name)
                self._places["outputs"].append(place)
                self.outputs.append(port._replace(name=name, slot=len(self.outputs)))

    def as_subgraph(self, id: str) -> dict[str, Any]:
        """Return it as an entry of ``definitions.subgraphs``.

        What a primitive node gives comes in from outside: it is no node of the subgraph.
        """
        primitives = {(node.index, 0): None if node.entry["mode"] in _INACTIVE else (
            _IN, self._places["inputs"].index((node.index, 0)))
            for node in self.nodes if node.is_primitive and self._shows(node)}
        ends: list[tuple[Place, Place, str]] = []

        def numbered(place: Place) -> Place:
            return self.nodes[place[0]].id, place[1]

        def origin(place: Place) -> Place | None:
            return primitives[place] if place in primitives else numbered(place)

        for port, place in zip(self.inputs, self._places["inputs"], strict=True):
            if place not in primitives:
                ends.append(((_IN, port.slot), numbered(place), port.type))
        ends += [(source, numbered(one[2:]),
                  type_at(self.nodes[one[0]].entry["outputs"], one[1]))
                 for one in self._links if (source := origin(one[:2]))]
        ends += [(source, (_OUT, port.slot), port.type)
                 for port, place in zip(self.outputs, self._places["outputs"], strict=True)
                 if (source := origin(place))]
        links = [dict(zip(FIELDS, (number, *source, *target, type_), strict=True))
                 for number, (source, target, type_) in enumerate(ends, start=1)]
        nodes = [node.entry for node in self.nodes if not node.is_primitive]
        _tell_links(nodes, links)
        return {
            "id": id, "version": 1, "revision": 0, "config": {}, "name": self.name,
            "state": {"lastGroupId": 0, "lastLinkId": len(links), "lastRerouteId": 0,
                      "lastNodeId": max((node.id for node in self.nodes), default=0)},
            "inputNode": {"id": _IN, "bounding": _beside(nodes, -1)},
            "outputNode": {"id": _OUT, "bounding": _beside(nodes, 1)},
            "inputs": self._ends("origin", self.inputs, links),
            "outputs": self._ends("target", self.outputs, links),
            "widgets": [], "nodes": nodes, "groups": [], "links": links, "extra": {}}

    def _ends(self, side: str, ports: Iterable[InnerPort], links: Iterable[Mapping[str, Any]]
              ) -> list[dict[str, Any]]:
        door = _IN if side == "origin" else _OUT
        return [{"id": str(uuid.uuid5(_NAMESPACE, f"{self.name}/{side}/{port.slot}")),
                 "name": port.name, "type": port.type,
                 "linkIds": [link["id"] for link in links if (
                     link[f"{side}_id"], link[f"{side}_slot"]) == (door, port.slot)]}
                for port in ports]


def _tell_links(nodes: Iterable[Mapping[str, Any]], links: Iterable[Mapping[str, Any]]) -> None:
    """Write into the slots of ``nodes`` which links they have."""
    taken = {(link["target_id"], link["target_slot"]): link["id"] for link in links}
    given: dict[Place, list[int]] = {}
    for link in links:
        given.setdefault((link["origin_id"], link["origin_slot"]), []).append(link["id"])
    for node in nodes:
        for slot, each in enumerate(node["inputs"]):
            if isinstance(each, dict):
                each["link"] = taken.get((node["id"], slot))
        for slot, each in enumerate(node["outputs"]):
            if isinstance(each, dict):
                each["links"] = given.get((node["id"], slot))


def _beside(nodes: Iterable[Mapping[str, Any]], side: int) -> list[float]:
    """Return where a door is: to the left (-1) or to the right (1) of the nodes."""
    places = [place for node in nodes for place in [read_pair(node.get("pos"))] if place] or [
        (0.0, 0.0)]
    edge = max(x for x, _ in places) + _WIDE if side > 0 else min(x for x, _ in places) - _WIDE
    return [edge, min(y for _, y in places), 120.0, 60.0]
