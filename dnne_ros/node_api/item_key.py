"""What an item belongs to: the customer of an order, say.  A state can be kept for each."""

from __future__ import annotations

import inspect
import json
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dnne_ros.node_api.port_types import AnyValue, Dict, PortType
from dnne_ros.node_api.port_types.scalars import Boolean, Float, Int, String

KeyFunction = Callable[..., Any]
"""Is given items by the names of their ports, and returns a text or a number."""


class ItemKey:
    """Tells keys of rounds by a path, ``order.customer``, or by a function of some inputs."""

    def __init__(self, said: str | KeyFunction, by: str):
        """Go by what is ``said`` under the name ``by``, which errors tell."""
        self._said = said
        self._by = by
        self._path = said.split(".") if isinstance(said, str) else []
        self.ports = tuple(self._path[:1]) if isinstance(said, str) else tuple(
            each.name for each in inspect.signature(said).parameters.values()
            if each.default is each.empty)
        """The inputs that it goes by."""

    def __call__(self, items: Mapping[str, Any]) -> str:
        """Return the key of a round of ``items``, by input: as text, in which 1 and "1" differ.

        Raises LookupError for an item without one of the entries, TypeError for a key that is
        neither text nor a number, and what the function raises.
        """
        if not isinstance(self._said, str):
            return self._text(self._said(**{port: items[port] for port in self.ports}))
        value = items[self.ports[0]]
        for entry in self._path[1:]:
            if not isinstance(value, Mapping) or entry not in value:
                raise LookupError(f"an item of input {self.ports[0]} has no entry {entry!r}, as "
                                  f"{self._by} {self._said!r} names it")
            value = value[entry]
        return self._text(value)

    def __str__(self) -> str:
        return self._said if isinstance(self._said, str) else \
            f"what is said of {', '.join(self.ports)}"

    def faults(self, types: Mapping[str, PortType]) -> Iterator[str]:
        """Say what is wrong with it for a node with inputs of ``types``, by name."""
        for port in self.ports:
            if port not in types:
                yield (f"{port!r:.40} is no input that items come to; these are "
                       f"{', '.join(types) or 'none'}")
        if not isinstance(self._said, str) or self.ports[0] not in types:
            return
        type = types[self.ports[0]]
        if len(self._path) > 1 and not isinstance(type, Dict | AnyValue):
            yield f"{self._said!r:.40}: items of {self.ports[0]} have no entries: they are {type}"
        elif len(self._path) == 1 and not isinstance(
                type, String | Int | Float | Boolean | AnyValue):
            yield (f"{self._said!r:.40}: expected text or numbers, and items of it are {type}"
                   + (f"; an entry of theirs will do ({self._said}.name)"
                      if isinstance(type, Dict) else ""))

    def _text(self, value: Any) -> str:
        if not isinstance(value, str | float):
            try:
                value = value if isinstance(value, bool) else operator.index(value)
            except TypeError:
                raise TypeError(f"{self._by}: expected text or a number, found a "
                                f"{type(value).__name__}") from None
        return json.dumps(value)
