"""The format that the editor saves: nodes on a canvas, a table of links, positional widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.canvas import read_groups, read_pair
from dnne_ros.workflow.node_head import read_id
from dnne_ros.workflow.records import LinkRecord, NodeRecord, PortRef, Workflow
from dnne_ros.workflow.shown import shown
from dnne_ros.workflow.signature import SignatureLookup
from dnne_ros.workflow.ui_link import read_ui_links
from dnne_ros.workflow.ui_node import Part, UiNode, read_ui_nodes
from dnne_ros.workflow.ui_slots import Role
from dnne_ros.workflow.ui_sources import Sources
from dnne_ros.workflow.ui_widgets import read_ui_widgets
from dnne_ros.workflow.ui_wires import Wire, connect

OPTIONS = "dnne_ros"


def is_ui_format(document: Any) -> bool:
    """Tell whether a JSON value looks like a file saved by the editor."""
    return isinstance(document, dict) and isinstance(document.get("nodes"), list)


def parse_ui(document: Mapping[str, Any], name: str, path: str, signature_of: SignatureLookup,
             problems: Problems) -> Workflow:
    """Return what a UI file says; what is wrong goes to ``problems``."""
    nodes = read_ui_nodes(
        document["nodes"], signature_of, _subgraph_names(document), problems)
    links = read_ui_links(document.get("links"), problems)
    wires = connect(nodes, links, problems)
    sources = Sources(wires, problems)
    values = {node.id: read_ui_widgets(node, problems)
              for node in nodes.values() if node.part is Part.ACTIVE}
    records = []
    for wire in wires:
        # Followed even when a reroute is at the end, which finds loops that reach no other node.
        origin = sources.origin(wire)
        if origin is None or wire.target.part is not Part.ACTIVE:
            continue
        if wire.input.role is Role.WIDGET:
            _give_value(origin.source, wire, values[wire.target.id], problems)
        elif origin.source.part is Part.PRIMITIVE:
            wire.target.report(
                problems, f"expected data from a node that runs, found {origin.source}, which "
                          "can only set widgets", port=wire.input.name)
        else:
            records.append(LinkRecord(PortRef(origin.source.id, origin.output.name),
                                      PortRef(wire.target.id, wire.input.name)))
    return Workflow(
        name=name, path=path, links=tuple(records), groups=read_groups(document.get("groups")),
        nodes=tuple(_record(node, values[node.id], problems)
                    for node in nodes.values() if node.part is Part.ACTIVE))


def _subgraph_names(document: Mapping[str, Any]) -> dict[str, str]:
    definitions = document.get("definitions")
    entries = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    names: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else []:
        id_ = read_id(entry.get("id")) if isinstance(entry, dict) else None
        if id_ is not None:
            name = entry.get("name")
            names[id_] = name if isinstance(name, str) and name else id_
    return names


def _give_value(source: UiNode, wire: Wire, values: dict[str, Any], problems: Problems) -> None:
    """Set the widget at the end of ``wire`` to the value of the PrimitiveNode ``source``."""
    node, name = wire.target, wire.input.name
    if source.part is not Part.PRIMITIVE:
        node.report(problems, f"expected a constant for this widget, found a link from {source}: "
                              "only a PrimitiveNode may be linked to a widget", port=name)
        return
    saved = source.raw.get("widgets_values")
    candidates = list(saved.values()) if isinstance(saved, dict) else saved
    if not isinstance(candidates, list) or not candidates:
        source.report(problems, "expected a value in widgets_values, found "
                                f"{shown(saved)}; {node} takes its {name!r} from here")
    elif node.signature and any(widget.name == name for widget in node.signature.widgets):
        values[name] = candidates[0]


def _record(node: UiNode, values: Mapping[str, Any], problems: Problems) -> NodeRecord:
    properties = node.raw.get("properties")
    options = properties.get(OPTIONS, {}) if isinstance(properties, dict) else {}
    if not isinstance(options, dict):
        node.report(problems, f'expected properties["{OPTIONS}"] to be an object, found '
                              f"{shown(options)}")
        options = {}
    return NodeRecord(
        id=node.id, type=node.type, title=node.title, widgets=values,
        position=read_pair(node.raw.get("pos")), size=read_pair(node.raw.get("size")),
        options=options)
