"""Copies a module's source into another package: imports rewritten, docstrings as ament has them.

Everything else, comments and layout included, stays as it was written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dnne_ros.exporting.literals import WIDTH
from dnne_ros.exporting.python_imports import absolute


@dataclass(frozen=True)
class _Edit:
    """Replace what lies between two places (line from 1, column in UTF-8 bytes)."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


class CannotMove(ValueError):
    """A module that would not work under another name; the text says why."""


def moved_source(source: str, package: str, new_package: str, moves: Mapping[str, str]) -> str:
    """Return ``source``, a module of ``package``, as one of ``new_package``.

    ``moves`` maps top-level packages to their new full names.  Raises `CannotMove` for an import
    whose name the code goes on to use.
    """
    if not source.strip():
        return ""
    tree = ast.parse(source)
    lines = [line.encode() for line in source_lines(source)]
    edits = [*_import_edits(tree, lines, package, new_package, moves),
             *_name_edits(tree, moves), *_docstring_edits(tree, lines)]
    original = frozenset(lines)
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        (first, start), (last, end) = edit.start, edit.end
        lines[first - 1:last] = [
            lines[first - 1][:start] + edit.text.encode() + lines[last - 1][end:]]
    moved = source_lines(b"".join(lines).decode().rstrip() + "\n")
    return "".join(line if line.encode() in original else mark_long_lines(line)
                   for line in moved)


def source_lines(source: str) -> list[str]:
    """Return the lines with their ends, as Python counts them: not at a form feed."""
    return [line for line in re.split(r"(?<=\n)", source) if line]


def mark_long_lines(source: str) -> str:
    """Tell flake8 about lines that cannot be shorter: long names of the user's."""
    return "".join(
        line if len(line.rstrip("\n")) <= WIDTH or "# noqa: E501" in line
        else line.rstrip("\n") + "  # noqa: E501\n"
        for line in source_lines(source))


def _import_edits(tree: ast.AST, lines: Sequence[bytes], package: str, new_package: str,
                  moves: Mapping[str, str]) -> Iterator[_Edit]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in moves and not alias.asname:
                    raise CannotMove(f"line {node.lineno}: write from … import instead of "
                                     f"import {alias.name}, which cannot be copied")
                if alias.name.partition(".")[0] in moves:
                    yield _Edit((alias.lineno, alias.col_offset),
                                (alias.lineno, alias.col_offset + len(alias.name.encode())),
                                moved_name(alias.name, moves))
        elif isinstance(node, ast.ImportFrom):
            target = absolute(node, package)
            if node.module is None or node.level or target.partition(".")[0] not in moves:
                continue
            start = node.col_offset + len("from ")
            if not _first_line(node, lines).startswith(f"from {node.module} ".encode()):
                raise CannotMove(f"line {node.lineno}: an import in a form that cannot be copied")
            yield _Edit((node.lineno, start), (node.lineno, start + len(node.module.encode())),
                        relative(moved_name(target, moves), new_package))


def moved_name(name: str, moves: Mapping[str, str]) -> str:
    """Return a module's new full name."""
    top, dot, rest = name.partition(".")
    return moves[top] + dot + rest


def relative(module: str, package: str) -> str:
    """Return the name of ``module`` as modules of ``package`` import it: ``..nodes.node``."""
    target, here = module.split("."), package.split(".")
    shared = 0
    while shared < min(len(target), len(here)) and target[shared] == here[shared]:
        shared += 1
    return "." * (len(here) - shared + 1) + ".".join(target[shared:])


def _name_edits(tree: ast.AST, moves: Mapping[str, str]) -> Iterator[_Edit]:
    """Rename modules whose names are in strings, for importlib."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) \
                and node.lineno == node.end_lineno and node.end_col_offset is not None:
            words = node.value.split(".")
            if len(words) > 1 and words[0] in moves and all(map(str.isidentifier, words)):
                yield _Edit((node.lineno, node.col_offset), (node.lineno, node.end_col_offset),
                            f'"{moved_name(node.value, moves)}"')


def _first_line(node: ast.stmt | ast.expr, lines: Sequence[bytes]) -> bytes:
    """Return a node's source up to the end of its first line."""
    return lines[node.lineno - 1][node.col_offset:]


def _docstring_edits(tree: ast.AST, lines: Sequence[bytes]) -> Iterator[_Edit]:
    """Begin docstrings of several lines on their second line, as ament_pep257 wants it (D213)."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if not isinstance(node, owners) or ast.get_docstring(node) is None:
            continue
        statement = node.body[0]
        assert isinstance(statement, ast.Expr)  # the docstring
        text = statement.value
        begin = _first_line(text, lines)
        if text.lineno != text.end_lineno and begin.startswith(b'"""') \
                and not begin.startswith((b'"""\n', b'"""\\')):
            place = (text.lineno, text.col_offset + 3)
            yield _Edit(place, place, "\n" + " " * text.col_offset)
