"""When a coroutine that need not wait lets the event loop turn all the same.

A source that always finds room, and a node that always finds items, would keep everybody else from
the loop: signals, DDS, the processes at the other ends.  To let it turn for each item takes
longer than the item; to ask the clock each time takes a part of that.  So it turns after a number
of items that goes up and down with how long they have taken.
"""

from __future__ import annotations

from contextvars import ContextVar
from time import monotonic
from typing import ClassVar, Protocol

TURN_SECONDS: ContextVar[float] = ContextVar("turn_seconds", default=0.005)
"""How long the event loop may wait for its turn, about; less where others go before a node."""
_MOST = 64
"""Items from one turn to the next."""


def _always(patient: bool = False) -> bool:
    return True


class Wanted(Protocol):
    """Tells whether the event loop has to turn."""

    def __call__(self, patient: bool = False) -> bool:
        """Tell whether anything waits for it; ``patient``: not for what may as well be later."""
        ...


class Turns:
    """How often the event loop of this process has turned, as far as it counts that."""

    count = 0
    are_wanted: ClassVar[Wanted] = _always
    """Tells whether anything waits for the loop to turn; where the loop does not know: always."""


class Breathing:
    """Counts the items of one coroutine from turn to turn."""

    def __init__(self) -> None:
        """Let the loop turn after the first item."""
        self.every = 1
        """After so many items the loop is to turn."""
        self._turned: float | None = None
        self._count = Turns.count

    def need_not(self) -> bool:
        """Tell whether the loop has turned by itself since this was asked or it `note_turned`.

        So it does where the coroutine has waited elsewhere, for another input.
        """
        if self._count == Turns.count:
            return False
        self._count = Turns.count
        self._turned = None
        return True

    def forget(self) -> None:
        """Note that the coroutine has waited: the loop has turned meanwhile."""
        self._turned = None

    def note_turn(self) -> None:
        """Note that the loop is about to turn after `every` items, and measure up to the next."""
        now = monotonic()
        if self._turned is not None:
            took, seconds = now - self._turned, TURN_SECONDS.get()
            if took > seconds:
                self.every = max(1, int(self.every * seconds / took))
            elif 2.0 * took < seconds:
                self.every = min(_MOST, 2 * self.every)

    def note_turned(self) -> None:
        """Note that it has turned."""
        self._turned = monotonic()
        self._count = Turns.count
