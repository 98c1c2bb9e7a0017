"""Contexts in which a node's own coroutine sends all that it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from dnne_ros.node_api.answering import AnswerItems
from dnne_ros.node_api.supply import Supply


class OwnCoroutine:
    """The part of `dnne_ros.NodeContext` about items that others send for a node: nobody does."""

    def together(self) -> AbstractContextManager[None]:
        """Do nothing: there is no other process."""
        return nullcontext()

    def has_room(self, ports: Sequence[str]) -> bool:
        """Leave outputs to the node's coroutine."""
        return False

    def put_now(self, port: str, value: Any) -> None:
        """Raise RuntimeError: no output `has_room`."""
        raise RuntimeError(f"output {port!r} has no room")

    def put_round(self, values: Mapping[str, Any]) -> None:
        """Raise RuntimeError: no output `has_room`."""
        raise RuntimeError(f"outputs {', '.join(values)} have no room")

    def giving(self, ports: Sequence[str]) -> AbstractContextManager[None]:
        """Leave it to the node's coroutine."""
        return nullcontext()

    def answering(self, ports: Sequence[str], answer: AnswerItems,
                  ready: Callable[[], bool] | None = None) -> AbstractContextManager[None]:
        """Leave it to the node's coroutine."""
        return nullcontext()

    def supplying(self, ports: Sequence[str], values: Iterable[Any]
                  ) -> AbstractContextManager[Supply]:
        """Leave it to the node's coroutine."""
        return nullcontext(Supply(values))
