"""The items whose memory a node looks at through one of its inputs."""

from __future__ import annotations

from collections.abc import Iterable

from dnne_ros.transport.carrier import Lent
from dnne_ros.transport.credit import MOST_LOANS
from dnne_ros.transport.received_item import ReceivedItem


class InputLoans:
    """Loans by the number of the item."""

    def __init__(self) -> None:
        """Have none."""
        self._loans: dict[int, Lent] = {}

    def __len__(self) -> int:
        return len(self._loans)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the items that were looked at when `let_go` was called last."""
        return tuple(self._loans)

    def lend(self, item: ReceivedItem) -> memoryview | None:
        """Return the message of an item where it lies; None if it has to be copied."""
        if item.lend is None or len(self._loans) >= MOST_LOANS:
            return None
        lent = item.lend()
        if lent is None:
            return None
        message, self._loans[item.number] = lent
        return message

    def let_go(self) -> bool:
        """Forget those at which nobody looks any more; tell whether there was one."""
        over = [number for number, loan in self._loans.items() if loan.is_over()]
        for number in over:
            del self._loans[number]
        return bool(over)

    def are_all(self, items: Iterable[int]) -> bool:
        """Tell whether each of ``items`` is looked at."""
        return all(number in self._loans for number in items)

    def give_up(self) -> None:
        """Forget all of them: their producer is gone."""
        for loan in self._loans.values():
            loan.give_up()
        self._loans.clear()
