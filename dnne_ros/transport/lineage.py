"""What has come of the items that a node took: so that it may die at any moment.

A node that takes one item of each input a round, gives what follows from them, and keeps nothing
from one round to the next, can be started again without a loss, if whoever feeds it keeps the
items of a round until all that the round gave has been handled.  That is agreed from end to end:
a node says so only when its own consumers have said so.  The one that takes its place makes again
what was not handled, from a round on that all inputs agree on, and under the same numbers, by
which consumers know what they have had.  Which round that is, and which numbers, is in the
`RoundLog`, which outlives a process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from dnne_ros.errors import PeerError
from dnne_ros.transport.round_log import RoundLog
from dnne_ros.transport.window import Window

Handled = Callable[[int], None]


class Lineage:
    """Follows the rounds of one node from its inputs to its consumers in other processes."""

    def __init__(self, node: str, log: RoundLog, inputs: Sequence[str], outputs: Sequence[str]):
        """Write rounds of ``node`` into ``log``, which has a column for each of the ports.

        ``inputs`` are those of which every round takes an item, the first one first.
        """
        self._node = node
        self._log = log
        self.inputs = tuple(inputs)
        """Those of which every round takes an item."""
        self._outputs = tuple(outputs)
        self._columns = {port: column for column, port in enumerate((*inputs, *outputs))}
        self._taken: dict[str, Callable[[], int]] = {}
        self._skip: dict[str, Callable[[int], None]] = {}
        self._windows: dict[str, Window] = {}
        self._on_ready: list[Callable[[], None]] = []
        self._first: dict[str, int] = {}
        self._waiting: deque[tuple[Handled, int, list[int]]] = deque()
        self.restarted = log.restarted
        """Whether another process was here before."""
        self._start = None if log.restarted else log.row(0)
        self._failure = ""

    def join(self, port: str, taken: Callable[[], int], skip: Callable[[int], None]) -> None:
        """Follow an input: ``taken()`` is the number of the item that was taken last.

        ``skip(number)`` is called at the start: up to that item, all has been handled.
        """
        self._taken[port] = taken
        self._skip[port] = skip

    def follow(self, port: str, window: Window, on_ready: Callable[[], None]) -> None:
        """Wait for the lossless consumers of an output.

        ``on_ready()`` is called when `base` is known.
        """
        self._windows[port] = window
        self._on_ready.append(on_ready)
        window.on_handled = self._advance

    @property
    def ready(self) -> bool:
        """Tell whether it is known where to go on; `PeerError` if nobody can know that."""
        if self._failure:
            raise PeerError(self._failure)
        return self._start is not None

    def begin(self, port: str, first: int) -> None:
        """Note with which item an input begins; with the last one it is known where to go on."""
        self._first.setdefault(port, first)
        if self._start is None and not self._failure and len(self._first) == len(self._taken):
            self._find_start()

    def of_output(self, port: str) -> MadeAgain:
        """Return with which item an output goes on."""
        return MadeAgain(self, port)

    def base(self, port: str) -> int | None:
        """Return how many items of an output there were before; None if that is not known yet."""
        return None if self._start is None else self._start[self._columns[port]]

    def most(self, port: str) -> int:
        """Return how many items of an output there were, with those that are made again."""
        return self._log.most()[self._columns[port]]

    def finish(self, port: str, handled: Handled, number: int) -> None:
        """Call ``handled(number)`` once all that was sent so far is handled.

        To be called when the node asks for the next item of an input, for the one before it.
        """
        if port == self.inputs[0]:
            self._log.append([*(self._taken[each]() for each in self.inputs),
                              *(self._windows[each].sent for each in self._outputs)])
        needed = [window.sent if window.lossless else 0 for window in self._windows.values()]
        if not self._waiting and self._done(needed):
            handled(number)
        else:
            self._waiting.append((handled, number, needed))

    def _find_start(self) -> None:
        """Go on with the first round that is not handled on all inputs."""
        rounds = [self._log.find(self._columns[port], first - 1)
                  for port, first in self._first.items()]
        known = [each for each in rounds if each is not None]
        if len(known) < len(rounds):
            self._failure = (f"{self._node} cannot go on without a loss: what its predecessor did "
                             "is not known far enough back")
            return
        start = max(known)
        numbers = self._log.row(start)
        self._log.go_back(start)
        for port, skip in self._skip.items():
            skip(numbers[self._columns[port]])
        self._start = numbers
        for tell in self._on_ready:
            tell()

    def _advance(self) -> None:
        while self._waiting and self._done(self._waiting[0][2]):
            handled, number, _ = self._waiting.popleft()
            handled(number)

    def _done(self, needed: list[int]) -> bool:
        return all(window.handled >= number
                   for window, number in zip(self._windows.values(), needed, strict=True))


class MadeAgain:
    """The `Restart` of an output of a node whose rounds are followed."""

    def __init__(self, lineage: Lineage, port: str):
        """Go on where ``lineage`` does."""
        self._lineage = lineage
        self._port = port

    def base(self, had: int | None) -> int | None:
        """Return how many items there were before; None if that is not known yet."""
        return self._lineage.base(self._port)

    def sent_before(self) -> int:
        """Return up to which number the one before may have sent items, at most."""
        if not self._lineage.restarted:
            return 0
        # One more: of the round in which the other one died, which may be the first of all.
        return self._lineage.most(self._port) + 1
