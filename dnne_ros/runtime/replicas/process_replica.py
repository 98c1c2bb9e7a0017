"""A replica in a process of its own, as its node's process sees it.

Good for Python code that computes for long, which threads of one process would do in turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import signal_name
from dnne_ros.node_api.answering import Computed
from dnne_ros.node_api.health import Level
from dnne_ros.runtime.coordination.fork_server import ForkedProcess, ForkServer
from dnne_ros.runtime.coordination.printed_lines import printed_lines
from dnne_ros.runtime.replicas.parcels import Parcels
from dnne_ros.runtime.replicas.ports import given_by, taken_by
from dnne_ros.runtime.replicas.replica import ReplicaGoneError
from dnne_ros.runtime.replicas.states_ahead import LentState
from dnne_ros.runtime.replicas.thread_replica import seed_of
from dnne_ros.runtime.replicas.worker import ENTRY_POINT, keep_graph

if TYPE_CHECKING:
    from dnne_ros.graph.graph import Graph
    from dnne_ros.node_api.node import Node
    from dnne_ros.runtime.node.context import HostContext

_FACTS = ("name", "node_id", "title", "inference", "new_episodes", "strict_runtime")


class ReplicaProcesses:
    """Starts replicas of the nodes of a process, each as a process of its own."""

    def __init__(self, graph: Graph):
        """Fork what forks them; to be called while this process has no threads."""
        self._graph = graph
        keep_graph(graph)
        self._server = ForkServer((), bound=True)

    async def start(self, context: HostContext, node: Node, place: int) -> ProcessReplica:
        """Return the replica of ``node`` at a ``place`` from 1, once it is set up.

        Raises what its setup raises, and `ReplicaGoneError` if it has died.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = await self._server.start(
                f"{context.name.rpartition('/')[2][:12]}_{place}", ENTRY_POINT, [], theirs)
        replica = ProcessReplica(process, Parcels(ours), self._graph, context)
        try:
            await replica.set_up(node, seed_of(context.seed, place))
        except BaseException:
            await replica.close(0.0)
            raise
        return replica

    def close(self) -> None:
        """End what forks replicas."""
        self._server.close()


class ProcessReplica:
    """A `Replica` that a fork is."""

    def __init__(self, process: ForkedProcess, parcels: Parcels, graph: Graph,
                 context: HostContext):
        """Talk to ``process`` by ``parcels``."""
        self._process = process
        self._parcels = parcels
        self._context = context
        self._taken = taken_by(graph, context.node_id)
        self._given = given_by(graph, context.node_id)
        self._changes: dict[str, Any] = {}
        self._answer: asyncio.Future[tuple[dict[str, Any], list[bytes]]] | None = None
        self._gone = False
        loop = asyncio.get_running_loop()
        loop.add_reader(parcels.fileno(), self._read)
        self._printing = loop.create_task(self._print())

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    async def set_up(self, node: Node, seed: int) -> None:
        """Have the process make a node like ``node``, with a ``seed`` of its own."""
        facts = {name: getattr(self._context, name) for name in _FACTS}
        answer, _ = await self._ask({
            "node": self._context.node_id, "values": dict(node.values),
            "facts": {**facts, "seed": seed}})
        _raise_if_failed(answer)

    async def compute(self, items: Mapping[str, Any], state: LentState | None) -> Computed:
        """Return what the node's type makes of a round."""
        items = {port: items[port] for port in self._taken.types}
        packed = self._taken.pack(items)
        changes, self._changes = self._changes, {}
        if state is not None:
            packed += [[state.key.encode()], [state.packed.encode()]]
        answer, messages = await self._ask(
            {"ports": list(items), "changes": changes, "lent": state is not None}, packed)
        if state is not None:
            state.packed = messages.pop().decode()
        _raise_if_failed(answer)
        return self._given.unpack(answer["ports"], messages)

    def change(self, name: str, value: Any) -> None:
        """Let a live widget have another value from the next item on."""
        self._changes[name] = value

    async def close(self, seconds: float) -> None:
        """Let the process end in good order within some ``seconds``, or kill it."""
        self._hang_up()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        self._process.kill()
        await self._process.wait()
        await self._printing

    async def _ask(self, head: Mapping[str, Any], payloads: Any = ()
                   ) -> tuple[dict[str, Any], list[bytes]]:
        self._answer = asyncio.get_running_loop().create_future()
        try:
            if not self._gone:
                self._parcels.send(head, payloads)
        except ConnectionError:
            self._hang_up()
        if self._gone:
            raise ReplicaGoneError(await self._how_it_went())
        answer, messages = await self._answer
        if not answer:
            raise ReplicaGoneError(await self._how_it_went())
        if "health" in answer:
            level, message, values = answer["health"]
            health = self._context.health
            health.level, health.message = Level(level), message
            health.values.update(values)
        return answer, messages

    async def _how_it_went(self) -> str:
        """Return how the process has ended, in words."""
        code = await self._process.wait()
        return f"was killed by {signal_name(-code)}" if code < 0 else f"has left with code {code}"

    def _read(self) -> None:
        parcel = self._parcels.receive()
        if parcel is None:
            self._hang_up()
            parcel = ({}, [])
        head, _ = parcel
        if "log" in head:
            log = self._context.log
            {"info": log.info, "warning": log.warning}.get(head["log"], log.error)(head["text"])
        elif self._answer is not None and not self._answer.done():
            self._answer.set_result(parcel)

    def _hang_up(self) -> None:
        if not self._gone:
            self._gone = True
            asyncio.get_running_loop().remove_reader(self._parcels.fileno())
            self._parcels.close()

    async def _print(self) -> None:
        """Pass on what the process prints."""
        async for line in printed_lines(self._process.stdout):
            sys.stdout.write(line.decode(errors="replace"))
            sys.stdout.flush()


class RemoteTraceback(Exception):
    """Where an error arose in the replica's process; the cause of it here."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


_kinds: dict[str, type[Exception]] = {}


def _raise_if_failed(answer: Mapping[str, Any]) -> None:
    """Raise an error that has the name and the text of the one in an answer, if there is one."""
    if "error" in answer:
        kind = answer["error"]
        raise _kinds.setdefault(kind, type(kind, (Exception,), {}))(answer["text"]) \
            from RemoteTraceback(answer["where"])
