"""What viewers ask for: from the threads of foxglove-sdk to the event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import foxglove
from foxglove.websocket import ChannelView, Client, ServerListener

_LONGEST_ANSWER = 20.0
"""Seconds for which one viewer's thread waits for parameters."""


class Asked(Protocol):
    """Does what viewers ask for, in the event loop."""

    def subscribe(self, topic: str, viewer: int) -> None:
        """Begin with a topic for a viewer."""

    def unsubscribe(self, topic: str, viewer: int) -> None:
        """End it, as the viewer or its connection has."""

    async def read(self, names: Sequence[str]) -> list[foxglove.Parameter]:
        """Return parameters, or all."""

    async def write(self, wanted: Sequence[foxglove.Parameter]) -> list[foxglove.Parameter]:
        """Set parameters, and return them as they are then."""

    def show_connections(self, wanted: bool) -> None:
        """Begin or end to say who is connected with whom."""


class Listener(ServerListener):
    """Hands on what viewers ask for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, asked: Asked):
        """Have ``asked`` do it in ``loop``."""
        self._loop = loop
        self._asked = asked
        self._closed = False

    def close(self) -> None:
        """Hand on nothing more: the loop will not run again."""
        self._closed = True

    def on_subscribe(self, client: Client, channel: ChannelView) -> None:
        """See `Asked.subscribe`."""
        self._call(self._asked.subscribe, channel.topic, client.id)

    def on_unsubscribe(self, client: Client, channel: ChannelView) -> None:
        """See `Asked.unsubscribe`."""
        self._call(self._asked.unsubscribe, channel.topic, client.id)

    def on_get_parameters(self, client: Client, param_names: list[str],
                          request_id: str | None = None) -> list[foxglove.Parameter]:
        """See `Asked.read`."""
        return self._answer(self._asked.read(param_names))

    def on_set_parameters(self, client: Client, parameters: list[foxglove.Parameter],
                          request_id: str | None = None) -> list[foxglove.Parameter]:
        """See `Asked.write`."""
        return self._answer(self._asked.write(parameters))

    def on_connection_graph_subscribe(self) -> None:
        """See `Asked.show_connections`."""
        self._call(self._asked.show_connections, True)

    def on_connection_graph_unsubscribe(self) -> None:
        """See `Asked.show_connections`."""
        self._call(self._asked.show_connections, False)

    def _call(self, do: Callable[..., None], *values: Any) -> None:
        if not self._closed:
            self._loop.call_soon_threadsafe(do, *values)

    def _answer(self, asking: Coroutine[Any, Any, list[foxglove.Parameter]]
                ) -> list[foxglove.Parameter]:
        if self._closed:
            asking.close()
            return []
        answer = asyncio.run_coroutine_threadsafe(asking, self._loop)
        try:
            return answer.result(_LONGEST_ANSWER)
        except concurrent.futures.TimeoutError:
            answer.cancel()
            return []
        except concurrent.futures.CancelledError:  # the server ends
            return []
