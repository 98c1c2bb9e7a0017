"""What a person says to the debugger, done in a graph, and what comes of it in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dnne_ros.debugger.showing import item_lines, state_lines
from dnne_ros.errors import DnneError

if TYPE_CHECKING:
    from dnne_ros.debugger.client import DebuggedGraph
    from dnne_ros.debugger.words import Words


class Session:
    """One debugger at one graph."""

    def __init__(self, graph: DebuggedGraph, timeout: float | None = None, waits: bool = True):
        """Debug ``graph``.

        Where something is waited for, `DnneError` after ``timeout`` seconds.  ``waits``: `go`
        waits for the next stop if there are breakpoints.
        """
        self.graph = graph
        self._timeout = timeout
        self._waits = waits

    async def do(self, words: Words) -> dict[str, Any]:
        """Do it, and return the state then, with the items that are to be shown."""
        action = words.action
        if action in ("list", "show"):
            return await self.graph.state(words.words[0] if action == "show" else None)
        if action != "wait":
            state = await self.graph.do(action, *words.words)
        stops = action in ("step", "boundary", "wait") or (
            action == "go" and self._waits and any(each["stops"] for each in state["breakpoints"]))
        if not stops:
            return await self.graph.state("" if action == "pause" else None)
        try:
            return await self.graph.stopped(self._timeout)
        except TimeoutError as error:
            raise DnneError(str(error)) from None


def lines_of(words: Words, state: dict[str, Any]) -> Iterator[str]:
    """Say what has come of it."""
    if words.action == "show":
        for item in state["items"]:
            yield from item_lines(item)
        if not state["items"]:
            yield "no item is at hand" + (f" at {words.words[0]}" if words.words[0] else "")
        return
    yield from state_lines(state)
    if words.action in ("step", "go", "boundary", "wait", "pause"):
        for item in state["items"]:
            if item["why"]:
                yield from item_lines(item)
