"""Files that nodes read when they run, and that a package therefore takes along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dnne_ros.errors import Problems, describe
from dnne_ros.exporting.package_data import data_files
from dnne_ros.graph.graph import Graph, GraphNode

_FOLDER = "data"


@dataclass(frozen=True)
class CarriedFiles:
    """Files of a graph's nodes.

    ``data``: where each is now, by its place below the Python package.  ``named``: the place of
    what a widget names, by node id and widget.
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
    """Return what widgets of the graph's nodes name; faults go to ``problems``."""
    data: dict[str, Path] = {}
    named: dict[str, dict[str, str]] = {}
    for node in graph.nodes.values():
        named[node.id] = {}
        try:
            told = node.type.carried_files(node.values)
            for name, widget in node.type.widgets.items():
                if widget.file and node.values[name]:
                    place, files = _copies(node, name, told.get(name))
                    named[node.id][name] = place
                    data.update(files)
        except Exception as error:  # of the type's own code, or a file that went away
            problems.add(f"carried_files(): {describe(error)}", node=node.id,
                         type=node.type.type_name, title=node.title)
    return CarriedFiles(data, named)


def _copies(node: GraphNode, widget: str, told: Iterable[Path] | None
            ) -> tuple[str, dict[str, Path]]:
    """Return the place of what a widget names, and its files by theirs; OSError without any."""
    source = Path(node.values[widget]).expanduser().absolute()
    folder = source if source.is_dir() else source.parent
    files = told if told is not None else data_files(source).values() if source.is_dir() \
        else [source]
    place = f"{_FOLDER}/{node.ros_name}/{widget}"
    found = {f"{place}/{path.absolute().relative_to(folder).as_posix()}": path for path in files}
    for path in found.values():
        path.stat()
    return place if source.is_dir() else f"{place}/{source.name}", found
