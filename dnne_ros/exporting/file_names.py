"""Names of files in a module's source: those that can be told, and those made when it runs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

READERS = {"open", "Path", "load", "load_file", "loadtxt", "genfromtxt", "fromfile", "memmap",
           "imread", "read_csv", "read_json", "safe_open", "ZipFile"}
"""Functions that are given the names of files."""
_JOINERS = {"joinpath", "with_name", "with_stem", "with_suffix"}
"""Methods of a path that make another of it."""
_LISTERS = {"glob", "rglob", "iterdir", "listdir", "scandir", "walk"}
PLACE = "__file__"


class FileNames:
    """What a module's source says of files."""

    def __init__(self, tree: ast.AST):
        """Look at the assignments: which names stand for texts, and which for its own place."""
        self._tree = tree
        self._texts: dict[str, list[str]] = {}
        self._places = {PLACE}
        assigned = list(_assignments(tree))
        for name, value in assigned:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                self._texts.setdefault(name, []).append(value.value)
        for _ in assigned:  # one may stand for another
            self._places |= {name for name, value in assigned if self._is_place(value)}

    def given_to(self, functions: set[str]) -> Iterator[tuple[int, str]]:
        """Yield (line, text) for each text that is given to one of ``functions``."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and last_name(node.func) in functions:
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    for text in self._values(argument) or ():
                        yield node.lineno, text

    def made_at_run_time(self, is_there: Callable[[str], bool]) -> Iterator[int]:
        """Yield the lines in which a path beside the module is made of what cannot be told.

        What is below a folder that is named, and ``is_there``, is none: all of that comes along.
        """
        for node in ast.walk(self._tree):
            start, parts, lists = _path_of(node)
            if start is not None and self._is_place(start) and not any(
                    is_there(text) for text in texts_in(start)) and (
                    lists or any(self._values(part) is None for part in parts)):
                yield node.lineno  # type: ignore[attr-defined]

    def _is_place(self, value: ast.AST) -> bool:
        return any(last_name(node) in self._places for node in ast.walk(value))

    def _values(self, value: ast.AST) -> list[str] | None:
        """Return the texts that an expression may be; None if they cannot be told."""
        if isinstance(value, ast.Constant):
            return [value.value] if isinstance(value.value, str) else []
        if isinstance(value, ast.IfExp):
            either, other = self._values(value.body), self._values(value.orelse)
            return None if either is None or other is None else either + other
        return self._texts.get(last_name(value))


def _path_of(node: ast.AST) -> tuple[ast.AST | None, list[ast.expr], bool]:
    """Return what a path starts with, what is added, and whether a folder is listed."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return node.left, [node.right], False
    if isinstance(node, ast.Call):
        name = last_name(node.func)
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in _JOINERS:
            return receiver, node.args, False
        if name == "join" and node.args:
            return node.args[0], node.args[1:], False
        if name in _LISTERS:
            of_os = node.args and last_name(receiver) == "os"
            return (node.args[0] if of_os else receiver), [], True
    return None, [], False


def _assignments(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if name := last_name(target):
                    yield name, node.value


def texts_in(tree: ast.AST) -> Iterator[str]:
    """Yield each text that is written in some code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def last_name(node: ast.AST | None) -> str:
    """Return the last part of a name, ``b`` of ``a.b``; "" of what is none."""
    return getattr(node, "attr", "") or getattr(node, "id", "")
