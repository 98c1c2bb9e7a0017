"""The ends of a node's edges, by port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn, TypeVar

_End = TypeVar("_End")


class ByPort(dict[str, _End]):
    """Ends of edges by port, that say which there are where a node asks for another."""

    def __init__(self, ends: Mapping[str, _End], node: str, kind: str):
        """Hold the ``ends`` of a type of ``node``; ``kind`` is ``output`` or ``linked input``."""
        super().__init__(ends)
        self._what = f"{node} has no {kind}"

    def __missing__(self, port: str) -> NoReturn:
        raise LookupError(f"{self._what} {port!r}; it has {', '.join(self) or 'none'}")
