"""A node's context that sees it take and give items, for those who watch over its deadlines."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnne_ros.node_api.context import NodeContext


class ItemMonitor:
    """A `NodeContext` around another one, for as long as somebody watches the node.

    A node works on an item from the moment it has it until it gives an output or asks for the
    next one; waiting for others, before or after, is not its own time.  A node without inputs
    works from one output to the next.
    """

    def __init__(self, context: NodeContext, inputs: Sequence[str], outputs: Sequence[str],
                 on_worked: Callable[[float, float], None],
                 admit: Callable[[str, Any], None],
                 now: Callable[[], float] = time.monotonic):
        """See the node of ``context``, of which ``inputs`` and ``outputs`` are linked.

        ``on_worked(seconds, since)`` is called when it is through with an item,
        ``admit(port, value)`` raises if an output must not go out.  ``now()``: seconds.
        """
        self.name = context.name
        self.node_id = context.node_id
        self.title = context.title
        self.seed = context.seed
        self.inference = context.inference
        self.new_episodes = context.new_episodes
        self.strict_runtime = context.strict_runtime
        self.video = context.video
        self.log = context.log
        self.health = context.health
        self.topics = context.topics
        self.services = context.services
        self.actions = context.actions
        self.frames = context.frames
        self.clock = context.clock
        self.steady = context.steady
        self.is_linked = context.is_linked
        self.trainers = context.trainers
        self.delivered = context.delivered
        self.report, self.still_setting_up = context.report, context.still_setting_up
        self.boundary = context.boundary
        self.save_when = context.save_when
        self.finish = context.finish
        self.together, self.has_room = context.together, context.has_room
        self.put_now, self.put_round = context.put_now, context.put_round
        self.giving, self.answering = context.giving, context.answering
        self.supplying = context.supplying
        self._context = context
        self._inputs = inputs
        self._is_source = not inputs
        self._gives = bool(outputs)
        self._on_worked = on_worked
        self._admit = admit
        self._now = now
        self._taken: set[str] = set()
        self._replaced: set[str] = set()
        self.given: set[str] = set()
        """The outputs given for the item at hand."""
        self.busy_since: float | None = None
        self.last_sign = 0.0
        """When it last gave an output or, being without outputs, took an item."""
        self.waits_for = ""
        """What it waits for, in words; "" while it works."""
        self.went_well = 0
        """Grows with each item it is through with."""
        self.counts: dict[str, int] = {}
        """Items by port: outputs or, being without outputs, inputs."""
        self.signs: dict[str, float] = {}
        """When the last of them came."""
        self.last: dict[str, Any] = {}
        """The values sent last, by output."""

    def begin(self) -> None:
        """Take note that the node starts, or starts again."""
        now = self._now()
        self._taken.clear()
        self._replaced.clear()
        self.given.clear()
        self.waits_for = ""
        self.last_sign = now
        self.busy_since = now if self._is_source else None

    def forget(self) -> None:
        """Let go of the values sent last: nobody watches any more."""
        self.last.clear()

    @property
    def paused(self) -> bool:
        """Tell whether the run stands still."""
        return self._context.paused

    async def get(self, port: str, timeout: float | None) -> Any:
        """Take an item on behalf of the node."""
        return await self._take(port, self._context.get(port, timeout))

    async def get_batch(self, port: str, max_items: int, timeout: float | None) -> list[Any]:
        """Take several items on behalf of the node."""
        batch: list[Any] = await self._take(
            port, self._context.get_batch(port, max_items, timeout))
        return batch

    async def _take(self, port: str, coming: Awaitable[Any]) -> Any:
        self._end_work()
        if port in self._taken:
            self._taken.clear()
            self.went_well += 1
        self.waits_for = f"input {port}"
        try:
            item = await coming
        finally:
            self.waits_for = ""
        self._taken.add(port)
        self._replaced.clear()
        self.given.clear()
        self.busy_since = self._now()
        if not self._gives:
            self._sign(port)
        return item

    async def put(self, port: str, value: Any, timeout: float | None = None) -> None:
        """Give an output on behalf of the node, unless another stands in its place already."""
        self._end_work()
        self._admit(port, value)
        if port in self.given:
            self.given.clear()  # without inputs, a second one begins the next round
        if port in self._replaced:
            self._replaced.discard(port)
        else:
            await self._send(port, value, timeout)
        self.given.add(port)
        self.went_well += 1
        if self._is_source:
            self.busy_since = self._now()

    def begin_round(self) -> None:
        """Take note that it is the turn of another round of a node that has replicas.

        Its items were taken before, as those of the rounds behind it may be.
        """
        self._replaced.clear()
        self.given.clear()
        if not self._gives:
            self._sign(next(iter(self._inputs)))

    def await_round(self, since: float | None) -> None:
        """Take note since when a replica works on that round; None: nobody does yet."""
        self.busy_since = since
        self.waits_for = "" if since is not None else "items"

    def end_round(self, seconds: float, since: float) -> None:
        """Take note that a replica is through with it, after ``seconds`` ``since`` it began."""
        self.busy_since, self.waits_for = None, ""
        self.went_well += 1
        self._on_worked(seconds, since)

    async def stand_in(self, port: str, value: Any, timeout: float) -> None:
        """Give an output in the node's place; what it gives for the same item is dropped.

        TimeoutError if there is no room for it for ``timeout`` seconds.
        """
        if self.busy_since is not None and not self._is_source:
            self._replaced.add(port)
        await self._context.put(port, value, timeout)

    async def _send(self, port: str, value: Any, timeout: float | None) -> None:
        self.waits_for = f"those who take output {port}"
        try:
            await self._context.put(port, value, timeout)
        finally:
            self.waits_for = ""
        self.last[port] = value
        self._sign(port)

    def _sign(self, port: str) -> None:
        self.last_sign = self.signs[port] = self._now()
        self.counts[port] = self.counts.get(port, 0) + 1

    def _end_work(self) -> None:
        if self.busy_since is not None:
            since, self.busy_since = self.busy_since, None
            self._on_worked(self._now() - since, since)
