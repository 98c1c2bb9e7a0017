"""The graph of a drawing, checked as ``dnne-ros check`` does, and where to show what it does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.graph import Graph, GraphNode
from dnne_ros.graph.names import to_ros_name
from dnne_ros.parameter_files.ros_arguments import absolute_namespace
from dnne_ros.workflow.reading import parse_workflow
from dnne_ros.workflow.ui_format import is_ui_format

_UNNAMED = "unsaved_workflow"


@dataclass(frozen=True)
class DrawnGraph:
    """A checked drawing; ``file`` is the one that it is of, or would be.

    ``ros_args`` are what its run is given from ``--ros-args`` on.
    """

    document: Mapping[str, Any]
    file: Path
    graph: Graph = field(repr=False)
    ros_args: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Return the file's name without its ending."""
        return self.file.stem

    @property
    def namespace(self) -> str:
        """Return the ROS namespace of its run."""
        return absolute_namespace(self.ros_args, self.graph)

    def full_name(self, node: GraphNode, name: str = "~") -> str:
        """Return a name of a node of its run as ROS expands it; that of the node itself."""
        if name.startswith("/"):
            return name
        space = self.namespace.rstrip("/")
        return f"{space}/{node.ros_name}{name[1:]}" if name.startswith("~") else f"{space}/{name}"

    @cached_property
    def shown_at(self) -> Mapping[str, str]:
        """Return at which node of the drawing each node that runs is shown, by their ids.

        What a node of the drawing is short for runs as nodes with ids of their own, such as
        ``26:trainer``.
        """
        drawn = _ids(self.document)
        return {id: _nearest(id, drawn) for id in self.graph.nodes}

    @cached_property
    def id_of(self) -> Mapping[str, str]:
        """Return the ids of nodes by their ROS names."""
        return {node.ros_name: id for id, node in self.graph.nodes.items()}

    def written(self, folder: Path) -> list[str]:
        """Write the drawing into ``folder`` and return the words of a command that runs it."""
        file = folder / f"{self.name}.json"
        file.write_text(json.dumps(self.document), encoding="utf-8")
        return [str(file), *(f"--set={each}" for each in self.found_files())]

    def found_files(self) -> list[str]:
        """Return, as ``NODE.WIDGET=VALUE``, files that are beside the drawing's own.

        A run reads a copy of the drawing, beside which they are not.
        """
        found = []
        for id, node in self.graph.nodes.items():
            for name, widget in node.type.widgets.items():
                value = node.values.get(name)
                if widget.file and value and Path(str(value)).is_relative_to(self.file.parent):
                    found.append(f"{id}.{name}={value}")
        return found


def check_drawing(document: Any, file: Path, catalogue: Catalogue, ros_args: Sequence[str] = ()
                  ) -> DrawnGraph:
    """Return the graph of what the front end holds; `InputError` with all that is wrong."""
    if not is_ui_format(document):
        raise InputError(file.name, ["is no drawing: expected an object with nodes"])
    workflow, problems = parse_workflow(document, file.stem, str(file), catalogue.signature)
    return DrawnGraph(document, file, build_graph(workflow, catalogue, problems), ros_args)


def file_of(name: str, folder: Path) -> Path:
    """Return which file of ``folder`` a drawing's tab means; its name becomes a namespace."""
    path = (folder / name).resolve() if name and "\0" not in name else folder
    if path == folder or not path.is_relative_to(folder) or not to_ros_name(path.stem):
        path = folder / _UNNAMED
    return path.with_suffix(".json")


def _ids(document: Mapping[str, Any]) -> set[str]:
    return {str(node.get("id")) for node in document["nodes"] if isinstance(node, dict)}


def _nearest(id: str, drawn: set[str]) -> str:
    """Return the id, or what it begins with if that is drawn and it is not.

    Of a node inside a subgraph the front end knows the whole id.
    """
    host, _, inner = id.rpartition(":")
    if id in drawn or not host or (inner.isdigit() and host.partition(":")[0] in drawn):
        return id
    return _nearest(host, drawn)
