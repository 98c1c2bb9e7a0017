"""Node types as ComfyUI's front end asks for them: the answer to ``/object_info``.

Also each alias that files may name is there, marked as old: the front end drops the type of a node
that it does not know, and its search leaves out what is old.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.number_inputs import number_options
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import deciding_widgets, has_own_ports
from dnne_ros.node_api.port_types import AnyValue, PortType
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.workflow.constants import CONSTANTS, VALUE

_OWN_MODULE = "dnne_ros"
_KINDS = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}

Definition = dict[str, Any]


def object_info(catalogue: Catalogue) -> dict[str, Definition]:
    """Return the definition of each node type of a catalogue, by all names it goes by."""
    info = {}
    for name, node_type in catalogue.names().items():
        old = name != node_type.type_name or bool(node_type.superseded_by)
        info[name] = define(node_type, name, catalogue, deprecated=old)
    for name, signature in CONSTANTS.items():
        info.setdefault(name, _constant(name, signature.outputs[0].type))
    return info


def define(node_type: type[Node], name: str, catalogue: Catalogue, *, deprecated: bool = False
           ) -> Definition:
    """Return what the front end knows of a node type under one of its names."""
    ports = {port.name: _port(port, catalogue) for port in node_type.inputs.values()}
    # Under such a name another program saves a node whose widgets mean nothing here.
    widgets = {} if name in node_type.foreign_widgets else {
        each: _widget(widget) for each, widget in node_type.widgets.items()}
    optional = {each: ports[each] for each, port in node_type.inputs.items() if port.optional}
    required = {each: port for each, port in ports.items() if each not in optional} | widgets
    outputs = list(node_type.outputs.values())
    return {
        "name": name, "display_name": name,
        "description": _description(node_type),
        "category": node_type.category,
        "python_module": f"custom_nodes.{_package(node_type)}",
        "input": {"required": required, "optional": optional},
        "input_order": {"required": list(required), "optional": list(optional)},
        "output": [output_type(port) for port in outputs],
        "output_name": [port.name for port in outputs],
        "output_tooltips": [port.doc for port in outputs],
        "output_is_list": [False] * len(outputs),
        "output_node": not outputs,
        "deprecated": deprecated,
        "search_aliases": list(node_type.aliases),
    }


def _constant(name: str, kind: str) -> Definition:
    """Return the definition of a node that holds one value for widgets of others."""
    value = Widget({"INT": 0, "FLOAT": 0.0, "BOOLEAN": False}.get(kind, ""), "The value.")
    return {
        "name": name, "display_name": name, "category": "values", "deprecated": False,
        "description": "Hold one value for widgets of other nodes.",
        "python_module": f"custom_nodes.{_OWN_MODULE}", "output_node": False,
        "input": {"required": {VALUE: _widget(value)}, "optional": {}},
        "input_order": {"required": [VALUE], "optional": []},
        "output": [kind], "output_name": [kind], "output_tooltips": [""],
        "output_is_list": [False]}


def output_type(port: Output) -> str:
    """Return an output's type; one that passes on what comes in may be linked anywhere."""
    return "*" if isinstance(port.type, AnyValue) else port.type.name


def input_type(port: Input, known: Iterable[PortType]) -> str:
    """Return all types that an input takes: the front end links equal names only."""
    if type(port.type) is AnyValue:
        return "*"
    own = [type.name for type in (port.type, *port.accepts_also)]
    taken = [type.name for type in known if not isinstance(type, AnyValue) and port.accepts(type)]
    return ",".join(dict.fromkeys([name for name in own if name in taken] + taken)) or own[0]


def _port(port: Input, catalogue: Catalogue) -> list[Any]:
    # Without forceInput, a port of numbers or texts would be drawn as a widget.
    return [input_type(port, catalogue.port_types), {"tooltip": port.doc, "forceInput": True}]


def _widget(widget: Widget) -> list[Any]:
    options: dict[str, Any] = {"default": widget.default, "tooltip": _tooltip(widget)}
    if widget.choices:
        return [list(widget.choices), options]
    if widget.kind in (int, float):
        options |= number_options(widget)
    return [_KINDS[widget.kind], options]


def _tooltip(widget: Widget) -> str:
    """Say what a widget means, what it takes, and what becomes of a change in a run."""
    live = "may change in a run" if widget.live else f"fixed in a run: {widget.fixed_because}"
    needed = "; must be given" if widget.required else ""
    return f"{widget.doc} ({widget.expectation}{needed}; {live})".strip()


def _description(node_type: type[Node]) -> str:
    text = inspect.getdoc(node_type) or ""
    if node_type.superseded_by:
        text += f"\n\nNew graphs take {node_type.superseded_by}."
    if has_own_ports(node_type):
        text += f"\n\nIts other ports follow from {deciding_widgets(node_type)}."
    return text


def _package(node_type: type[Node]) -> str:
    return node_type.source_type.__module__.partition(".")[0] or _OWN_MODULE


def joint_types(info: Mapping[str, Definition]) -> set[str]:
    """Return all names of types, joint ones too, that the ports of these definitions have."""
    return {spec[0] for definition in info.values()
            for group in definition["input"].values() for spec in group.values()
            if isinstance(spec[0], str) and spec[1].get("forceInput")} | {
        name for definition in info.values() for name in definition["output"]}
