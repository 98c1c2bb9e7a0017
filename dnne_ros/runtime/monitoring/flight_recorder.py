"""Puts the last seconds of a run aside when something goes wrong, or when somebody asks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dnne_ros.runtime.monitoring.flight_part import FlightPart
from dnne_ros.runtime.monitoring.process_trace import about_graph
from dnne_ros.tracing.flight_record import default_records_folder, save

if TYPE_CHECKING:
    from dnne_ros.graph.graph import Graph
    from dnne_ros.options.run_settings import RunSettings
    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.edges.wiring import Wiring
    from dnne_ros.runtime.node.context import HostContext
    from dnne_ros.runtime.node.node_host import NodeHost

_FIRST_PAUSE, _LONGEST_PAUSE = 15.0, 3600.0
"""Seconds from one flight record to the next: a node that always fails must not fill the folder
and drive out what it began with.  The pause doubles each time."""
_WRITE_SECONDS = 10.0


class FlightRecorder:
    """Has all parts of a run, of this machine, copied to its flight records."""

    def __init__(self, part: FlightPart, records: Path, seconds: float,
                 loop: asyncio.AbstractEventLoop, status: StatusChannel):
        """Put aside what is in the folder of ``part``, this process' own, below ``records``."""
        self.part = part
        self._records = records
        self._seconds = seconds
        self._loop = loop
        self._status = status
        self._pause = _FIRST_PAUSE
        self._next = 0.0
        self._pending: asyncio.TimerHandle | None = None
        self._writing: threading.Thread | None = None

    def note(self, node: str, kind: str, text: str) -> None:
        """Note an event, in any thread."""
        self.part.note(node, kind, text)

    def fault(self, node: str, message: str) -> None:
        """Note a fault of a node that goes on, and put aside what led to it.

        Soon after another fault it waits for a while, so that one record holds both.
        """
        self.part.note(node, "fault", message)
        if self._pending is None:
            self._pending = self._loop.call_later(
                max(0.0, self._next - time.monotonic()), self._put_aside_fault,
                f"{node}: {message}")

    def fault_of_blocked(self, node: str, message: str) -> None:
        """As `fault`, in another thread while the loop stands still: it happens when it turns."""
        self._loop.call_soon_threadsafe(self.fault, node, message)

    def save(self, reason: str) -> Path | None:
        """Put it aside now, also if the loop stands still; None if it cannot be written."""
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        self.part.count()
        return self._write(reason)

    def save_for(self, node: str) -> None:
        """Put it aside as somebody has asked the node for it."""
        self.part.note(node, "asked", "put the last seconds aside")
        self._put_aside(f"somebody has asked {node} for it")

    def close(self) -> None:
        """Write what is to be written still."""
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        if self._writing is not None:
            self._writing.join(_WRITE_SECONDS)

    def _put_aside_fault(self, reason: str) -> None:
        self._pending = None
        self._next = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self._put_aside(reason)

    def _put_aside(self, reason: str) -> None:
        """Write in a thread: the nodes go on meanwhile."""
        self.part.count()
        self._writing = threading.Thread(target=self._write, args=(reason,), name="flight record")
        self._writing.start()

    def _write(self, reason: str) -> Path | None:
        try:
            path = save(self.part.folder, self._records, reason, self._seconds)
        except OSError as error:
            self._status.send("warning", message=f"no flight record was written: "
                              f"{error.filename or self._records}: {error.strerror or error}")
            return None
        self._status.send("flight_record", path=str(path), reason=reason)
        return path


def flight_recorder(graph: Graph, process: str, settings: RunSettings, run_id: str,
                    wiring: Wiring, hosts: Mapping[str, NodeHost],
                    contexts: Mapping[str, HostContext], loop: asyncio.AbstractEventLoop,
                    status: StatusChannel) -> tuple[FlightRecorder, Callable[[], None]]:
    """Return the flight recorder of a process, which keeps from now on, and what ends it.

    ``run_id`` names the folder that the processes of the run share.  OSError if there is no room.
    """
    records = Path(settings.flight_dir).absolute() if settings.flight_dir \
        else default_records_folder()
    about = {**about_graph(graph, settings), "records_folder": str(records),
             "seconds": settings.flight_seconds}
    part = FlightPart(run_id, process, about, graph, wiring, hosts, contexts,
                      lambda text: status.send("warning", message=text))
    recorder = FlightRecorder(part, records, settings.flight_seconds, loop, status)
    for id, context in contexts.items():
        context.on_fault = partial(recorder.fault, graph.nodes[id].ros_name)
        hosts[id].on_save_wanted = partial(recorder.save_for, graph.nodes[id].ros_name)

    def close() -> None:
        recorder.close()
        part.close()

    part.start(loop)
    return recorder, close
