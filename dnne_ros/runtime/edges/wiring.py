"""Connects the nodes of one process: local edges inside, DDS topics to the other processes."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from dnne_ros.graph.graph import Edge, Graph
from dnne_ros.placement.placement import Placement
from dnne_ros.runtime.coordination.replication import accept_updates, send_updates, update_topic
from dnne_ros.runtime.coordination.ros_bus import RosBus
from dnne_ros.runtime.edges.input_port import ExternalInput, HeldInput
from dnne_ros.runtime.edges.local_end import LocalEnd
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.edges.public_topic import DrawnEdge, PublicTopic, public_codec
from dnne_ros.runtime.edges.restarts import Restarts
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.external_reader import ExternalReader
from dnne_ros.transport.item_source import ItemSource
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import DEFAULT_CAPACITY
from dnne_ros.transport.process_endpoint import CHANNELS, ProcessEndpoint, network_channels
from dnne_ros.transport.qos import data_qos
from dnne_ros.transport.remote_reader import RemoteReader
from dnne_ros.transport.remote_writer import RemoteWriter
from dnne_ros.transport.stats import CountingEnd
from dnne_ros.workflow.records import PortRef

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode
    from rclpy.qos import QoSProfile

    from dnne_ros.recording.ends import RecordedOutput
    from dnne_ros.runtime.event_loop import RosSelector
    from dnne_ros.runtime.node.node_host import NodeHost


class Recording(Protocol):
    """What records the items of a process: `dnne_ros.runtime.monitoring.process_recording`."""

    def recorded(self, ref: PortRef) -> RecordedOutput | None:
        """Return what takes the items of an output, too; None: nobody does."""
        ...


@dataclass
class Wiring:
    """The ends of edges in one process, by port."""

    speaker: RosNode
    """Whose the topics between processes are."""
    endpoint: ProcessEndpoint
    inputs: dict[PortRef, ItemSource] = field(default_factory=dict)
    outputs: dict[PortRef, OutputPort] = field(default_factory=dict)
    local: dict[str, LocalEdge] = field(default_factory=dict)
    readers: dict[str, RemoteReader] = field(default_factory=dict)
    writers: list[RemoteWriter] = field(default_factory=list)
    external: dict[str, ExternalReader] = field(default_factory=dict)
    seen: list[DrawnEdge | PublicTopic] = field(default_factory=list)
    """What tools see of edges."""
    restarts: Restarts | None = None

    def close(self) -> None:
        """Close the channels between processes and give back the shared memory."""
        for reader in self.readers.values():
            reader.close()
        for end in self.seen:
            end.close()
        if self.restarts is not None:
            self.restarts.close()
        self.endpoint.close()

    def together(self) -> AbstractContextManager[None]:
        """Let what is sent within a ``with`` block travel in one packet to each other process."""
        return self.endpoint.departures if self.writers else nullcontext()

    def drop(self, consumer: Consumer) -> None:
        """Go on without a consumer in another process that is gone."""
        next(writer for writer in self.writers if consumer in writer.consumers).drop(consumer)

    def edge_reports(self, graph: Graph) -> list[dict[str, Any]]:
        """Return the counters of each edge that this process sees an end of."""
        policies = {graph.edge_name(edge): edge.policy.value for edge in graph.edges}
        policies.update({name: reader.policy.value for name, reader in self.external.items()})
        ends: list[tuple[str, CountingEnd]] = [
            *self.local.items(), *self.readers.items(), *self.external.items()]
        ends += [(consumer.edge, consumer)
                 for writer in self.writers for consumer in writer.consumers]
        return [{"name": name, "policy": policies[name], "transport": end.transport,
                 **end.stats.as_dict()} for name, end in ends]


def wire(graph: Graph, placement: Placement, hosts: Mapping[str, NodeHost], speaker: RosNode,
         files: RosSelector, run_id: str = "", key: bytes = b"", respawn: bool = False,
         memory: str = "", several_hosts: bool = False, recording: Recording | None = None
         ) -> Wiring:
    """Make both ends of every edge that touches a node in ``hosts`` (by node id).

    ``speaker`` has the topics between processes.
    ``files`` is the event loop's selector; ``run_id`` is the same in all processes of a run,
    as is ``key``, which nobody else knows.
    ``respawn``: this process may be killed, and started again if it is `restartable`; what it is
    to know then is kept in memory under ``memory``, which the processes of this machine share.
    ``several_hosts``: some of the other processes are on other machines.  ``recording`` takes
    what it records, as a further consumer.
    """
    wiring = Wiring(speaker, ProcessEndpoint(
        files, run_id, key, network_channels(key) if several_hosts else CHANNELS))
    _load_modules(graph, hosts)
    for edge in graph.edges:
        if edge.source.node in hosts and edge.target.node in hosts:
            name = graph.edge_name(edge)
            wiring.local[name] = LocalEdge(name, edge.policy, edge.capacity,
                                           _priority(graph, edge))
    restarts = wiring.restarts = Restarts(graph, placement, hosts, memory, respawn)
    for node_id, host in hosts.items():
        for port in graph.nodes[node_id].type.outputs:
            ref = PortRef(node_id, port)
            recorded = None if recording is None else recording.recorded(ref)
            wiring.outputs[ref] = _output(graph, placement, host, ref, wiring, restarts, recorded)
        for port, edges in graph.incoming[node_id].items():
            wiring.inputs[PortRef(node_id, port)] = _input(
                graph, placement, host, edges[0], wiring, restarts)
            wiring.seen += _draw(graph, host, edges[0])
    for ref in graph.external:
        if ref.node in hosts:
            wiring.inputs[ref] = _external_input(
                graph, hosts[ref.node], ref, wiring)
    return wiring


def _load_modules(graph: Graph, hosts: Mapping[str, NodeHost]) -> None:
    """Import what values are made of, or converted with: the first one would hold up the loop."""
    types = [edge.type for edge in graph.edges
             if edge.source.node in hosts or edge.target.node in hosts]
    types += [graph.external_type(ref) for ref in graph.external if ref.node in hosts]
    for module in {module for type in types for module in type.modules}:
        importlib.import_module(module)


def _topic_qos(graph: Graph, ref: PortRef) -> QoSProfile:
    """Return the profile of an output's public topic."""
    edges = graph.outgoing[ref.node].get(ref.port, ())
    if not edges:
        return data_qos({graph.output_types[ref].policy}, DEFAULT_CAPACITY)
    return data_qos({edge.policy for edge in edges}, max(edge.capacity for edge in edges))


def _output(graph: Graph, placement: Placement, host: NodeHost, ref: PortRef, wiring: Wiring,
            restarts: Restarts, recorded: RecordedOutput | None) -> OutputPort:
    edges = graph.outgoing[ref.node].get(ref.port, ())
    # What records comes first: what it cannot take is then given to nobody.
    local: list[LocalEnd] = [] if recorded is None else [recorded]
    local += [wiring.local[graph.edge_name(edge)] for edge in edges if not placement.crosses(edge)]
    remote = [edge for edge in edges if placement.crosses(edge)]
    type = graph.output_types.get(ref)
    declared = graph.nodes[ref.node].type.outputs[ref.port].type
    if type is None or (type.wire is None and not edges):
        return OutputPort(type or declared, local, None, None, None)
    codec = public_codec(type)
    publisher = host.advertise(ref.port, codec, _topic_qos(graph, ref), within=bool(edges))
    topic = PublicTopic(host, publisher, Counter(
        f"{host.get_namespace().rstrip('/')}/{graph.nodes[edge.target.node].ros_name}"
        for edge in edges))
    wiring.seen.append(topic)
    writer = None
    if remote:
        writer = RemoteWriter(wiring.speaker, host.topic(ref.port), [
            Consumer(_input_name(graph, edge), graph.edge_name(edge), edge.policy, edge.capacity,
                     placement.process_of(edge.target.node), edge.when_absent)
            for edge in remote], wiring.endpoint, restarts.of_output(ref))
        restarts.follow(ref, writer)
        wiring.writers.append(writer)
    output = OutputPort(type, local, topic, codec, writer)
    if recorded is not None:
        recorded.number = lambda: output.number
    for edge in remote:
        if _sends_back(graph, edge):
            assert writer is not None  # there is a remote edge
            writer.on_feedback = accept_updates(
                RosBus(wiring.speaker, wiring.endpoint.key),
                update_topic(graph, edge), type, lambda: output.newest,
                host.get_logger().warning, None if recorded is None else recorded.note_update)
    return output


def _draw(graph: Graph, host: NodeHost, edge: Edge) -> list[DrawnEdge]:
    """Show an edge that ends at ``host``, if its source has a topic."""
    type = graph.output_types.get(edge.source)
    if type is None:
        return []
    return [DrawnEdge(host, graph.topic(edge.source), public_codec(type).message_type())]


def _sends_back(graph: Graph, edge: Edge) -> bool:
    target = graph.nodes[edge.target.node].type.inputs[edge.target.port]
    return edge.type.feedback and target.trains


def _input(graph: Graph, placement: Placement, host: NodeHost, edge: Edge, wiring: Wiring,
           restarts: Restarts) -> ItemSource:
    name = graph.edge_name(edge)
    if name in wiring.local:
        source: ItemSource = wiring.local[name]
    else:
        codec, type = codec_for(edge.type.sent_as()), edge.type
        siblings = graph.outgoing[edge.source.node][edge.source.port]
        reader = RemoteReader(
            wiring.speaker, _input_name(graph, edge), graph.topic(edge.source),
            lambda message: type.unpack(codec.decode(message)), wiring.endpoint, edge.policy,
            edge.capacity,
            max(sibling.capacity for sibling in siblings if placement.crosses(sibling)),
            _priority(graph, edge),
            placement.process_of(edge.source.node), edge.when_absent,
            same_clock=placement.host_of(placement.process_of(edge.source.node))
            == placement.host_of(placement.process_of(edge.target.node)))
        restarts.join(edge.target, reader)
        wiring.readers[name] = reader
        source = reader
        if _sends_back(graph, edge):
            return HeldInput(source, send_updates(
                RosBus(wiring.speaker, wiring.endpoint.key), update_topic(graph, edge), edge.type,
                reader))
    # The target decides: a merge passes on a model once, it does not hold it.
    held = graph.nodes[edge.target.node].type.inputs[edge.target.port].type.held
    return HeldInput(source) if held else source


def _external_input(graph: Graph, host: NodeHost, ref: PortRef, wiring: Wiring
                    ) -> ItemSource:
    port = graph.nodes[ref.node].type.inputs[ref.port]
    type = graph.external_type(ref)
    codec = codec_for(type.sent_as())
    reader = ExternalReader(host, graph.topic(ref), codec, port.policy or type.policy,
                            DEFAULT_CAPACITY)
    wiring.external[f"{reader.topic} → {graph.topic(ref)}"] = reader
    source = ExternalInput(reader, codec, type, host.get_logger())
    return HeldInput(source) if port.type.held else source


def _priority(graph: Graph, edge: Edge) -> Callable[[Any], float] | None:
    return graph.nodes[edge.target.node].type.inputs[edge.target.port].priority


def _input_name(graph: Graph, edge: Edge) -> str:
    return graph.topic(edge.target)
