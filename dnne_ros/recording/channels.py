"""The channels of a recording: what of a graph goes where, the same in each of its processes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.port_types import PortType
from dnne_ros.recording.node_log import rows_codec
from dnne_ros.transport.codecs import BytesCodec, StringCodec, codec_for
from dnne_ros.workflow.records import PortRef

ALL = "all"
_MOST = 2**16 - 1


@dataclass(frozen=True)
class RecordedPort:
    """An output, or an input from outside of the graph, and the channel of its items."""

    channel: int
    ref: PortRef
    topic: str
    """Relative to the graph's namespace."""
    type: PortType


@dataclass(frozen=True)
class Changes:
    """An input whose values its node changes, a model that it trains; the changes are recorded."""

    channel: int
    ref: PortRef
    topic: str
    type: PortType


@dataclass(frozen=True)
class Channels:
    """Which channel everything has: ids follow from the graph, so no process has to ask."""

    outputs: dict[PortRef, RecordedPort]
    external: dict[PortRef, RecordedPort]
    changes: dict[PortRef, Changes]
    logs: dict[str, int]
    """Of each node, by id."""
    parameters: dict[str, int]
    schemas: dict[str, int]
    """Of each message type."""

    @classmethod
    def of(cls, graph: Graph, names: str) -> Channels:
        """Return the channels of a graph of which the outputs ``names`` are recorded, or all.

        ``names``: nodes and outputs (``agent_3/policy_output``) with commas; `InputError` for
        others than there are.
        """
        ids = count(1)
        wanted = _wanted(graph, names)
        outputs = {
            ref: RecordedPort(next(ids), ref, graph.topic(ref), type)
            for ref, type in graph.output_types.items()
            if type.wire is not None and (wanted is None or ref in wanted)}
        external = {
            ref: RecordedPort(next(ids), ref, graph.topic(ref), graph.external_type(ref))
            for ref in graph.external}
        changes = {
            edge.target: Changes(next(ids), edge.target, f"{graph.topic(edge.target)}/_updates",
                                 edge.type)
            for edge in graph.edges if changes_come_back(graph, edge.target)}
        messages = {BytesCodec.message, StringCodec.message, rows_codec().message, *(
            codec_for(port.type.sent_as()).message
            for port in (*outputs.values(), *external.values()))}
        found = cls(outputs, external, changes, {id: next(ids) for id in graph.nodes},
                    {id: next(ids) for id in graph.nodes},
                    {message: id for id, message in enumerate(sorted(messages), 1)})
        if next(ids) > _MOST:
            raise InputError("--record", [f"a file has at most {_MOST:,} channels, which are less "
                                          "than the graph has outputs; name some: --record-edges"])
        return found


def changes_come_back(graph: Graph, ref: PortRef) -> bool:
    """Tell whether the node of an input changes what comes to it, and its owner is to know."""
    edge = graph.incoming[ref.node][ref.port][0]
    return edge.type.feedback and graph.nodes[ref.node].type.inputs[ref.port].trains


def digest(change: bytes) -> int:
    """Return by what a change of a model is known: 63 bits of its contents."""
    return int.from_bytes(hashlib.blake2b(change, digest_size=8).digest(), "little") >> 1


def _wanted(graph: Graph, names: str) -> set[PortRef] | None:
    if names == ALL:
        return None
    by_name: dict[str, Sequence[PortRef]] = {}
    for id, node in graph.nodes.items():
        refs = [PortRef(id, port) for port in node.type.outputs]
        by_name[node.ros_name] = refs
        by_name.update({graph.topic(ref): [ref] for ref in refs})
    given = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in given if name not in by_name]
    if unknown or not given:
        raise InputError("--record-edges", [
            f"expected {ALL}, or some of {', '.join(by_name)}; found "
            f"{', '.join(f'{name!r:.80}' for name in unknown) or 'none'}"])
    objects = [name for name in given
               if by_name[name] and not any(_is_message(graph, ref) for ref in by_name[name])]
    if objects:
        raise InputError("--record-edges", [
            f"{name} gives objects and no messages, which no file holds: the node runs again in a "
            "replay" for name in objects])
    return {ref for name in given for ref in by_name[name]}


def _is_message(graph: Graph, ref: PortRef) -> bool:
    return ref in graph.output_types and graph.output_types[ref].wire is not None
