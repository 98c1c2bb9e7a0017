"""Putting up with errors, but not for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ErrorLimit:
    """Lets errors pass until too many come in a row: ``with limit: ...``.

    ``in_a_row`` and ``total`` count them, ``last`` is the newest, None after a success.
    """

    def __init__(self, at_most: int, on: tuple[type[Exception], ...] = (Exception,),
                 on_error: Callable[[Exception], None] | None = None):
        """Raise the error that follows ``at_most`` in a row; tell ``on_error`` of those let pass.

        Errors other than ``on`` are raised at once.
        """
        self._at_most = at_most
        self._on = on
        self._on_error = on_error
        self.in_a_row = 0
        self.total = 0
        self.last: Exception | None = None

    def __enter__(self) -> ErrorLimit:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> bool:
        """Tell whether the error passes."""
        if error is None:
            self.in_a_row = 0
            self.last = None
            return False
        if not isinstance(error, self._on):
            return False
        self.in_a_row += 1
        self.total += 1
        self.last = error
        if self.in_a_row > self._at_most:
            return False
        if self._on_error is not None:
            self._on_error(error)
        return True


class SafeDefault(Generic[T]):
    """Gives a safe value in place of an error: ``await safe(read)``."""

    def __init__(self, value: T, limit: ErrorLimit):
        """Return ``value`` after the errors that ``limit`` lets pass; the others are raised."""
        self.value = value
        self.limit = limit

    async def __call__(self, call: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
        """Return ``await call(*args, **kwargs)``, or the safe value if that fails."""
        with self.limit:
            return await call(*args, **kwargs)
        return self.value
