"""``dnne-ros nodes``: the catalogue of node types."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from dnne_ros.cli.node_pages import node_pages, write_pages
from dnne_ros.cli.output import say
from dnne_ros.errors import InputError, Problems
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import deciding_widgets, has_own_ports, type_with_ports
from dnne_ros.node_api.ports import Port
from dnne_ros.node_api.widget import WidgetError, missing_values
from dnne_ros.options.workflow_arguments import NODES, load_catalogue


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "nodes", help="list the node types, or describe one",
        description="List the node types, describe the ports and widgets of one, or write a "
                    "page about each.",
        epilog="examples: dnne-ros nodes PPOTrainerNode; dnne-ros nodes LeappPolicy --set "
               "bundle=walker.yaml; dnne-ros nodes --write docs/nodes --examples config/workflows "
               "--examples docs/examples")
    parser.add_argument("type", nargs="?", metavar="TYPE", help="a node type to describe")
    parser.add_argument("--write", metavar="FOLDER",
                        help="write a page (Markdown) about each type into a folder")
    parser.add_argument("--examples", metavar="FOLDER", action="append", default=[],
                        help="with --write: a folder of workflows to show the types in")
    parser.add_argument("--set", metavar="WIDGET=VALUE", action="append", default=[],
                        help="with TYPE: a value that says which ports a node has")
    NODES.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the list or the description, or write the pages."""
    catalogue = load_catalogue(options.nodes)
    if options.write is not None:
        folder = Path(options.write)
        pages = node_pages(catalogue, [Path(each) for each in options.examples], folder)
        write_pages(pages, folder)
        say(f"{len(pages)} pages in {folder}")
        return 0
    if options.type is None:
        by_category = sorted(catalogue.current(), key=lambda type: (type.category, type.type_name))
        for category, types in groupby(by_category, key=lambda type: type.category):
            say(category)
            for type in types:
                say(f"  {type.type_name:<22} {type.description()}")
        return 0
    node_type = catalogue.find(options.type)
    if node_type is None:
        nearest = " or ".join(catalogue.nearest(options.type))
        hint = f"; did you mean {nearest}?" if nearest else ""
        raise InputError("nodes", [f"unknown node type {options.type!r}{hint}"])
    if options.set:
        values = checked_values(node_type, options.set, "nodes")
        say(describe(type_with_ports(node_type, values)))
        return 0
    say("\n\n".join(map(describe, (node_type, *catalogue.namesakes(node_type)))))
    return 0


def checked_values(node_type: type[Node], settings: Sequence[str], source: str,
                   **given: str) -> dict[str, Any]:
    """Return the values of a node's widgets, some ``given`` and some as ``WIDGET=VALUE``.

    Raises `InputError` of ``source`` with all that is wrong.
    """
    values, problems = node_type(given).values, Problems(source)
    for setting in settings:
        name, _, text = setting.partition("=")
        widget = node_type.widgets.get(name)
        try:
            if widget is None:
                raise WidgetError(f"no such widget; there are {', '.join(node_type.widgets)}")
            values[name] = widget.parse(text)
        except WidgetError as error:
            problems.add(f"--set {setting}: {error}")
    for message in (*missing_values(node_type.widgets, values),
                    *node_type.validate_parameters(values)):
        problems.add(message)
    problems.raise_if_any()
    return values


def describe(node_type: type[Node]) -> str:
    """Return a page about a node type: documentation, inputs, outputs, widgets."""
    lines = [node_type.type_name, "", inspect.getdoc(node_type) or ""]
    if node_type.superseded_by:
        lines += ["", f"superseded by {node_type.superseded_by}"]
    if has_own_ports(node_type) and node_type is node_type.source_type:
        lines += ["", f"its other ports follow from {deciding_widgets(node_type)}: see --set"]
    for heading, ports in (("inputs", node_type.inputs), ("outputs", node_type.outputs)):
        if ports:
            lines += ["", heading]
            lines += [_port_line(port) for port in ports.values()]
    if node_type.widgets:
        lines += ["", "widgets (ROS parameters; * may change while the graph runs)"]
        for name, widget in node_type.widgets.items():
            mark = "*" if widget.live else " "
            lines.append(
                f" {mark}{name} = {widget.default!r}  {widget.doc} ({widget.expectation})")
    return "\n".join(lines)


def _port_line(port: Port) -> str:
    optional = "?" if getattr(port, "optional", False) else ""
    known_as = f" (also: {', '.join(port.aliases)})" if port.aliases else ""
    return f"  {port.name}{optional}: {port.type}  {port.doc}{known_as}"
