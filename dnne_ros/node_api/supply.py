"""Sources that are asked: what they give is what a generator yields.

A source that sends what it likes when it likes has to be woken for it, and to wait for room.  One
that is asked for its next values is the beginning of a compiled region, as any node is that has
what it works on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnne_ros.node_api.node import Node

END = object()
"""What is taken behind the last values."""


async def give_items(node: Node, ports: tuple[str, ...], values: Iterable[Any]) -> None:
    """Give what ``values`` has to the outputs ``ports``, round after round, until it ends.

    Of several ports, each time a tuple with a value for each.  ``values``, mostly a generator, is
    asked when there is room, and waits for nothing.  Order, counters, room on edges and errors
    are as if the node sent each value itself, which it does wherever something is in the way.
    Otherwise the nodes behind it take what it gives in one compiled region with it
    (`dnne_ros.runtime.regions`).
    """
    with node.context.supplying(ports, values) as supply:
        while (given := await supply.take()) is not END:
            with node.context.together():
                for port, value in zip(
                        ports, (given,) if len(ports) == 1 else given, strict=True):
                    await node.send_output(value, port)


class Supply:
    """Values that are there when they are asked for, and who takes them."""

    def __init__(self, values: Iterable[Any]):
        """Hold ``values``, none of which is made before it is asked for."""
        self.values: Iterator[Any] = chain(values, self._note_end())
        """Those that are left, for who takes them in the place of `take`."""
        self.ended = False
        """Whether there are no more."""
        self._on_taking: Callable[[], bool] | None = None
        self._reader: asyncio.Future[None] | None = None

    def _note_end(self) -> Iterator[Any]:
        self.ended = True
        yield from ()

    async def take(self) -> Any:
        """Return the next one; `END` behind the last."""
        if not self.ended and self._on_taking is not None and self._on_taking():
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return next(self.values, END)

    def waiting(self) -> int:
        """Return how many there are now: the end is one, too."""
        return 1

    def is_parked(self) -> bool:
        """Tell whether who would `take` is kept asleep."""
        return self._reader is not None and not self._reader.done()

    def call_when_awaited(self, on_awaited: Callable[[], bool] | None,
                          on_taking: Callable[[], bool] | None = None) -> None:
        """Call ``on_taking`` when a value would be taken; true: the taker sleeps until `wake`.

        Nobody ever waits for one to come, so ``on_awaited`` is for others.
        """
        self._on_taking = on_taking

    def wake(self) -> None:
        """Let the taker go on."""
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Raise an error where the taker is."""
        if self._reader is not None and not self._reader.done():
            self._reader.set_exception(error)
