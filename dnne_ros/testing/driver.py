"""Runs a node on a context in memory, from `setup` to `close`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.state import NodeState
from dnne_ros.testing.context import InMemoryContext

T = TypeVar("T")

HANG_SECONDS = 120.0
"""After which a test fails that would hang for ever; nothing that works takes near as long."""


class NodeDriver:
    """Runs a node while its block lasts: ``async with NodeDriver(node) as context:``."""

    def __init__(self, node: Node, linked: Iterable[str] | None = None, *,
                 context: InMemoryContext | None = None, state: NodeState | None = None,
                 **options: Any):
        """Run ``node`` on ``context``, or on one that is made with ``linked`` and ``options``.

        ``state``: a saved one, that the node goes on with.
        """
        self.node = node
        self.context = InMemoryContext(node, linked, **options) if context is None else context
        self.process: asyncio.Task[None] | None = None
        self._state = state

    async def __aenter__(self) -> InMemoryContext:
        """Set the node up and start its task."""
        self.node.context = self.context
        self.node.setup()
        if self._state is not None:
            self.node.load_state(self._state)
        self.process = asyncio.ensure_future(self.node.process())
        self.context.watch(self.process)
        return self.context

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        traceback: TracebackType | None) -> None:
        """End the node; raises what its task ended with, unless the block has raised."""
        calls = await self.stop()
        if error is None and self.process is not None and not self.process.cancelled():
            self.process.result()
        if error is None and calls:
            raise AssertionError(f"{self.node.type_name}: {calls} blocking calls go on")

    async def stop(self) -> int:
        """Cancel the node's task and close the node; return how many blocking calls go on.

        What the task ends with stays in ``process``.
        """
        if self.process is not None:
            self.process.cancel()
            await asyncio.gather(self.process, return_exceptions=True)
        await self.node.close()
        return await self.node.end_blocking()


def run(coroutine: Coroutine[Any, Any, T], timeout: float = HANG_SECONDS) -> T:
    """Return what a coroutine returns in an event loop of its own; TimeoutError if it hangs."""
    async def main() -> T:
        return await asyncio.wait_for(coroutine, timeout)

    return asyncio.run(main())


def drive(node: Node, script: Callable[[InMemoryContext], Awaitable[None]],
          linked: Iterable[str] | None = None, **options: Any) -> InMemoryContext:
    """Run a node while ``script(context)`` feeds it and waits; return the context.

    ``linked`` and ``options`` are those of `InMemoryContext`.  What ends the node before the
    script is through is raised.
    """
    async def main() -> InMemoryContext:
        driver = NodeDriver(node, linked, **options)
        async with driver as context:
            assert driver.process is not None
            wanted = asyncio.ensure_future(script(context))
            await asyncio.wait({driver.process, wanted}, return_when=asyncio.FIRST_COMPLETED)
            if not wanted.done() and _has_failed(driver.process):
                wanted.cancel()
                await asyncio.gather(wanted, return_exceptions=True)
            else:
                await wanted
        return context

    return run(main())


def _has_failed(process: asyncio.Task[None]) -> bool:
    return process.done() and not process.cancelled() and process.exception() is not None


def compute(node: Node, **inputs: Any) -> Mapping[str, Any]:
    """Return what a node's `compute` makes of one item of each input, those left out being None.

    A node without a context is given one and set up first.
    """
    if not hasattr(node, "context"):
        node.context = InMemoryContext(node, inputs)
        node.setup()
    found = run(node.compute(**{**dict.fromkeys(node.inputs), **inputs}))
    return found or {}
