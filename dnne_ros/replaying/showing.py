"""What others see of a replay: the items of nodes that run again, and the recorded ones."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Mapping
from functools import partial
from typing import Any, Protocol

from dnne_ros.recording.chunk_cache import Message
from dnne_ros.recording.recording import Recording
from dnne_ros.replaying.outputs import Checked

Shown = list[Coroutine[Any, Any, None]]
"""What shows items, as time goes on."""


class Shows(Protocol):
    """What shows messages to others: `dnne_ros.replaying.stage`."""

    def advertise(self, topic: str, message_type: str) -> None:
        """Have a topic; ValueError if its messages are not installed."""
        ...

    def publish(self, topic: str, message: bytes) -> None:
        """Show a message."""
        ...

    def play(self, topic: str, messages: Iterator[Message], seconds: float
             ) -> Coroutine[Any, Any, None]:
        """Show each message when it was sent, for so many seconds."""
        ...

    def tick(self, seconds: float) -> Coroutine[Any, Any, None]:
        """Show the time until then."""
        ...


def show(recording: Recording, again: Mapping[tuple[str, str], Checked | None], stage: Shows,
         seconds: float) -> tuple[Shown, list[str]]:
    """Return what shows items on ``stage``, and what is wrong with topics that cannot be shown.

    ``again``: the outputs, by node and port, of nodes that run again.  ``seconds``: for how long.
    """
    shown, unknown = [stage.tick(seconds)], []
    for node, port in recording.outputs():
        channel = recording.channel(node, port)
        try:
            stage.advertise(channel.topic, recording.message_type(channel))
        except ValueError as error:
            unknown.append(f"{channel.topic} is not shown: {error}")
            continue
        if (node, port) not in again:
            shown.append(stage.play(channel.topic, recording.items(node, port), seconds))
        elif (checked := again[node, port]) is not None:
            checked.on_item = partial(stage.publish, channel.topic)
    return shown, unknown
