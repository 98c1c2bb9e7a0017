"""The format that the editor saves: nodes on a canvas, a table of links, positional widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.canvas import read_groups, read_pair
from dnne_ros.workflow.records import OPTIONS, LinkRecord, NodeRecord, PortRef, Workflow
from dnne_ros.workflow.shown import shown
from dnne_ros.workflow.signature import SignatureLookup
from dnne_ros.workflow.ui_canvas import read_ui_canvas
from dnne_ros.workflow.ui_node import Part, UiNode
from dnne_ros.workflow.ui_slots import Role
from dnne_ros.workflow.ui_sources import REPORTED, Sources
from dnne_ros.workflow.ui_values import Values
from dnne_ros.workflow.ui_wires import Wire, connect


def is_ui_format(document: Any) -> bool:
    """Tell whether a JSON value looks like a file saved by the editor."""
    return isinstance(document, dict) and isinstance(document.get("nodes"), list)


def parse_ui(document: Mapping[str, Any], name: str, path: str, signature_of: SignatureLookup,
             problems: Problems) -> Workflow:
    """Return what a UI file says; what is wrong goes to ``problems``."""
    canvas = read_ui_canvas(document, signature_of, problems)
    wires = connect(canvas, problems)
    sources = Sources(canvas, wires, problems)
    values = Values(canvas, wires, sources, problems)
    links, cut = _data_links(wires, sources, problems)
    return Workflow(
        name=name, path=path, links=tuple(links), groups=read_groups(document.get("groups")),
        nodes=tuple(_record(node, values.of(node), problems)
                    for node in canvas.nodes.values() if node.part is Part.ACTIVE),
        cut=cut)


def _data_links(wires: list[Wire], sources: Sources, problems: Problems
                ) -> tuple[list[LinkRecord], dict[PortRef, str]]:
    """Return the links between ports of nodes that run, and the inputs that are cut off."""
    links, cut = [], {}
    for wire in wires:
        if wire.target.part is not Part.ACTIVE or wire.input.role is not Role.PORT:
            continue
        source, target = sources.of(wire), PortRef(wire.target.id, wire.input.name)
        if source.wire is None:
            cut[target] = source.gap
        elif source.wire.source.part is Part.ACTIVE:
            origin = source.wire
            links.append(LinkRecord(PortRef(origin.source.id, origin.output.name), target))
        elif source.wire is not wire and source.wire.source.part is Part.PRIMITIVE:
            cut[target] = f"its link begins at {source.wire.source}, which can only set widgets"
        else:
            cut[target] = REPORTED
            wire.target.report(
                problems, f"expected data from a node that runs, found {source.wire.source}, "
                          "which can only set widgets", port=wire.input.name)
    return links, cut


def _record(node: UiNode, values: Mapping[str, Any], problems: Problems) -> NodeRecord:
    properties = node.raw.get("properties")
    options = properties.get(OPTIONS, {}) if isinstance(properties, dict) else {}
    if not isinstance(options, dict):
        node.report(problems, f'expected properties["{OPTIONS}"] to be an object, found '
                              f"{shown(options)}")
        options = {}
    place = read_pair(node.raw.get("pos"))
    return NodeRecord(
        id=node.id, type=node.type, title=node.title, widgets=values,
        position=None if place is None else (place[0] + node.shift[0], place[1] + node.shift[1]),
        size=read_pair(node.raw.get("size")), options=options, declared=node.declared)
