"""Coroutines that are begun in a plain call, and seldom have anything to wait for."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any


class Begun(Exception):
    """A coroutine that has come to something to wait for: await this, and it goes on."""

    def __init__(self, rest: Coroutine[Any, Any, None], awaited: Any):
        """Wait for what it has ``awaited`` first, and then go on with its ``rest``."""
        super().__init__("it waits")
        self._rest, self._awaited = rest, awaited

    def __await__(self) -> Generator[Any, Any, None]:
        """Go on to its end."""
        awaited = self._awaited
        while True:
            try:
                sent = yield awaited
            except BaseException as error:
                step = partial(self._rest.throw, error)
            else:
                step = partial(self._rest.send, sent)
            try:
                awaited = step()
            except StopIteration:
                return


def begin(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine as far as it goes by itself; raises `Begun` where it has to wait."""
    try:
        awaited = coroutine.send(None)
    except StopIteration:
        return
    raise Begun(coroutine, awaited)
