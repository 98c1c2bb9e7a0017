"""Files that nodes read when they run, and that a package therefore takes along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dnne_ros.errors import Problems, describe
from dnne_ros.graph.graph import Graph, GraphNode

_FOLDER = "data"


@dataclass(frozen=True)
class CarriedFiles:
    """Files of a graph's nodes.

    ``data``: where each is now, by its place below the Python package.  ``named``: the place of
    the one that a widget names, by node id and widget.
    """

    data: Mapping[str, Path]
    named: Mapping[str, Mapping[str, str]]

    def moved(self, graph: Graph, package: str) -> Graph:
        """Return the graph with widgets that name their files as seen from a folder beside."""
        nodes = {id: replace(node, values={**node.values, **{
            widget: f"../{package}/{place}" for widget, place in self.named[id].items()}})
            for id, node in graph.nodes.items()}
        return replace(graph, nodes=nodes)


def carried_files(graph: Graph, problems: Problems) -> CarriedFiles:
    """Return what the graph's nodes say that a package takes along; faults go to ``problems``."""
    data: dict[str, Path] = {}
    named: dict[str, dict[str, str]] = {}
    for node in graph.nodes.values():
        named[node.id] = {}
        try:
            for widget, files in node.type.carried_files(node.values).items():
                places = _places(node, widget, files)
                data.update(places)
                named[node.id][widget] = next(iter(places))
        except Exception as error:  # of the type's own code, or a file that went away
            problems.add(f"carried_files(): {describe(error)}", node=node.id,
                         type=node.type.type_name, title=node.title)
    return CarriedFiles(data, named)


def _places(node: GraphNode, widget: str, files: Sequence[Path]) -> dict[str, Path]:
    folder = files[0].parent
    return {f"{_FOLDER}/{node.ros_name}/{widget}/{path.relative_to(folder).as_posix()}": path
            for path in files}
