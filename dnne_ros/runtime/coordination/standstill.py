"""Notices that nothing moves in a graph, and says what each of its nodes waits for.

Each process looks at its own nodes once a second: at two counters each, so that a graph that moves
pays nothing for it.  What the nodes of a process that stands wait for goes along with its signs of
life (`Heartbeat`), and the process that leads puts the parts together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.deadlocks.wait_for import Cause, NodeWait, WaitForGraph
from dnne_ros.runtime.monitoring.node_waits import AT_REST_SECONDS

if TYPE_CHECKING:
    from dnne_ros.runtime.coordination.heartbeat import Heartbeat
    from dnne_ros.runtime.coordination.run_channel import ProcessGroup
    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.monitoring.node_waits import NodeWaits

_LOOK_SECONDS = 1.0
_CLOSE_LOOK_SECONDS = 5.0
"""The same at single nodes that rest while others move."""
_STUCK_SECONDS = 10.0
"""How long nothing moves before it is said that nothing will."""
_WORK_SECONDS = 30.0
"""The same where a node is in code of its own: an update may take its time."""
_SILENT_SECONDS = 3.0


class Standstill:
    """What one process knows of a graph that does not move."""

    def __init__(self, group: ProcessGroup, nodes: NodeWaits, process_of: Mapping[str, str],
                 heartbeat: Heartbeat, status: StatusChannel, note: Callable[[str, str], object],
                 now: Callable[[], float] = time.monotonic):
        """Watch ``nodes``; ``process_of`` says where each node of the graph lives.

        ``note(node, text)`` is called once for each node of ours that waits for the world
        outside.  ``now()``: seconds.
        """
        self._group = group
        self._nodes = nodes
        self._process_of = process_of
        self._heartbeat = heartbeat
        self._status = status
        self._note = note
        self._now = now
        self._moved = nodes.moved()
        self._since = dict.fromkeys(self._moved, now())
        self._looked = now()
        self._look_closely = now() + _CLOSE_LOOK_SECONDS
        self._resting: set[str] = set()
        self._own: list[NodeWait] = []
        self._noted: set[str] = set()
        self._said: set[frozenset[tuple[str, Cause]]] = set()
        self._stands = False

    def look(self) -> None:
        """Look whether something has moved; to be called a few times a second."""
        now = self._now()
        if now - self._looked < _LOOK_SECONDS:
            return
        # We slept, or the run stands as somebody wants it to: nobody else could move either.
        if now - self._looked > _CLOSE_LOOK_SECONDS or self._nodes.paused:
            self._since = dict.fromkeys(self._since, now)
        self._looked = now
        moved = self._nodes.moved()
        self._since.update((node, now) for node, count in moved.items()
                           if count != self._moved[node])
        self._moved = moved
        woken = any(self._since[node] == now for node in self._resting)
        if woken or self._seconds(now) >= AT_REST_SECONDS or now >= self._look_closely:
            self._look_closely = now + _CLOSE_LOOK_SECONDS
            self._own = self._look_at_nodes(now)
            self._heartbeat.own_part = [wait.as_dict() for wait in self._own] \
                if self._resting else None
            if self._group.leads:
                self._judge()

    def tell_at_end(self) -> None:
        """Say what the nodes wait for, if the run is about to be ended while nothing moves."""
        if self._group.leads and self._own:
            graph = self._graph()
            self._say(graph, self._to_tell(graph, at_end=True))

    def _seconds(self, now: float) -> float:
        """Return for how long no node of ours has moved."""
        return now - max(self._since.values(), default=now)

    def _look_at_nodes(self, now: float) -> list[NodeWait]:
        seconds = {node: now - since for node, since in self._since.items()}
        self._resting = {node for node, rest in seconds.items() if rest >= AT_REST_SECONDS}
        waits = self._nodes.look(seconds)
        for wait in waits:
            if wait.cause is Cause.OUTSIDE and wait.since >= _STUCK_SECONDS \
                    and wait.node not in self._noted:
                self._noted.add(wait.node)
                self._note(wait.node, " and ".join(wait.reasons))
        return waits

    def _judge(self) -> None:
        graph = self._graph()
        nodes = self._to_tell(graph)
        self._say(graph, nodes)
        if not nodes and self._stands:
            self._stands = False
            self._status.send("standstill", lines=[])

    def _to_tell(self, graph: WaitForGraph, at_end: bool = False) -> list[str]:
        """Return the nodes that a picture has to show; none: there is nothing to be said.

        ``at_end``: the run is about to be ended; where a node is just at work, only one in
        which nothing has ever moved is worth a word.
        """
        patience = AT_REST_SECONDS if at_end else _STUCK_SECONDS
        if graph.moves:
            return graph.deadlocked(patience)
        if graph.seconds < patience:
            return []
        if graph.stuck():
            return list(graph.waits)
        works = graph.at_work() and not any(
            wait.cause in (Cause.OUTSIDE, Cause.TIME) for wait in graph.waits.values())
        long = not any(self._moved.values()) if at_end else graph.seconds >= _WORK_SECONDS
        return list(graph.waits) if works and long else []

    def _graph(self) -> WaitForGraph:
        """Return what all nodes wait for."""
        waits = {wait.node: wait for wait in self._own}
        for process in self._group.others:
            nodes = [node for node, where in self._process_of.items() if where == process]
            if self._heartbeat.silent(process, _SILENT_SECONDS):
                waits.update((node, NodeWait(node, Cause.SILENT, (
                    f"is in process {process}, which gives no sign of life",), (),
                    _SILENT_SECONDS)) for node in nodes)
            else:
                part = _read(self._heartbeat.parts[process])
                waits.update((node, part.get(node, NodeWait(node, Cause.MOVES)))
                             for node in nodes)
        return WaitForGraph(waits[node] for node in self._process_of)

    def _say(self, graph: WaitForGraph, nodes: Collection[str]) -> None:
        """Tell what ``nodes`` wait for, once for each picture."""
        if not nodes:
            return
        lines = graph.lines(nodes)
        if not self._stands:
            self._stands = True
            self._status.send("standstill", lines=lines)
        picture = frozenset((node, graph.waits[node].cause) for node in nodes)
        if picture in self._said:
            return
        self._said.add(picture)
        seconds = min(graph.waits[node].since for node in nodes)
        what = "these nodes have not moved" if graph.moves else "nothing has moved"
        self._status.send("warning", message="\n  ".join([f"{what} for {seconds:.0f} s:", *lines]))


def _read(part: Any) -> dict[str, NodeWait]:
    """Return what another process said of its nodes; nothing if it means nothing."""
    try:
        return {values["node"]: NodeWait.from_dict(values) for values in part or ()}
    except (ValueError, KeyError, TypeError):
        return {}
