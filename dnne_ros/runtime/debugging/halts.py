"""How one node takes and gives items while the run is paused, or is to stop somewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dnne_ros.debugging.places import INPUT, OUTPUT
from dnne_ros.runtime.debugging.stops import SeenItem, Stops
from dnne_ros.transport.item_source import ItemSource, Taking

if TYPE_CHECKING:
    from dnne_ros.runtime.coordination.pause import Pause


class Halts:
    """Stands at items of a node, before it has what it took and before it gives what it made.

    A call that is cancelled there loses nothing: what it had taken belongs to the next call.
    """

    def __init__(self, node: str, pause: Pause, stops: Stops, acts: bool,
                 may_drop: Callable[[str], bool]):
        """Stand for ``node``, by its name in the graph.

        ``acts``: somebody outside of the graph obeys its items; ``may_drop(port)``: the edge of
        an input need not bring all of them.
        """
        self._node = node
        self._pause = pause
        self._stops = stops
        self._acts = acts
        self._may_drop = may_drop
        self._kept: dict[str, list[Any]] = {}

    async def get(self, port: str, source: Taking, numbers: ItemSource | None,
                  timeout: float | None) -> Any:
        """Return the next item of an input, see `HostContext.get`.

        ``numbers`` knows the number of what was taken; None for a value that is held, at which
        nobody stops.  While the run is paused, no time passes.
        """
        while True:
            await self._pause.over()
            if kept := self._kept.get(port):
                self._stops.keep(-1)
                return kept.pop(0)
            try:
                item = await source.get(timeout)
            except TimeoutError:
                if not self._pause.paused:
                    raise
                continue
            if await self.came(port, [item], numbers):
                return item

    async def get_batch(self, port: str, source: Taking, numbers: ItemSource | None,
                        max_items: int, timeout: float | None) -> list[Any]:
        """Return several items of an input."""
        while True:
            await self._pause.over()
            batch = self._take_kept(port, max_items)
            if len(batch) == max_items:
                return batch
            try:
                new = await source.get_batch(max_items - len(batch), timeout)
            except BaseException:
                self._keep(port, batch)
                raise
            if await self.came(port, new, numbers, batch):
                return batch + new

    async def came(self, port: str, items: Sequence[Any], numbers: ItemSource | None,
                   before: Sequence[Any] = ()) -> bool:
        """Look at items that were taken; stand at the last if the run is paused then.

        ``before``: what belongs to the same call.  False if the items are not to be used: as old
        as a stop, they would be obeyed by a robot that has had its safe command since.
        """
        if numbers is None or not items:
            return True
        last = numbers.number
        seen = [SeenItem((self._node, port, INPUT), last - len(items) + 1 + index, item)
                for index, item in enumerate(items)]
        try:
            stood = await self._stand(seen)
        except BaseException:
            self._keep(port, [*before, *items])
            raise
        return not (self._acts and (stood or self._stops.settles) and self._may_drop(port))

    async def goes(self, port: str, value: Any, number: int) -> None:
        """Look at an item that is about to be given, and stand there if the run is paused."""
        await self._pause.over()
        await self._stand([SeenItem((self._node, port, OUTPUT), number, value)])

    async def _stand(self, seen: Sequence[SeenItem]) -> bool:
        """Look at items, and tell whether we stood there."""
        for each in seen:
            self._stops.look(each)
        if not self._pause.paused:
            return False
        held = [each for each in seen if each.why] or [seen[-1]]
        self._stops.held += held
        try:
            await self._pause.gone_on()
        finally:
            self._stops.held = [each for each in self._stops.held
                                if not any(each is other for other in held)]
        return True

    def _keep(self, port: str, items: Sequence[Any]) -> None:
        self._kept.setdefault(port, [])[:0] = items
        self._stops.keep(len(items))

    def _take_kept(self, port: str, most: int) -> list[Any]:
        kept = self._kept.get(port, [])
        found, self._kept[port] = kept[:most], kept[most:]
        if found:
            self._stops.keep(-len(found))
        return found
