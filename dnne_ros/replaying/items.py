"""Items of a recording by their numbers, for one who takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dnne_ros.recording.channels import digest
from dnne_ros.recording.chunk_cache import Message
from dnne_ros.replaying.feed import Ended


class Items:
    """The messages of one channel, of which each is asked for once."""

    def __init__(self, messages: Iterator[Message], *, in_order: bool = True):
        """Go through ``messages``; ``in_order``: nobody asks for an earlier one any more."""
        self._messages = messages
        self._in_order = in_order
        self._early: dict[int, Message] = {}
        self.over = False
        """Whether it has come to the recording's end."""

    def find(self, number: int) -> Message | None:
        """Return the message of an item; None if it is not in the recording."""
        if number in self._early:
            return self._early.pop(number)
        for message in self._messages:
            if message.number == number:
                return message
            if not self._in_order or message.number > number:
                self._early[message.number] = message
            if self._in_order and message.number > number:
                return None
        self.over = True
        return None


def fetching(items: Items, decode: Callable[[bytes], Any]) -> Callable[[int], Any]:
    """Return what gives the value of an item; it raises `Ended` behind the last."""
    def fetch(number: int) -> Any:
        message = items.find(number)
        if message is None:
            raise Ended
        return decode(message.data)

    return fetch


class Changes:
    """The changes of a model, by `digest`; each may be asked for again."""

    def __init__(self, messages: Iterator[Message], decode: Callable[[bytes], bytes]):
        """Go through ``messages``, each of which carries a change."""
        self._messages = messages
        self._decode = decode
        self._found: dict[int, bytes] = {}

    def find(self, wanted: int) -> bytes | None:
        """Return a change; None if it is not in the recording.

        Those before it are not kept: each change brings all of the model.
        """
        if wanted in self._found:
            return self._found[wanted]
        for message in self._messages:
            change = self._decode(message.data)
            if digest(change) == wanted:
                self._found = {wanted: change}
                return change
        return None
