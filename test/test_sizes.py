"""What fits on a few screens can be read: functions, files and rooms that stay small."""

import ast
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dnne_ros"
MODULES = sorted(PACKAGE.rglob("*.py"))
FUNCTION_LINES = 60
FILE_LINES = 350
ROOM_SHARE = 0.15


def lines_of(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(source):
    """Yield (name, lines) for every function, from its first decorator to its last line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node, *node.decorator_list], key=lambda part: part.lineno)
            yield node.name, node.end_lineno - first.lineno + 1


def test_no_function_is_long():
    found = [f"{path.relative_to(PACKAGE.parent)}: {name} has {lines} lines"
             for path in MODULES for name, lines in functions(path.read_text(encoding="utf-8"))
             if lines > FUNCTION_LINES]
    assert not found, "\n".join(found)


def test_no_file_is_long():
    found = {str(path.relative_to(PACKAGE.parent)): lines for path in MODULES
             if (lines := lines_of(path)) > FILE_LINES}
    assert not found


def test_no_room_is_crowded():
    rooms = Counter()
    for path in MODULES:
        room, *inside = path.relative_to(PACKAGE).parts
        # Node types have nothing to do with each other beyond their family, and grow in number.
        rooms[f"{room}/{inside[0]}" if room == "nodes" else room] += lines_of(path)
    room, lines = rooms.most_common(1)[0]
    assert lines <= ROOM_SHARE * rooms.total(), f"{room}/ has {lines} of {rooms.total()} lines"


@pytest.mark.parametrize("source, expected", [
    ("def f():\n    pass", [("f", 2)]),
    ("@wraps(\n    f)\nasync def g():\n    def h(): pass", [("g", 4), ("h", 1)])])
def test_the_rules_would_notice(source, expected):
    assert list(functions(source)) == expected
