"""What the nodes of a process need so that another process may take its place without a loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from dnne_ros.errors import PeerError
from dnne_ros.graph.graph import Graph
from dnne_ros.placement.placement import Placement
from dnne_ros.placement.restarts import followed_inputs, obstacles
from dnne_ros.runtime.node.node_host import NodeHost
from dnne_ros.transport.handshake import Restart
from dnne_ros.transport.lasting_counts import LastingCounts
from dnne_ros.transport.lasting_memory import memory_name
from dnne_ros.transport.lineage import Lineage
from dnne_ros.transport.remote_reader import RemoteReader
from dnne_ros.transport.remote_writer import RemoteWriter
from dnne_ros.transport.resumed import COLUMNS, Resumed
from dnne_ros.transport.round_log import RoundLog
from dnne_ros.workflow.records import PortRef

_Lasting = TypeVar("_Lasting", RoundLog, LastingCounts)


class Restarts:
    """The lineages and logs of one process; none if it is not started again alone."""

    def __init__(self, graph: Graph, placement: Placement, hosts: Mapping[str, NodeHost],
                 run_id: str, respawn: bool):
        """Open the logs of the nodes in ``hosts``, which those of this process before have left.

        ``run_id`` is the same in all processes of a run on this machine.  Without ``respawn``
        there are none.  Raises `PeerError` without memory for them.
        """
        self._graph = graph
        self._run = memory_name(run_id)
        self._logs: list[RoundLog | LastingCounts] = []
        self._restartable = False
        self._lineages: dict[str, Lineage] = {}
        self._resumed: dict[PortRef, Resumed] = {}
        processes = {placement.process_of(node) for node in hosts}
        if not respawn or any(obstacles(graph, placement, each) for each in processes):
            return
        self._restartable = True
        for node_id in hosts:
            node = graph.nodes[node_id]
            outputs = [port for port, edges in graph.outgoing[node_id].items()
                       if any(placement.crosses(edge) for edge in edges)]
            inputs = followed_inputs(graph, placement, node_id)
            if inputs:
                self._lineages[node_id] = Lineage(
                    node.ros_name, self._log(node.ros_name, len(inputs) + len(outputs)),
                    inputs, outputs)
            elif node.type.resumes:
                for port in outputs:
                    self._resumed[PortRef(node_id, port)] = Resumed(
                        self._log(f"{node.ros_name}.{port}", COLUMNS))

    def of_output(self, ref: PortRef) -> Restart | None:
        """Return with which item an output goes on."""
        if ref.node in self._lineages:
            return self._lineages[ref.node].of_output(ref.port)
        return self._resumed.get(ref)

    def follow(self, ref: PortRef, writer: RemoteWriter) -> None:
        """Follow what becomes of the items of an output."""
        if ref.node in self._lineages:
            self._lineages[ref.node].follow(ref.port, writer.window, writer.agree)
        elif ref in self._resumed:
            self._resumed[ref].follow(writer.window)

    def join(self, ref: PortRef, reader: RemoteReader) -> None:
        """Follow what becomes of the items of an input, and count on where others counted."""
        if self._restartable:
            reader.keep_counts(self._open(lambda: LastingCounts(
                self._run, f"{self._graph.nodes[ref.node].ros_name}.{ref.port}.counts")))
        lineage = self._lineages.get(ref.node)
        if lineage is not None and ref.port in lineage.inputs:
            reader.join(lineage, ref.port)

    def close(self) -> None:
        """Remove the logs: nobody takes the place of a process that leaves by itself."""
        for log in self._logs:
            log.close()

    def _log(self, name: str, width: int) -> RoundLog:
        return self._open(lambda: RoundLog(self._run, name, width))

    def _open(self, make: Callable[[], _Lasting]) -> _Lasting:
        try:
            made = make()
        except OSError as error:
            raise PeerError(f"--respawn: no memory that outlives the process: {error}") from None
        self._logs.append(made)
        return made
