"""Copies of the files that nodes read: what widgets name that are declared with ``carried``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dnne_ros.errors import Problems
from dnne_ros.exporting.package_data import data_files
from dnne_ros.graph.graph import Graph, GraphNode
from dnne_ros.node_api.carried_files import SCHEME, carried_path

FOLDER = "carried"


def carry(graph: Graph, package: str, problems: Problems) -> tuple[Graph, dict[str, bytes]]:
    """Return the graph as the package runs it, and the files to put below its Python package.

    What cannot be read goes into ``problems``.
    """
    files: dict[str, bytes] = {}
    nodes = {}
    for id, node in graph.nodes.items():
        values = dict(node.values)
        for name, widget in node.type.widgets.items():
            if widget.carried and values[name]:
                try:
                    place, copies = _copies(node, values[name])
                except (OSError, ValueError) as error:
                    problems.add(f"cannot be carried: {error}", node=id, title=node.title,
                                 type=node.type.type_name, port=f"widget {name!r}")
                    continue
                files |= copies
                values[name] = f"{SCHEME}{package}/{place}"
        nodes[id] = replace(node, values=values)
    return replace(graph, nodes=nodes), files


def _copies(node: GraphNode, named: str) -> tuple[str, dict[str, bytes]]:
    """Return where the copy of a file or folder is, and its files by their place."""
    source = carried_path(named).absolute()
    place = f"{FOLDER}/{node.ros_name}/{source.name}"
    found: dict[str, Path] = data_files(source) if source.is_dir() else {"": source}
    return place, {f"{place}/{name}".rstrip("/"): path.read_bytes()
                   for name, path in found.items()}
