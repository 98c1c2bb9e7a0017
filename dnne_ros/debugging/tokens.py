"""The words of a condition, each with its place in the text."""

from __future__ import annotations

import re
from typing import NamedTuple

from dnne_ros.errors import printable

LONGEST = 500
"""Characters of a condition."""
_TOKEN = re.compile(r"""
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<text>"[^"]*"|'[^']*')
  | (?P<sign><=|>=|==|!=|[<>()\[\],.+-])
""", re.VERBOSE | re.ASCII)


class Token(NamedTuple):
    """A word of a ``kind`` (number, name, text, sign, end), from the character ``at``, from 1."""

    kind: str
    text: str
    at: int


class ConditionError(ValueError):
    """A condition that does not parse; it says where."""

    def __init__(self, at: int, expected: str, found: str):
        """Say what was expected at the character ``at``, from 1, and what is there."""
        super().__init__(f"character {at}: expected {expected}, found {printable(found)}")
        self.at = at


def split(text: str) -> list[Token]:
    """Return the tokens of a condition, with one for its end."""
    if len(text) > LONGEST:
        raise ConditionError(LONGEST + 1, f"at most {LONGEST} characters", f"{len(text)}")
    tokens: list[Token] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return [*tokens, Token("end", "the end", at + 1)]
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ConditionError(at + 1, "a name, a number or a comparison", repr(text[at]))
        tokens.append(Token(match.lastgroup, match.group(), at + 1))
        at = match.end()
