"""What becomes of a value before consumers get it, the same in every placement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dnne_ros.node_api.port_types import PortType

_NOTHING = object()


class Admission:
    """Checks the values of an output, and makes of each what all consumers get.

    ``kind_of`` tells what a check goes by, which was ``kind`` for the value before; None: nothing
    is checked.  ``made`` makes what consumers get; None: that is the value.  Values of the class
    ``exact`` need none of it.
    """

    def __init__(self, of: PortType):
        """Admit values of that type."""
        self._type = of
        self.exact = of.exact
        self.kind_of = of.kind_of()
        self.kind: Any = _NOTHING
        self._class: type = type(_NOTHING)
        own = type(of).canonical is not PortType.canonical
        self.made: Callable[[Any], Any] | None = of.canonical if own else None

    @property
    def is_needed(self) -> bool:
        """Tell whether it ever does anything."""
        return self.kind_of is not None or self.made is not None

    @property
    def last(self) -> tuple[type, Callable[[Any], Any], Any] | None:
        """Return the class of the last value that was checked, what tells a kind, and its.

        The next value is admitted as it is if all are the same; None: nothing tells that.
        """
        if self.kind_of is None or self.made is not None:
            return None
        return self._class, self.kind_of, self.kind

    def __call__(self, value: Any) -> Any:
        """Return what consumers get; raises what the type's `check` and `canonical` do."""
        kind_of = self.kind_of
        if kind_of is not None:
            try:
                if kind_of(value) != self.kind:
                    self.check(value)
            except AttributeError:
                self.refuse(value)
                raise
        return value if self.made is None else self.made(value)

    def check(self, value: Any) -> None:
        """Look at a value of another kind than the last one."""
        assert self.kind_of is not None  # or nobody would ask
        self._type.check(value)
        self.kind, self._class = self.kind_of(value), value.__class__

    def refuse(self, value: Any) -> None:
        """Raise what the type says of a value of which nothing tells the kind."""
        self._type.check(value)
