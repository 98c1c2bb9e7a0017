"""Kinds of things that other people may add, and how they are told in what was imported."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A kind of thing that other people may add.

    ``group`` is the entry-point group; ``expected`` says in words what its things are;
    ``is_one`` tells whether something is one.
    """

    group: str
    expected: str
    is_one: Callable[[Any], bool]

    def defined_in(self, module: ModuleType) -> list[Any]:
        """Return the things at the top of a module, without classes that it imported."""
        return [value for value in vars(module).values() if self.is_one(value)
                and (not inspect.isclass(value) or value.__module__ == module.__name__)]

    def offered_by(self, offer: Any) -> list[Any]:
        """Return what is offered: one thing, a module or list of them, a function that gives one.

        Raises TypeError for anything else, and for nothing at all.
        """
        found = offer() if callable(offer) and not inspect.isclass(offer) else offer
        if isinstance(found, ModuleType):
            things = self.defined_in(found)
        elif inspect.isclass(found) or not isinstance(found, Iterable):
            things = [found]
        else:
            things = list(found)
        wrong = [each for each in things if not self.is_one(each)]
        if wrong or not things:
            raise TypeError(f"expected {self.expected}, a module or list of them or a function "
                            f"that returns them, found {wrong or found!r:.80}")
        return things
