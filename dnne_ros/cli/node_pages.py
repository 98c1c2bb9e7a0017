"""Writes a page about each node type from its declaration, with a workflow that uses it."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError
from dnne_ros.graph.building import build_graph, type_of
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.drawn import DrawnNode
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import deciding_widgets, has_own_ports
from dnne_ros.node_api.ports import Input, Port
from dnne_ros.node_api.widget import Widget
from dnne_ros.transport.codecs import codec_for
from dnne_ros.workflow.reading import read_workflow

INDEX = "README.md"
_MARK = "<!-- Written by dnne-ros nodes --write: change the node type's declaration instead. -->"


def node_pages(catalogue: Catalogue, examples: Sequence[Path], folder: Path) -> dict[str, str]:
    """Return the pages of all types and their index, by file name.

    ``examples`` are folders of workflows; a type's page shows the first, in order of folders and
    names, in which it occurs.  Links to them are written for pages in ``folder``.
    """
    graphs = list(_examples(catalogue, examples))
    pages = {f"{type.type_name}.md": _page(type, graphs, folder) for type in catalogue}
    pages[INDEX] = _index(catalogue)
    return pages


def write_pages(pages: Mapping[str, str], folder: Path) -> None:
    """Write the pages that changed, and remove those of types that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in pages and path.read_text(encoding="utf-8").startswith(_MARK):
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_file(path, text.encode())


class _Example(NamedTuple):
    """A workflow as it runs, and the types of the nodes that its file has, by id."""

    path: Path
    graph: Graph
    drawn: Mapping[str, type[Node] | None]


def _examples(catalogue: Catalogue, examples: Sequence[Path]) -> Iterable[_Example]:
    """Yield the workflows that this catalogue can build; others need node types of their own."""
    for folder in examples:
        if not folder.is_dir():
            raise InputError("nodes", [f"--examples {folder}: there is no such folder"])
        for path in sorted(folder.glob("*.json")):
            try:
                workflow, problems = read_workflow(path, catalogue.signature)
                graph = build_graph(workflow, catalogue, problems)
            except InputError:
                continue
            yield _Example(path, graph, {
                record.id: type_of(record, catalogue) for record in workflow.nodes})


def _page(type: type[Node], graphs: Sequence[_Example], folder: Path) -> str:
    lines = [_MARK, "", f"# {type.type_name}", "", _markdown(inspect.getdoc(type) or "")]
    names = ", ".join(f"`{name}`" for name in type.aliases)
    lines += ["", f"Category: {type.category}." + (f" Also written {names}." if names else "")]
    notes = list(_notes(type))
    if notes:
        lines += ["", *(f"- {note}" for note in notes)]
    lines += _port_table("Inputs", type.inputs.values(), _input_remarks)
    lines += _port_table("Outputs", type.outputs.values(), _remarks)
    if type.widgets:
        what_for = "They are settings of the nodes that run; `--set` takes them." \
            if issubclass(type, DrawnNode) else (
                "Each is a ROS parameter of the node; live ones may be changed while the graph "
                "runs.")
        lines += ["", "## Widgets", "", what_for, "",
                  *_table(("widget", "default", "legal", "live", "meaning"),
                          (_widget_row(name, widget) for name, widget in type.widgets.items()))]
    if not issubclass(type, DrawnNode):
        lines += ["", "Deadlines, a watchdog and what errors do are parameters of every node: "
                  "[deadlines](../deadlines.md)."]
    lines += _example(type, graphs, folder)
    return "\n".join(lines) + "\n"


def _notes(type: type[Node]) -> Iterable[str]:
    if type.superseded_by:
        yield (f"New graphs take [{type.superseded_by}]({type.superseded_by}.md). Files that name "
               "this type go on as they are, with its name on their topics.")
    if type.namesake_of:
        yield (f"Files that give it none of these ports mean "
               f"[{type.namesake_of}]({type.namesake_of}.md) by this name.")
    if issubclass(type, DrawnNode):
        yield "It does not run itself: other nodes stand for it when the graph is built."
    if has_own_ports(type):
        yield (f"Its other ports follow from {deciding_widgets(type)}; `dnne-ros nodes "
               f"{type.type_name} --set WIDGET=VALUE` lists them.")
    if type.needs_an_input:
        yield "At least one of its inputs must be linked."
    if type.fires_on_any:
        yield "It goes on with whichever linked input has something" + (
            ", if its widgets say so." if type.waits_for_all(type().values) else ".")
    if type.own_process:
        yield "It gets a process of its own unless the workflow or a placement file says another."
    if type.without_torch:
        yield "It runs where torch is not installed, too."
    if type.needs_policy_interface:
        yield "It runs only with a trained policy whose interface fits: [robots](../robot.md)."
    if type.announces_boundaries:
        yield "It announces the moments at which checkpoints are taken and runs end."


def _port_table(heading: str, ports: Iterable[Port], remarks: Callable[[Port], list[str]]
                ) -> list[str]:
    rows = [(f"`{port.name}`", _cell(str(port.type)), _message(port),
             " ".join([_cell(port.doc), *remarks(port)])) for port in ports]
    if not rows:
        return []
    return ["", f"## {heading}", "", *_table(("port", "type", "message", "meaning"), rows)]


def _message(port: Port) -> str:
    wire = port.type.wire
    return "stays in its process" if wire is None and not port.type.leaves_process else (
        "that of what arrives" if wire is None else f"`{codec_for(wire).message}`")


def _remarks(port: Port) -> list[str]:
    names = ", ".join(f"`{name}`" for name in port.aliases)
    return [f"Also written {names}."] if names else []


def _input_remarks(port: Port) -> list[str]:
    assert isinstance(port, Input)
    remarks = []
    if port.accepts_also:
        remarks.append(f"Takes {', '.join(map(str, port.accepts_also))} too.")
    if port.external:
        remarks.append("Left unlinked, it is a plain ROS subscription.")
    elif port.optional:
        remarks.append("Optional.")
    if port.follows is not None:
        remarks.append(f"Left unlinked, it follows `{port.follows[0]}` to the output "
                       f"`{port.follows[1]}` of the same node.")
    if port.policy is not None:
        remarks.append(f"Edge policy: {port.policy.value}.")
    return remarks + _remarks(port)


def _widget_row(name: str, widget: Widget) -> tuple[str, ...]:
    default = repr(widget.default) if isinstance(widget.default, str) else (
        str(widget.default).lower() if isinstance(widget.default, bool) else str(widget.default))
    return (f"`{name}`", f"`{default}`", _cell(widget.expectation),
            "live" if widget.live else "", _cell(widget.doc))


def _example(type: type[Node], examples: Sequence[_Example], folder: Path) -> list[str]:
    if issubclass(type, DrawnNode):
        return _drawn_example(type, examples, folder)
    found = next(((example, nodes) for example in examples if (nodes := [
        node.id for node in example.graph.nodes.values()
        if type.type_name in (node.type.type_name, node.type.superseded_by)])), None)
    if found is None:
        return []
    (path, graph, _), nodes = found
    shown = [graph.edge_name(edge) for edge in graph.edges
             if nodes[0] in (edge.source.node, edge.target.node)]
    lines = ["", "## In a graph", "", f"{_link(path, folder)}, in which it is "
             f"`{graph.nodes[nodes[0]].ros_name}`" + (":" if shown else ".")]
    return lines + (["", "```text", *shown, "```"] if shown else [])


def _drawn_example(type: type[Node], examples: Sequence[_Example], folder: Path) -> list[str]:
    """Return the first file with such a node, and the nodes that its graph has for it."""
    for path, graph, drawn in examples:
        for id, node_type in drawn.items():
            if node_type is type:
                parts = [f"{node.id}  {node.ros_name}" for node in graph.nodes.values()
                         if node.id.startswith(f"{id}:")]
                lines = ["", "## In a graph", "", f"{_link(path, folder)}, in which it is node "
                         f"{id}" + (", for which these run:" if parts else ".")]
                return lines + (["", "```text", *parts, "```"] if parts else [])
    return []


def _link(path: Path, folder: Path) -> str:
    link = Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    return f"[{path.name}]({link})"


def _index(catalogue: Catalogue) -> str:
    lines = [_MARK, "", "# Node types", "", "Every type that a workflow may name, with or without "
             "the ending `Node`. `dnne-ros nodes TYPE` shows the same in a terminal."]
    types = sorted(catalogue.current(), key=lambda type: (type.category, type.type_name))
    for category, members in groupby(types, key=lambda type: type.category):
        lines += ["", f"## {category.capitalize()}", "", *_type_table(members)]
    older = sorted((type for type in catalogue if type.superseded_by),
                   key=lambda type: type.type_name)
    if older:
        lines += ["", "## Older types", "", "Files that name these go on as they are; new graphs "
                  "take others.", "", *_type_table(older)]
    return "\n".join(lines) + "\n"


def _type_table(types: Iterable[type[Node]]) -> list[str]:
    return _table(("type", "what it does"), (
        (f"[{type.type_name}]({type.type_name}.md)", _cell(type.description()))
        for type in types))


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}",
            *(f"| {' | '.join(row)} |" for row in rows)]


def _markdown(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", text)


def _cell(text: str) -> str:
    return _markdown(" ".join(text.split())).replace("|", "\\|").replace("*", "\\*")
