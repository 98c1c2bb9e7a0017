"""What stands between a robot and a network that does not do it itself.

Offsets, scales, clips and the samples before of what is measured; clips, scales, offsets and
limits of what the network gives.  The interface says which, in `Interface.inside` which of them
the network does itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from dnne_ros.policies.interface import ActionTerm, Interface, ObservationTerm

_OBSERVED = ("offset", "scale", "clip")
_COMMANDED = ("clip", "scale", "offset", "limits")
"""What is done with numbers, in this order."""


class ObservationTerms:
    """Makes of what is measured what the network takes.

    A term with a history remembers: the samples before the first one, and before the first one
    after a `reset`, count as equal to it, as in Isaac Lab (``CircularBuffer``).
    """

    def __init__(self, interface: Interface):
        """Do what ``interface`` says and the network does not."""
        terms = [outside_term(term, interface) for term in interface.observations]
        self.names = [name for term in terms for name in replace(term, history=1).names]
        """Of each number that is measured."""
        self.units = [unit for term in terms for unit in term.units]
        """Of the same."""
        self._offset = _of_each(terms, "offset", 0.0)
        self._scale = _of_each(terms, "scale", 1.0)
        self._clip = None if all(term.clip is None for term in terms) else np.array(
            [term.clip or (-np.inf, np.inf) for term in terms for _ in term.columns],
            np.float32).T
        self._histories = [_History(term) for term in terms] if any(
            term.history > 1 for term in terms) else []
        self._places = np.cumsum([len(term.columns) for term in terms])[:-1]
        self.change = bool(self._histories) or any(
            part is not None for part in (self._offset, self._scale, self._clip))
        """Whether anything is left to be done."""

    def reset(self) -> None:
        """Forget the samples before."""
        for history in self._histories:
            history.rows = None

    def __call__(self, measured: np.ndarray) -> np.ndarray:
        """Return float32 (n, numbers that the network takes) for float32 (n, `names`).

        Samples are remembered from call to call, for each of the n; if n changes, none are.
        """
        if self._offset is not None:
            measured = measured - self._offset
        if self._scale is not None:
            measured = measured * self._scale
        if self._clip is not None:
            measured = np.clip(measured, *self._clip)
        if not self._histories:
            return measured
        parts = np.split(measured, self._places, axis=1)
        return np.concatenate(
            [history(part) for history, part in zip(self._histories, parts, strict=True)], axis=1)


class _History:
    """The last samples of one term, float32 (n, samples, columns), oldest first."""

    def __init__(self, term: ObservationTerm):
        self._length = term.history
        self._by_column = term.history_order == "term"
        self.rows: np.ndarray | None = None

    def __call__(self, sample: np.ndarray) -> np.ndarray:
        if self.rows is None or len(self.rows) != len(sample):
            self.rows = np.repeat(sample[:, None], self._length, axis=1)
        else:
            self.rows = np.concatenate([self.rows[:, 1:], sample[:, None]], axis=1)
        rows = self.rows.transpose(0, 2, 1) if self._by_column else self.rows
        return rows.reshape(len(sample), -1)


def outside_term(term: ObservationTerm, interface: Interface) -> ObservationTerm:
    """Return a term as it is measured, with what is left to do of it."""
    left: dict[str, Any] = {name: None if f"observation_{name}" in interface.inside
                            else getattr(term, name) for name in _OBSERVED}
    if "history" not in interface.inside or term.history == 1:
        return replace(term, **left)
    for name in ("offset", "scale"):
        if left[name] is not None:
            left[name] = tuple(term.spread(left[name]))
    return replace(term, **left, kind="", columns=term.names,
                   units=tuple(term.spread(term.units)), history=1)


def outside_command(interface: Interface) -> ActionTerm | None:
    """Return what makes commands of what the network gives; None if it gives commands."""
    actions = interface.actions
    left: dict[str, Any] = {name: None if f"action_{name}" in interface.inside
                            else getattr(actions, name) for name in _COMMANDED}
    return None if all(value is None for value in left.values()) else replace(actions, **left)


def out_of_order(interface: Interface) -> Iterator[str]:
    """Yield the fields that can be done neither before the network nor behind it.

    Each with the one that is inside the network and would have to come after it or before it.
    """
    inside = interface.inside
    for term in interface.observations:
        steps: list[tuple[str, Any]] = [(name, getattr(term, name)) for name in _OBSERVED]
        steps.append(("history", None if term.history == 1 else term.history))
        kinds = [name if name == "history" else f"observation_{name}" for name, _ in steps]
        for at, (name, value) in enumerate(steps):
            before = [kind for kind, (_, other) in zip(kinds[:at], steps[:at], strict=True)
                      if other is not None and kind in inside]
            if value is not None and kinds[at] not in inside and before:
                yield (f"observations.{term.name}.{name}: expected it inside the network, as "
                       f"{before[0]} is, which comes before it")
    for at, name in enumerate(_COMMANDED):
        behind = [f"action_{other}" for other in _COMMANDED[at + 1:]
                  if getattr(interface.actions, other) is not None
                  and f"action_{other}" in inside]
        if getattr(interface.actions, name) is not None and f"action_{name}" not in inside \
                and behind:
            yield (f"actions.{name}: expected it inside the network, as {behind[0]} is, which "
                   "comes after it")


def _of_each(terms: list[ObservationTerm], name: str, default: float) -> np.ndarray | None:
    """Return a number for each column, float32; None if no term has one."""
    values = [getattr(term, name) for term in terms]
    if all(value is None for value in values):
        return None
    return np.array([number for term, value in zip(terms, values, strict=True)
                     for number in (value or [default] * len(term.columns))], np.float32)
