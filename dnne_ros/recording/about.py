"""What a recording says of the run that it is of, beside items: attachments and metadata."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mcap.records import Attachment, Channel, McapRecord, Metadata, Schema

from dnne_ros.durable_files import read_below, read_file
from dnne_ros.graph.graph import Graph, GraphNode
from dnne_ros.node_api.port_types import PortType
from dnne_ros.recording.channels import Channels
from dnne_ros.recording.encoding import encoded
from dnne_ros.recording.node_log import rows_codec
from dnne_ros.recording.schemas import definition
from dnne_ros.transport.codecs import BytesCodec, StringCodec, codec_for
from dnne_ros.workflow.records import PortRef

FORMAT = "1"
RUN, NODE = "dnne_ros/run", "dnne_ros/node"
"""The names of metadata: of the run, and of each node."""
WORKFLOW, CHECKPOINT = "workflow.json", "checkpoint/"
"""The names of attachments: the workflow, and what those of a checkpoint's files begin with."""
OUTPUT, EXTERNAL, CHANGES, LOG, PARAMETERS = "output", "external", "changes", "log", "parameters"
"""What the items of a channel are, as its metadata says."""
_PACKAGES = ("dnne_ros", "torch", "numpy", "mujoco", "ros-rclpy")


def head_of(graph: Graph, run: Mapping[str, str], checkpoint: str | None) -> bytes:
    """Return what the first file of a recording begins with.

    ``run``: what is to be said of the run.  ``checkpoint``: a directory with the state that it
    begins with.  OSError if the workflow or the checkpoint cannot be read.
    """
    now = time.time_ns()
    about = {"format": FORMAT, "graph": graph.namespace, "name": graph.name, "path": graph.path,
             "python": platform.python_version(), **dict(_versions()), **run}
    records: list[McapRecord] = [Metadata(RUN, about)]
    workflow = Path(graph.path)
    if workflow.is_file():
        records.append(Attachment(now, now, WORKFLOW, "application/json", read_file(workflow)))
    if checkpoint is not None:
        records += [Attachment(now, now, CHECKPOINT + path, "application/octet-stream",
                               read_below(Path(checkpoint), path))
                    for path in _files_below(Path(checkpoint))]
    return encoded(*records)


def definitions_of(graph: Graph, channels: Channels, namespace: str, process: str,
                   values: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return what a file is told of the nodes of a process, by id with their ``values``.

    ``namespace``: of the graph, as remapping left it, with a slash before it.
    """
    records: list[McapRecord] = []
    schemas = _Schemas(channels.schemas, records)
    space = namespace.rstrip("/")

    def add(id: int, topic: str, message: str, **about: str) -> None:
        records.append(Channel(id, f"{space}/{topic}", "cdr", about, schemas.id(message)))

    for node_id in values:
        node = graph.nodes[node_id]
        records.append(Metadata(f"{NODE}/{node.ros_name}",
                                _about_node(graph, node, process, values[node_id])))
        for ref, port in channels.outputs.items():
            if ref.node == node_id:
                add(port.channel, port.topic, codec_for(port.type.sent_as()).message,
                    node=node.ros_name, port=ref.port, of=OUTPUT, type=str(port.type))
        for ref, port in channels.external.items():
            if ref.node == node_id:
                add(port.channel, port.topic, codec_for(port.type.sent_as()).message,
                    node=node.ros_name, port=ref.port, of=EXTERNAL, type=str(port.type))
        for ref, changes in channels.changes.items():
            if ref.node == node_id:
                add(changes.channel, changes.topic, BytesCodec.message,
                    node=node.ros_name, port=ref.port, of=CHANGES, type=str(changes.type))
        add(channels.logs[node_id], f"{node.ros_name}/_log", rows_codec().message,
            node=node.ros_name, of=LOG)
        add(channels.parameters[node_id], f"{node.ros_name}/_parameters", StringCodec.message,
            node=node.ros_name, of=PARAMETERS)
    return encoded(*records)


class _Schemas:
    """The schemas of a file, each before its first channel."""

    def __init__(self, ids: Mapping[str, int], records: list[McapRecord]):
        """Add those that are asked for to ``records``; ``ids`` by message type."""
        self._ids = ids
        self._records = records
        self._added: set[str] = set()

    def id(self, message: str) -> int:
        """Return the id of a message type."""
        id = self._ids[message]
        if message not in self._added:
            self._added.add(message)
            self._records.append(Schema(id, definition(message).encode(), "ros2msg", message))
        return id


def ports_of(graph: Graph, node: GraphNode) -> dict[str, Any]:
    """Return the ports of a node as JSON values: types, and where inputs come from."""
    def arriving(port: str) -> dict[str, str]:
        ref = PortRef(node.id, port)
        if port in graph.incoming[node.id]:
            edge = graph.incoming[node.id][port][0]
            return {"type": str(edge.type), "from": graph.topic(edge.source)}
        return {"type": str(graph.external_type(ref)), "from": ""}

    linked = [*graph.incoming[node.id],
              *(ref.port for ref in graph.external if ref.node == node.id)]
    return {"inputs": {port: arriving(port) for port in sorted(linked)},
            "outputs": {port: {"type": str(type)}
                        for port, type in sorted(_outputs(graph, node).items())}}


def _outputs(graph: Graph, node: GraphNode) -> dict[str, PortType]:
    return {ref.port: type for ref, type in graph.output_types.items() if ref.node == node.id}


def _about_node(graph: Graph, node: GraphNode, process: str, values: Mapping[str, Any]
                ) -> dict[str, str]:
    return {"id": node.id, "type": node.type.type_name, "title": node.title, "process": process,
            "values": json.dumps(dict(values)), "ports": json.dumps(ports_of(graph, node))}


def _versions() -> Iterator[tuple[str, str]]:
    for package in _PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def _files_below(top: Path) -> Iterator[str]:
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield str(path.relative_to(top))
