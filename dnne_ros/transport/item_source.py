"""Where items come from, as who takes them sees it; and what stands in the place of a source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar


class Taking(Protocol):
    """What a node takes items from."""

    async def get(self, timeout: float | None) -> Any:
        """Return the next item; TimeoutError when none came within ``timeout`` seconds."""
        ...

    async def get_batch(self, max_items: int, timeout: float | None) -> list[Any]:
        """Return ``max_items`` items, or those that came within ``timeout`` seconds."""
        ...


class Numbered(Protocol):
    """What knows of the items that come."""

    @property
    def number(self) -> int:
        """The number of the item taken last, as its producer counts, from 1."""
        ...

    @property
    def waiting(self) -> Callable[[], int]:
        """Tells how many items wait to be taken; 0: the next one has not come yet."""
        ...

    @property
    def awaited(self) -> bool:
        """Tell whether the node waits for an item."""
        ...


class ItemSource(Taking, Numbered, Protocol):
    """One linked input of a running node; a `LocalEdge` and a `RemoteReader` are such."""


S = TypeVar("S", bound=Numbered)


class StandIn(Generic[S]):
    """What stands in the place of a source, and knows of its items what that knows."""

    def __init__(self, source: S):
        """Stand in the place of ``source``."""
        self._source = source

    @property
    def number(self) -> int:
        """Return the number of the item taken last."""
        return self._source.number

    @property
    def waiting(self) -> Callable[[], int]:
        """Return what tells how many items wait to be taken."""
        return self._source.waiting

    @property
    def awaited(self) -> bool:
        """Tell whether the node waits for an item."""
        return self._source.awaited
