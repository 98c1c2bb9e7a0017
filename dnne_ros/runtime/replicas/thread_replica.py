"""A replica in the node's own process: an instance of its type, with a thread of its own.

Good for work during which Python lets other threads run: devices, files, services, numpy, torch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from dnne_ros.errors import FOREIGN_ERRORS, describe
from dnne_ros.node_api.answering import Computed, may_wait
from dnne_ros.node_api.blocking import BlockingCalls
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.seeding import node_seed
from dnne_ros.runtime.node.node_runner import close_node
from dnne_ros.runtime.replicas.states_ahead import LentState, lent_to

if TYPE_CHECKING:
    from dnne_ros.runtime.node.context import HostContext

PORTS = ("get", "get_batch", "put", "put_now", "has_room", "answering", "supplying",
         "boundary")
"""What of a context a replica does not have."""


class ReplicaContext:
    """A node's context without its ports: items come to a replica by `compute` alone."""

    def __init__(self, context: HostContext, place: int):
        """Be as ``context`` otherwise, for the replica at a ``place``."""
        self._context = context
        self.seed = seed_of(context.seed, place)

    def __getattr__(self, name: str) -> Any:
        return refuse_ports if name in PORTS else getattr(self._context, name)


def seed_of(seed: int, place: int) -> int:
    """Return what a replica draws its random numbers by: the first one as the node would."""
    return seed if place == 1 else node_seed(seed, f"replica {place}")


def refuse_ports(*_: Any, **__: Any) -> NoReturn:
    """Raise RuntimeError where a replica would take or give items by itself."""
    raise RuntimeError("a replica takes items by compute() and gives what that returns; its node "
                       "has no other way to its ports")


class ThreadReplica:
    """A `Replica` in this process.  A ``compute`` that is async runs in the event loop."""

    def __init__(self, node: Node, calls: BlockingCalls, shared: bool):
        """Work with ``node``, which is set up; one that is ``shared`` is not its own to close."""
        self._node = node
        self._calls = calls
        self._shared = shared
        self._waits = may_wait(node.compute)
        self._turn = asyncio.Lock()
        self._changes: set[asyncio.Task[None]] = set()

    async def compute(self, items: Mapping[str, Any], state: LentState | None) -> Computed:
        """Return what the node makes of a round."""
        compute: Callable[..., Any] = self._node.compute
        async with self._turn:
            with lent_to(self._node, state):
                made = compute(**items) if self._waits else \
                    self._calls.run(partial(compute, **items))
                outputs: Computed = await made
        return outputs

    def change(self, name: str, value: Any) -> None:
        """Give a live widget another value between two items."""
        change = asyncio.get_running_loop().create_task(self._change(name, value))
        self._changes.add(change)
        change.add_done_callback(self._changes.discard)

    async def _change(self, name: str, value: Any) -> None:
        node = self._node

        def apply() -> None:
            node.values[name] = value
            node.widget_changed(name)

        async with self._turn:
            try:
                if self._waits:
                    apply()
                else:
                    await self._calls.run(apply)
            except FOREIGN_ERRORS as error:
                node.context.log.error(f"its widget_changed({name!r}) failed: {describe(error)}")

    async def close(self, seconds: float) -> None:
        """Close the instance and end its thread."""
        if not self._shared:
            await close_node(self._node, seconds)
        await self._calls.close(seconds)


async def thread_replica(context: HostContext, node: Node, place: int) -> ThreadReplica:
    """Return the replica at a ``place`` from 1; the first one works with ``node`` itself.

    If there are states by key, ``node`` has all of them and is none of the replicas.  Raises what
    the setup of another instance raises.
    """
    calls = BlockingCalls(f"{context.name} replica {place}")
    if place == 1 and node.keyed_states is None:
        return ThreadReplica(node, calls, shared=True)
    instance = type(node)(node.values)
    instance.context = ReplicaContext(context, place)
    try:
        await calls.run(instance.setup)
    except BaseException:
        await calls.close(0.0)
        raise
    return ThreadReplica(instance, calls, shared=False)
