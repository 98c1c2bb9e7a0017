"""Values from a graph as literals in code, parameter files and comments.

Each literal is read back before it is used: what would come back as anything else is a bug here
and never reaches a file.
"""

from __future__ import annotations

import ast
import re
import textwrap
from typing import Any

import yaml

WIDTH = 99
"""Longest line that ament's linters take."""


def python_literal(value: Any, indent: int = 0, room: int = 40) -> str:
    """Return a string, number, boolean or None as a Python literal.

    A string that would not fit beside ``room`` characters on a line is split over several, in
    parentheses, ``indent`` spaces deep.
    """
    text = repr(value)
    if isinstance(value, str) and len(text) > WIDTH - indent - room:
        inner = " " * (indent + 4)
        pieces = "\n".join(inner + repr(piece) for piece in _pieces(value, WIDTH - indent - 4))
        text = f"(\n{pieces}\n{' ' * indent})"
    back = ast.literal_eval(text)
    if type(back) is not type(value) or back != value:
        raise ValueError(f"{value!r:.80} has no literal")
    return text


def _pieces(text: str, width: int) -> list[str]:
    """Return ``text`` cut, behind spaces if it has any, for literals of at most ``width``."""
    pieces = [""]
    used = 2
    for char in text:
        size = _size(char)
        if used + size > width:
            head, space, tail = pieces[-1].rpartition(" ")
            pieces[-1:] = [head + space, tail] if space else [tail, ""]
            used = 2 + sum(map(_size, pieces[-1]))
        pieces[-1] += char
        used += size
    return pieces


def _size(char: str) -> int:
    # Quotes may be escaped in one piece and not in another: count them as escaped.
    return 2 if char in "'\"" else len(repr(char)) - 2


def yaml_literal(value: Any) -> str:
    """Return a string, number or boolean as a YAML scalar on one line.

    Strings are always quoted, so that rcl, too, takes ``"on"`` and ``"1"`` for strings.
    """
    style = '"' if isinstance(value, str) else None
    text = yaml.safe_dump(value, default_style=style, width=float("inf"))
    text = text.removesuffix("\n").removesuffix("\n...")
    back = yaml.safe_load(text)
    if type(back) is not type(value) or back != value or "\n" in text:
        raise ValueError(f"{value!r:.80} has no YAML scalar")
    return text


def yaml_key(name: str) -> str:
    """Return a parameter's name as a YAML key, quoted where YAML reads more into it."""
    return yaml.safe_dump(name).removesuffix("\n").removesuffix("\n...")


def plain(text: str, longest: int = 300) -> str:
    """Return text from a graph or node type for people to read, safe in any comment.

    One line of printable characters without quotes and backslashes that could end a docstring.
    """
    shown = "".join(char if char.isprintable() else " " for char in text)
    shown = re.sub(r"\s+", " ", shown.replace("\\", "/").replace('"', "'").replace("`", "'"))
    return textwrap.shorten(shown, longest, placeholder=" ...") if len(shown) > longest \
        else shown.strip()


def sentence(text: str, longest: int) -> str:
    """Return `plain` text as a docstring's first line: capitalised, with a full stop."""
    shown = plain(text, longest - 1).rstrip(".?!:;, ")
    return f"{shown[:1].upper()}{shown[1:longest - 1]}." if shown else "A node of the graph."


def comment(text: str, indent: int = 0) -> str:
    """Return `plain` text as comment lines, the first without its indent."""
    lines = textwrap.wrap(plain(text, 1000), WIDTH - indent - 2) or [""]
    return f"\n{' ' * indent}".join(f"# {line}".rstrip() for line in lines)
