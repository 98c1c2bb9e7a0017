"""One run of a node that is tried: fed round by round, to its end or until it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.node_api.state import NodeState
from dnne_ros.testing.cases import Case
from dnne_ros.testing.clocks import InstantClock
from dnne_ros.testing.context import InMemoryContext
from dnne_ros.testing.driver import NodeDriver
from dnne_ros.testing.leaks import Inventory, LeftBehindError, Suspensions
from dnne_ros.testing.values import Draw, copy_of

if TYPE_CHECKING:
    from dnne_ros.testing.contract import NodeContract

_END_SECONDS = 60.0
"""After which a node that was cancelled is taken to go on for ever."""


class CopyingContext(InMemoryContext):
    """Keeps copies of what is handed over in either direction, as it was then."""

    def __init__(self, *arguments: Any, **options: Any):
        """Take what `InMemoryContext` takes."""
        super().__init__(*arguments, **options)
        self.handed: list[tuple[str, Any, Any]] = []
        """Port in words, copy, and the value itself."""

    def feed(self, port: str, *values: Any) -> None:
        """Let values come to an input."""
        self.handed += [(f"an item of input {port!r}", copy_of(value), value) for value in values]
        super().feed(port, *values)

    async def put(self, port: str, value: Any, timeout: float | None = None) -> None:
        """Note what was sent."""
        self.handed.append((f"what was sent on {port!r}", copy_of(value), value))
        await super().put(port, value, timeout)


class Trial:
    """A node of one case."""

    def __init__(self, contract: NodeContract, case: Case, *, saves: bool = False,
                 state: NodeState | None = None, like: Draw | None = None,
                 held: Mapping[str, Any] | None = None):
        """Make the node; it goes on with ``state``, and is fed ``held`` and drawings ``like``."""
        self._contract = contract
        self._case = case
        self._given = held
        self._number = 0
        self.node = contract.make_node(case.values)
        self.context = CopyingContext(self.node, case.links.inputs, **{
            "outputs": case.links.outputs, "seed": case.seed, "inference": case.inference,
            "clock": InstantClock(), "saves": saves, **contract.context_options})
        self.driver = NodeDriver(self.node, context=self.context, state=state)
        self.draw = Draw(np.random.default_rng(case.seed), sizes=dict(contract.sizes),
                         variant=case.seed)
        if like is not None:
            self.draw.sizes.update(like.sizes)

    async def begin(self) -> None:
        """Feed the held inputs; wait until a node with others waits for those."""
        self._turn_to(0)
        for name in self._case.links.inputs:
            if self.node.inputs[name].type.held:
                value = (self._contract.make_input(name, self.draw) if self._given is None
                         else self._given[name])
                self.draw.held[name] = value
                self.context.feed(name, value)
        if self._contract.streams(self.context):
            await self.context.idle()

    async def go_on(self, rounds: int) -> None:
        """Feed more items."""
        for _ in range(rounds):
            self._number += 1
            self._turn_to(self._number)
            await self._contract.run_round(self.context, self.draw)

    def skip(self, rounds: int) -> None:
        """Count rounds as if they had been."""
        self._number += rounds

    async def whole(self, points: Suspensions | None = None) -> None:
        """Run from start to end; count where its tasks wait."""
        if points is not None:
            points.install(asyncio.get_running_loop())
        async with self.driver:
            await self._feed_all()

    async def cancelled(self, point: int, complain: Callable[[str], None]) -> None:
        """Run until its tasks have waited ``point`` times, cancel it, and look what is left."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, problem: complain(
            f"{problem['message']}: {problem.get('exception')!r}"))
        before = Inventory()
        Suspensions(point, self._cancel).install(loop)
        await self.driver.__aenter__()
        process = self.driver.process
        assert process is not None
        if not point:
            process.cancel()
        feeding = asyncio.Task(self._feed_all(), loop=loop)
        await asyncio.wait({process, feeding}, return_when=asyncio.FIRST_COMPLETED)
        process.cancel()
        feeding.cancel()
        await asyncio.wait({feeding})
        _, running = await asyncio.wait({process}, timeout=_END_SECONDS)
        if running:
            raise AssertionError(f"it goes on for {_END_SECONDS:g} s after it was cancelled")
        if not process.cancelled():
            process.result()
        elif not feeding.cancelled():
            feeding.exception()  # it waited for a node that is gone
        if calls := await self.driver.stop():
            raise AssertionError(f"cancelled at point {point}, {calls} blocking calls go on")
        if left := await before.left_behind():
            raise LeftBehindError(f"cancelled at point {point}, it leaves behind "
                                  f"{'; '.join(left)}")

    async def _feed_all(self) -> None:
        await self.begin()
        await self.go_on(self._contract.rounds)

    def _cancel(self) -> None:
        if self.driver.process is not None:
            self.driver.process.cancel()

    def _turn_to(self, number: int) -> None:
        """Draw the numbers of a round, whatever was drawn before."""
        self.draw.number = number
        self.draw.random = np.random.default_rng([self._case.seed, number])
