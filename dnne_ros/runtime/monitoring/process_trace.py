"""Switches the recording of a process' nodes on and off: `dnne_ros.tracing`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.graph.graph import Graph
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.tracing.parts import parts_of, remove_part
from dnne_ros.tracing.places import folder_for, own_folder
from dnne_ros.tracing.tracer import NodeTracer, Tracer

if TYPE_CHECKING:
    from dnne_ros.runtime.node.context import HostContext
    from dnne_ros.runtime.node.node_host import NodeHost


class ProcessTrace:
    """What is recorded of one process; its files are made when the first node is."""

    def __init__(self, graph: Graph, process: str, settings: RunSettings,
                 hosts: Mapping[str, NodeHost], contexts: Mapping[str, HostContext],
                 warn: Callable[[str], None]):
        """Record the nodes of ``hosts``, by id, whose parameter asks for it, now or later.

        ``warn(text)`` is told when nothing can be recorded; the graph goes on.
        """
        self._graph = graph
        self._process = process
        self._settings = settings
        self._contexts = contexts
        self._warn = warn
        self._tracer: Tracer | None = None
        self._recorded: set[str] = set()
        self._failure = ""
        for node_id, host in hosts.items():
            host.on_trace_changed = partial(self._switch, node_id)
            if host.traced:
                self._switch(node_id, True)

    def close(self) -> None:
        """Record nothing any more; the files stay."""
        for context in self._contexts.values():
            context.trace(None)
        self._end()

    def _switch(self, node_id: str, on: bool) -> None:
        tracer = self._make() if on else None
        if tracer is None:
            self._contexts[node_id].trace(None)
            self._recorded.discard(node_id)
        else:
            self._contexts[node_id].trace(
                NodeTracer(tracer, self._graph.nodes[node_id].ros_name))
            self._recorded.add(node_id)
        if not self._recorded and self._settings.trace is None:
            self._end()  # who has switched it off takes the files away

    def _end(self) -> None:
        if self._tracer is not None:
            self._tracer.close()
            self._tracer = None

    def _make(self) -> Tracer | None:
        """Return what records, made with the first node; None if that cannot be."""
        settings = self._settings
        if self._tracer is None:
            try:
                folder = _own_folder() if settings.trace is None else folder_for(settings.trace)
                self._tracer = Tracer(folder, self._process, about_graph(self._graph, settings),
                                      settings.trace_every, settings.trace_records)
            except OSError as error:
                self._fail(f"nothing is recorded: {error.filename}: {error.strerror}")
            else:
                self._failure = ""
        return self._tracer

    def _fail(self, why: str) -> None:
        """Warn once, and not for each node."""
        if why != self._failure:
            self._failure = why
            self._warn(why)


def about_graph(graph: Graph, settings: RunSettings) -> dict[str, Any]:
    """Return what what is recorded says of the graph."""
    nodes = graph.nodes

    def port(ref: Any) -> tuple[str, str]:
        return nodes[ref.node].ros_name, ref.port

    return {
        "graph": graph.namespace, "run": settings.run_id, "host": settings.host or "",
        "nodes": {node.ros_name: node.type.type_name for node in nodes.values()},
        "outside": [node.ros_name for id, node in nodes.items()
                    if not graph.incoming[id] and node.type.awaits_topic(node.values)],
        "edges": [{"name": graph.edge_name(edge), "source": port(edge.source),
                   "target": port(edge.target), "policy": edge.policy.value,
                   "capacity": edge.capacity,
                   "trains": nodes[edge.target.node].type.inputs[edge.target.port].trains}
                  for edge in graph.edges]}


def _own_folder() -> Path:
    """Return where this process records for `dnne-ros trace stop`.

    What nobody has fetched goes: whoever may set parameters could fill the disk.
    """
    folder = own_folder()
    for part in parts_of([os.getpid()], folder):
        remove_part(part)
    return folder
