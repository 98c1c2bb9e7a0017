"""The source text of compiled rounds: what it names, and whose each line is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

NAME = "compiled region"
"""What tracebacks say instead of a file."""


class Names:
    """The names by which a source text knows objects."""

    def __init__(self) -> None:
        """Know none."""
        self.objects: dict[str, Any] = {}
        self._numbers = count()

    def new(self, hint: str) -> str:
        """Return a name that nothing has yet; ``hint`` is for who reads the text."""
        return f"{hint}{next(self._numbers)}"

    def of(self, what: Any, hint: str = "n") -> str:
        """Return a name that means ``what``."""
        name = self.new(hint)
        self.objects[name] = what
        return name


@dataclass(frozen=True)
class Written:
    """A source text, and where in it each member's lines end.

    ``owners``: by line, from 0, the member and how many values are there before the line; None of
    lines that are nobody's.
    """

    lines: list[str] = field(default_factory=list)
    owners: list[tuple[int, int] | None] = field(default_factory=list)

    def add(self, indent: int, *lines: str, owner: tuple[int, int] | None = None) -> None:
        """Add lines."""
        for line in lines:
            self.lines.append("    " * indent + line)
            self.owners.append(owner)

    @property
    def text(self) -> str:
        """Return the text."""
        return "\n".join(self.lines)

    def function(self, names: Names, **objects: Any) -> Callable[..., Any]:
        """Return the function ``go`` that the text defines."""
        namespace = {**names.objects, **objects, "__name__": NAME, "__loader__": self}
        exec(compile(self.text, NAME, "exec"), namespace)
        made: Callable[..., Any] = namespace["go"]
        return made

    def get_source(self, name: str) -> str:
        """Return the text for tracebacks, as the loader of a module does."""
        return self.text

    def where(self, error: BaseException) -> tuple[int, int]:
        """Return whose line has raised an error that ``go`` has caught, and the values then."""
        assert error.__traceback__ is not None  # or it was not raised
        owner = self.owners[error.__traceback__.tb_lineno - 1]
        assert owner is not None  # what is caught are lines of members
        return owner

    def shown(self, members: list[str]) -> str:
        """Return the text with the names of ``members`` beside their lines, for people."""
        width = max(map(len, self.lines)) + 2
        shown, last = [], None
        for line, owner in zip(self.lines, self.owners, strict=True):
            member = None if owner is None else owner[0]
            beside = "" if member is None or member == last else \
                f"# {ascii(members[member])[1:-1]}"
            shown.append(f"{line:{width}}{beside}".rstrip())
            last = member
        return "\n".join(shown)
