"""A value that all processes of a run have in common, whichever of them changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedWord(Generic[T]):
    """The last word of all processes about something.

    Words are numbered, and go along with signs of life: so one that is lost comes again, one that
    was started again hears it, and of two at once the same one counts everywhere.
    """

    def __init__(self, process: str, value: T, read: Callable[[Any], T]):
        """Begin with ``value``; ``read`` makes one of JSON values, or raises ValueError."""
        self.value = value
        self._process = process
        self._read = read
        self._last: tuple[int, str] = (0, "")

    def set(self, value: T) -> None:
        """Change it; the others learn of it by what `say` returns."""
        self._last = (self._last[0] + 1, self._process)
        self.value = value

    def say(self) -> list[Any]:
        """Return what another process is to `hear`."""
        return [*self._last, self.value]

    def hear(self, word: Any) -> bool:
        """Take up what another process says, and tell whether it is news.

        ValueError or TypeError if it means nothing.
        """
        number, process, value = word
        if type(number) is not int or type(process) is not str:
            raise ValueError(f"no word of a process: {word!r:.80}")
        value = self._read(value)
        if (number, process) <= self._last:
            return False
        self._last, self.value = (number, process), value
        return True
