"""Exceptions of the package, and how they phrase themselves to a person."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MOST_CHARACTERS = 20_000
"""Of an error's text; what comes from a node may be of any length."""
_MOST_OF_ONE = 10_000

FOREIGN_ERRORS = (Exception, SystemExit, KeyboardInterrupt)
"""What foreign code may raise that is an error of its own; asyncio would let the last two end its
loop."""


_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7f, 0xa0))
            if chr(code) not in "\n\t"}
_ESCAPES |= {code: f"\\u{code:04x}" for code in (
    0x061c, 0x200e, 0x200f, *range(0x202a, 0x202f), *range(0x2066, 0x206a), 0x2028, 0x2029)}


def printable(text: str) -> str:
    """Return the text as a terminal may have it: orders to it are shown, as Python writes them.

    Names, ids and error texts come from files and other machines, and a terminal obeys what it is
    shown: it sets titles, moves the cursor over what was said, and turns the order of letters.
    """
    return text.translate(_ESCAPES)


def shortened(text: str, most: int = _MOST_CHARACTERS) -> str:
    """Return the text, cut behind ``most`` characters: it is longer than a person would read."""
    return text if len(text) <= most else f"{text[:most]} … ({len(text)} characters)"


def describe(error: BaseException) -> str:
    """Return ``ValueError: text`` for a foreign exception, whatever its text is or raises."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception as trouble:  # a mistake in what tells of one must not hide it
        return f"{name} (its text cannot be had: {type(trouble).__name__})"
    return shortened(f"{name}: {text}" if text else name, _MOST_OF_ONE)


def signal_name(number: int) -> str:
    """Return ``SIGKILL``; of real-time signals only the first and the last have a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in what the user gave us.

    ``where`` is filled from the parts that are known: a node's id, type and title, and one of
    its ports or widgets.  ``message`` says what was expected and what was found.
    """

    message: str
    node: str | None = None
    type: str | None = None
    title: str | None = None
    port: str | None = None

    @property
    def where(self) -> str:
        """Return ``node 6 'Trainer' (PPOTrainerNode), reward``, or '' for the whole file."""
        if self.node is None:
            return ""
        text = f"node {self.node}"
        if self.title and self.title != self.type:
            text += f" {self.title!r}"
        if self.type:
            text += f" ({self.type})"
        if self.port:
            text += f", {self.port}"
        return text

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class Problems:
    """Collects problems while checking goes on, so that a report names all of them at once."""

    def __init__(self, source: str):
        """Collect for ``source``: the file or argument that the report names."""
        self.source = source
        self._found: dict[Problem, None] = {}  # in order, each once

    def add(self, message: str, *, node: str | None = None, type: str | None = None,
            title: str | None = None, port: str | None = None) -> None:
        """Note a problem; the same one is noted once."""
        self._found[Problem(message, node, type, title, port)] = None

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """Raise `InputError` with everything collected so far."""
        if self._found:
            raise InputError(self.source, self._found)


class DnneError(Exception):
    """Base of the package's own errors; ``exit_code`` is what a command exits with."""

    exit_code = 1


class InputError(DnneError):
    """The user's input is wrong: all its problems, in one report.  Commands exit with 2."""

    exit_code = 2

    def __init__(self, source: str, problems: Iterable[Problem | str]):
        """Report ``problems`` found in ``source`` (a file name or a command-line argument)."""
        self.source = source
        self.problems = tuple(
            Problem(problem) if isinstance(problem, str) else problem for problem in problems)
        super().__init__(source, self.problems)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return f"{self.source}: {self.problems[0]}"
        lines = [f"{self.source}: {len(self.problems)} problems"]
        lines += [f"  - {problem}" for problem in self.problems]
        return "\n".join(lines)


class NodeError(DnneError):
    """A node of the running graph failed."""

    def __init__(self, node: str, message: str):
        """Name the ``node`` (its ROS name) and what happened to it."""
        self.node = node
        self.message = message
        super().__init__(node, message)

    def __str__(self) -> str:
        return f"{self.node}: {self.message}"


class PeerError(DnneError):
    """A process or node that this one depends on did not come, or went away."""
