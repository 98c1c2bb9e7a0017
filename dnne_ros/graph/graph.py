"""The typed graph of a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dnne_ros.graph.replicas import Replicas
from dnne_ros.graph.resources import Resources
from dnne_ros.node_api.fault_settings import default_fault_settings
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import PortType
from dnne_ros.transport.policy import EdgePolicy, WhenAbsent
from dnne_ros.workflow.records import GroupRecord, PortRef


@dataclass(frozen=True)
class GraphNode:
    """A node with its type found and its values checked.

    ``ros_name`` is relative to the graph's namespace.  ``process`` is the process that the
    file itself asks for, if any, ``resources`` what that process is to have.  ``faults`` are its
    settings of `dnne_ros.node_api.fault_settings`.  ``replicas``: it is worked on by several of
    its type; None: by one, in the event loop.  ``priority``: of the nodes of a process that have
    something to do, who has more goes first.
    """

    id: str
    type: type[Node]
    title: str
    ros_name: str
    values: Mapping[str, Any]
    position: tuple[float, float] | None = None
    size: tuple[float, float] | None = None
    process: str | None = None
    faults: Mapping[str, Any] = field(default_factory=default_fault_settings)
    resources: Resources = field(default_factory=Resources)
    replicas: Replicas | None = None
    priority: int = 0


@dataclass(frozen=True)
class Edge:
    """A checked link.

    ``implied`` ones were not drawn: an unlinked input follows another.  ``when_absent`` says what
    becomes of it when the process at its other end is gone.
    """

    source: PortRef
    target: PortRef
    type: PortType
    policy: EdgePolicy
    capacity: int
    implied: bool = False
    when_absent: WhenAbsent = WhenAbsent.WAIT


@dataclass(frozen=True)
class Graph:
    """Checked nodes and edges.

    ``namespace`` is the ROS namespace without slashes.  ``output_types`` says what flows out of
    each output; one that passes values on has the type of what it is given.  ``rewired`` are
    inputs whose link was replaced by a topic when the graph was started, with their types.
    """

    name: str
    path: str
    namespace: str
    nodes: Mapping[str, GraphNode]
    edges: tuple[Edge, ...]
    output_types: Mapping[PortRef, PortType]
    groups: tuple[GroupRecord, ...] = ()
    rewired: Mapping[PortRef, PortType] = field(default_factory=dict)

    @cached_property
    def outgoing(self) -> Mapping[str, Mapping[str, tuple[Edge, ...]]]:
        """Edges by source node id and output name."""
        return self._index("source")

    @cached_property
    def incoming(self) -> Mapping[str, Mapping[str, tuple[Edge, ...]]]:
        """Edges by target node id and input name; one edge an input."""
        return self._index("target")

    @cached_property
    def external(self) -> tuple[PortRef, ...]:
        """Inputs that subscribe to topics of other ROS nodes: unlinked or rewired ones."""
        return (*self.rewired, *(
            PortRef(node.id, port.name) for node in self.nodes.values()
            for port in node.type.inputs.values()
            if port.external and port.name not in self.incoming[node.id]
            and PortRef(node.id, port.name) not in self.rewired))

    @property
    def acting(self) -> list[str]:
        """The names of nodes whose items somebody outside of the graph obeys."""
        return [node.ros_name for node in self.nodes.values() if node.type.acts_outside]

    def external_type(self, ref: PortRef) -> PortType:
        """Return the type of what an external input takes."""
        return self.rewired.get(ref) or self.nodes[ref.node].type.inputs[ref.port].type

    def topic(self, ref: PortRef) -> str:
        """Return a port's topic, relative to the namespace: ``ppo_agent_3/policy_output``."""
        return f"{self.nodes[ref.node].ros_name}/{ref.port}"

    def full_name(self, node: GraphNode, name: str) -> str:
        """Return a name of a node's topic or service as ROS expands it, before remapping."""
        if name.startswith("/"):
            return name
        space = f"/{self.namespace}".rstrip("/")
        return f"{space}/{node.ros_name}{name[1:]}" if name.startswith("~") else f"{space}/{name}"

    def _index(self, end: str) -> dict[str, dict[str, tuple[Edge, ...]]]:
        index: dict[str, dict[str, tuple[Edge, ...]]] = {node: {} for node in self.nodes}
        for edge in self.edges:
            ref: PortRef = getattr(edge, end)
            ports = index[ref.node]
            ports[ref.port] = (*ports.get(ref.port, ()), edge)
        return index

    def edge_name(self, edge: Edge) -> str:
        """Return ``ppo_agent_3/policy_output → ppo_trainer_6/policy_output``."""
        return f"{self.topic(edge.source)} → {self.topic(edge.target)}"
