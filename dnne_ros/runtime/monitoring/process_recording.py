"""Records what goes through the nodes of a process: `dnne_ros.recording`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Graph
from dnne_ros.options.first_states import first_directory
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.recording.about import definitions_of, head_of
from dnne_ros.recording.channels import Channels
from dnne_ros.recording.ends import RecordedInput, RecordedOutput
from dnne_ros.recording.node_log import Kind, NodeLog, Shows
from dnne_ros.recording.recorder import Recorder
from dnne_ros.recording.shared_file import SharedFile
from dnne_ros.runtime.edges.input_port import HeldInput
from dnne_ros.transport.codecs import StringCodec, codec_for
from dnne_ros.transport.item_source import ItemSource
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.workflow.records import PortRef

if TYPE_CHECKING:
    import asyncio

    from dnne_ros.runtime.node.node_host import NodeHost


@dataclass(frozen=True)
class NodeRecording:
    """Writes down what one node takes and goes by."""

    node_id: str
    graph: Graph
    channels: Channels
    recorder: Recorder
    log: NodeLog
    rests: Iterator[int] = field(default_factory=partial(count, 1))
    """Numbers for the times that the node rests by a clock."""

    def inputs(self, sources: Mapping[str, ItemSource]) -> dict[str, ItemSource]:
        """Return inputs that record, in the places of ``sources``."""
        return {port: self._input(PortRef(self.node_id, port), source)
                for port, source in sources.items()}

    def note_began(self) -> None:
        """Write down that the node is made, or made anew."""
        self.log.note(Kind.BEGAN, 0, 0)

    def note_clock(self, what: Shows, shown_ns: int) -> None:
        """Write down what a clock shows the node."""
        self.log.note(Kind.CLOCK, what, shown_ns)

    def note_woke(self, rest: int) -> None:
        """Write down that the node has woken up from one of its ``rests``."""
        self.log.note(Kind.WOKE, 0, rest)

    def note_boundary(self, saves: bool) -> None:
        """Write down a boundary that the node announces."""
        self.log.note(Kind.BOUNDARY, 0, saves)

    def _input(self, ref: PortRef, source: ItemSource) -> ItemSource:
        type = self.graph.nodes[ref.node].type
        port = type.inputs[ref.port]
        edges = self.graph.incoming[ref.node].get(ref.port, ())
        in_order = not edges or (edges[0].policy is EdgePolicy.LOSSLESS and port.priority is None)
        return RecordedInput(source, self.log, list(type.inputs).index(ref.port),
                             held=isinstance(source, HeldInput), in_order=in_order,
                             on_taken=self._on_taken(ref))

    def _on_taken(self, ref: PortRef) -> Callable[[int, Any], None] | None:
        """Return what records that nobody else does: what comes from outside, and changes."""
        if external := self.channels.external.get(ref):
            encode, pack = codec_for(external.type.sent_as()).encode, external.type.pack
            return lambda number, value: self.recorder.add(
                external.channel, number, encode(pack(value)))
        if changes := self.channels.changes.get(ref):
            encode, numbers = codec_for(changes.type.sent_as()).encode, iter(range(1, 2**63))
            return lambda _, value: value.on_change(lambda change: self.recorder.add(
                changes.channel, next(numbers), encode(changes.type.pack_update(change))))
        return None


class ProcessRecording:
    """The part of a run's recording that one process writes."""

    def __init__(self, graph: Graph, process: str, settings: RunSettings,
                 hosts: Mapping[str, NodeHost], values: Mapping[str, Mapping[str, Any]],
                 loop: asyncio.AbstractEventLoop, on_failed: Callable[[str], object],
                 warn: Callable[[str], object]):
        """Record the nodes of ``hosts``, by id, with the ``values`` of their widgets.

        ``on_failed(text)`` is told when nothing can be recorded any more.  `InputError` if it
        cannot begin.
        """
        assert settings.record is not None  # or nobody would record
        path = Path(settings.record)
        self._graph = graph
        self._channels = channels = Channels.of(graph, settings.record_edges)
        self._drops = settings.record_drop
        self._warn = warn
        self._path = path
        namespace = next(iter(hosts.values())).get_namespace()
        run = {"run": settings.run_id, "seed": str(settings.seed),
               "inference": json.dumps(settings.inference),
               "new_episodes": json.dumps(settings.new_episodes), "namespace": namespace,
               "edges": settings.record_edges}
        try:
            file = SharedFile(
                path, settings.run_id,
                lambda: head_of(graph, run, first_directory(graph, settings)),
                definitions_of(graph, channels, namespace, process, values), settings.split)
        except OSError as error:
            raise InputError(f"--record {path}", [f"{error.filename}: {error.strerror}"]) from None
        self._recorder = Recorder(
            file, loop, lambda error: on_failed(f"{error.filename}: {error.strerror}"))
        self._outputs: dict[PortRef, RecordedOutput] = {}
        self._nodes = {id: NodeRecording(id, graph, channels, self._recorder,
                                         self._recorder.log(channels.logs[id])) for id in hosts}
        for id, host in hosts.items():
            host.on_widget_changed = partial(self._note_parameter, id, iter(range(1, 2**63)))

    def recorded(self, ref: PortRef) -> RecordedOutput | None:
        """Return what takes the items of an output, too; None: they are not recorded."""
        port = self._channels.outputs.get(ref)
        if port is None:
            return None
        place = list(self._graph.nodes[ref.node].type.outputs).index(ref.port)
        self._outputs[ref] = RecordedOutput(self._recorder, port.channel, port.type,
                                            self._nodes[ref.node].log, place, drops=self._drops)
        return self._outputs[ref]

    def of_node(self, node_id: str) -> NodeRecording:
        """Return what records a node."""
        return self._nodes[node_id]

    def close(self) -> None:
        """Write the rest."""
        self._recorder.close()
        for ref, output in self._outputs.items():
            if output.dropped:
                self._warn(f"{self._path}: {output.dropped:,} items of {self._graph.topic(ref)} "
                           "are not in the recording: the disk was slower than the graph")

    def _note_parameter(self, node_id: str, numbers: Any, name: str, value: Any) -> None:
        number = next(numbers)
        self._recorder.add(self._channels.parameters[node_id], number,
                           StringCodec().encode(json.dumps({"name": name, "value": value})))
        self._nodes[node_id].log.note(Kind.PARAMETER, 0, number)
