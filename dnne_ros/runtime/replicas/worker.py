"""A replica in a process of its own: takes rounds by parcels, and sends what it makes of them.

The process is a fork of one that has the graph; so there is nothing to be found again: neither
the node's type, from wherever it came, nor what flows through its ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from dnne_ros.errors import FOREIGN_ERRORS, shortened
from dnne_ros.graph.graph import Graph
from dnne_ros.graph.replicas import coming_to
from dnne_ros.node_api.clock import SteadyClock
from dnne_ros.node_api.health import Health
from dnne_ros.node_api.node import Node
from dnne_ros.runtime.coordination.fork_server import CHANNEL
from dnne_ros.runtime.coordination.parent_death import die_with_parent
from dnne_ros.runtime.replicas.parcels import Parcels
from dnne_ros.runtime.replicas.ports import given_by, taken_by
from dnne_ros.runtime.replicas.states_ahead import LentState, lent_to
from dnne_ros.runtime.replicas.thread_replica import PORTS, refuse_ports

ENTRY_POINT = f"{__name__}:main"
_LONGEST_TEXT = 50_000

_graphs: list[Graph] = []


def keep_graph(graph: Graph) -> None:
    """Let forks of this process know ``graph``."""
    _graphs[:] = [graph]


class WorkerLog:
    """Has the node's own process write its messages."""

    def __init__(self, parcels: Parcels):
        """Send them by ``parcels``."""
        self._parcels = parcels

    def info(self, message: str, **_: Any) -> None:
        """Say what is as it should be."""
        self._say("info", message)

    def warning(self, message: str, **_: Any) -> None:
        """Say what somebody should look at."""
        self._say("warning", message)

    def error(self, message: str, **_: Any) -> None:
        """Say what went wrong."""
        self._say("error", message)

    def _say(self, level: str, message: str) -> None:
        self._parcels.send({"log": level, "text": shortened(str(message), _LONGEST_TEXT)})


class WorkerContext:
    """A `NodeContext` without ports, and without ROS."""

    def __init__(self, facts: Mapping[str, Any], linked: Sequence[str], log: WorkerLog):
        """Have ``facts`` (`FACTS`), ``linked`` ports and a ``log``."""
        self.__dict__.update(facts)
        self.video = None
        self.log = log
        self.health = Health()
        self.clock = self.steady = SteadyClock()
        self._linked = frozenset(linked)

    def is_linked(self, port: str) -> bool:
        """Tell whether an input has a source, or an output a consumer."""
        return port in self._linked

    def __getattr__(self, name: str) -> Any:
        if name in PORTS:
            return refuse_ports
        raise AttributeError(f"the context of a replica in a process of its own has no {name!r}")


def main() -> int:
    """Work until the node's process closes the channel."""
    die_with_parent()
    parcels = Parcels(socket.socket(fileno=CHANNEL))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = _Worker(parcels, loop)
    with contextlib.suppress(ConnectionError):  # it may go while somebody works for it
        while (parcel := parcels.receive()) is not None:
            worker.answer(*parcel)
    worker.close()
    return 0


class _Worker:
    def __init__(self, parcels: Parcels, loop: asyncio.AbstractEventLoop):
        self._parcels = parcels
        self._loop = loop
        self._node: Node | None = None

    def answer(self, head: Mapping[str, Any], payloads: Sequence[bytes]) -> None:
        """Do what is asked for, and say what came of it."""
        state: LentState | None = None
        if head.get("lent"):
            *payloads, key, packed = payloads
            state = LentState(key.decode(), packed.decode())
        try:
            if self._node is None:
                answer, messages = self._set_up(head)
            else:
                with lent_to(self._node, state):
                    answer, messages = self._compute(self._node, head, payloads)
        except FOREIGN_ERRORS as error:
            answer, messages = _told(error), []
        if state is not None:
            messages.append([state.packed.encode()])
        if self._node is not None:
            health = self._node.context.health
            answer["health"] = [int(health.level), str(health.message), health.values]
        self._parcels.send(answer, messages)

    def _set_up(self, head: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
        graph, id = _graphs[0], head["node"]
        type = graph.nodes[id].type
        linked = [*coming_to(graph, id), *graph.outgoing[id]]
        node = type(head["values"])
        node.context = WorkerContext(head["facts"], linked, WorkerLog(self._parcels))
        node.setup()
        self._taken, self._given = taken_by(graph, id), given_by(graph, id)
        self._unlinked = dict.fromkeys(port for port in type.inputs
                                       if port not in self._taken.types)
        self._node = node
        return {}, []

    def _compute(self, node: Node, head: Mapping[str, Any], payloads: Sequence[bytes]
                 ) -> tuple[dict[str, Any], list[Any]]:
        for name, value in head["changes"].items():
            node.values[name] = value
            node.widget_changed(name)
        items = self._taken.unpack(head["ports"], payloads)
        compute: Callable[..., Any] = node.compute
        made = compute(**self._unlinked, **items)
        if inspect.isawaitable(made):
            made = self._loop.run_until_complete(_finished(made))
        outputs = dict(made or {})
        for port, value in outputs.items():
            if port not in self._given.types:
                raise LookupError(f"{node.type_name} has no output {port!r}; it has "
                                  f"{', '.join(self._given.types) or 'none'}")
            self._given.types[port].check(value)
            outputs[port] = self._given.types[port].canonical(value)
        return {"ports": list(outputs)}, self._given.pack(outputs)

    def close(self) -> None:
        """Give back what the node has."""
        if self._node is not None:
            self._loop.run_until_complete(self._node.close())
            self._loop.run_until_complete(self._node.end_blocking())


async def _finished(made: Awaitable[Any]) -> Any:
    return await made


def _told(error: BaseException) -> dict[str, Any]:
    """Return an error as JSON; its own text may raise."""
    where = "".join(traceback.format_exception(error))
    try:
        text = str(error)
    except Exception as trouble:  # a mistake in what tells of one must not hide it
        text = f"(its text cannot be had: {type(trouble).__name__})"
    return {"error": type(error).__name__, "text": shortened(text),
            "where": shortened(where, _LONGEST_TEXT)}
