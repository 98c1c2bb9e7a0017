"""An option, declared once for all the ways to give it.

On a command line, again on those of child processes, and as an argument of launch files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dnne_ros.options.readings import truth


@dataclass(frozen=True)
class Option:
    """What is known of an option: ``peer_timeout`` for launch, ``--peer-timeout`` for a command.

    ``help`` is for the command line; as a sentence it describes the launch argument too, unless
    ``explanation`` does.  ``read`` makes a text (of each piece of a list) a value.

    ``also``: further words for it on a command line.  A ``flag`` is true or false; a ``list`` may
    be given again and again, and a launch argument has its pieces joined by semicolons; a launch
    argument that is a ``file`` may begin with ``~``.  The ``default`` is a text, too.  An option
    whose default is empty is None if it is left out, or given as an empty text.  A launch argument
    whose default is None must be given.  ``packaged``: the launch file of an exported package has
    it, too.  ``for_hosts``: it means something only where a run has several hosts.
    """

    name: str
    help: str
    default: str | None = ""
    read: Callable[[str], Any] = str
    kind: Literal["text", "file", "list", "flag"] = "text"
    metavar: str | None = None
    explanation: str = ""
    packaged: bool = True
    for_hosts: bool = False
    also: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """Return ``--peer-timeout``."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def description(self) -> str:
        """Return what a launch argument says of itself."""
        return self.explanation or f"{self.help[:1].upper()}{self.help[1:]}."

    @property
    def default_value(self) -> Any:
        """Return the value of an option that is not given."""
        if self.kind == "list":
            return []
        if self.kind == "flag":
            return truth(self.default or "false")
        return self._value(self.default or "")

    def add_to(self, parser: argparse.ArgumentParser, *, launched: bool = False) -> None:
        """Let ``parser`` take the option.

        ``launched``: in the form that a launch file gives it, which cannot leave a flag out:
        ``--inference=false``.
        """
        if self.kind == "flag" and launched:
            parser.add_argument(self.word, nargs="?", const=True, default=self.default_value,
                                type=truth, metavar="true|false", help=self.help)
        elif self.kind == "flag":
            parser.add_argument(self.word, action="store_true", help=self.help)
        elif self.kind == "list":
            parser.add_argument(self.word, action="append", default=[], type=self.read,
                                metavar=self.metavar, help=self.help)
        else:
            default = f" (default {self.default})" if self.default else ""
            parser.add_argument(self.word, *self.also, dest=self.name, metavar=self.metavar,
                                default=self.default_value, type=self._reader(),
                                help=self.help + default)

    def words(self, value: Any) -> list[str]:
        """Return the words that give ``value``, one for each, as it may start with a dash."""
        if self.kind == "flag":
            return [self.word] if value else []
        pieces: Sequence[Any] = value if self.kind == "list" else [value]
        return [f"{self.word}={piece}" for piece in pieces if piece is not None]

    def _value(self, text: str) -> Any:
        return None if text == self.default == "" else self.read(text)

    def _reader(self) -> Callable[[str], Any]:
        def read(text: str) -> Any:
            return self._value(text)

        read.__name__ = self.read.__name__  # argparse says it of a text that cannot be read
        return read
