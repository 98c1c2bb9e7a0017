"""Exceptions of the package, and how they phrase themselves to a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


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
        self._found: list[Problem] = []

    def add(self, message: str, *, node: str | None = None, type: str | None = None,
            title: str | None = None, port: str | None = None) -> None:
        """Note a problem; the same one is noted once."""
        problem = Problem(message, node, type, title, port)
        if problem not in self._found:
            self._found.append(problem)

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
