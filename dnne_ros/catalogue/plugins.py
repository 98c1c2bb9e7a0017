"""Node types of other people: in a single file, or through an installed package's entry points."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node

ENTRY_POINTS = "dnne_ros.nodes"
FILE_PREFIX = "dnne_ros_user_nodes_"
"""Begins the module names of single files, which have none of their own."""

_stamps: dict[str, tuple[int, int] | None] = {}


def node_types_in_file(path: Path) -> list[type[Node]]:
    """Return the node types that a Python file defines; `InputError` if it cannot be imported.

    There may be none: a file may also be there for what its import does, such as registering
    Gymnasium environments.  An unchanged file gives the same types each time.
    """
    name = _file_module(path)
    stamp = _stamp(path)
    if name in sys.modules and _stamps.get(name) == stamp:
        return _defined_in(sys.modules[name])
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(str(path), ["expected a Python file (.py) with node types"])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(str(path), [
            f"cannot be imported: {type(error).__name__}: {error}"]) from error
    _stamps[name] = stamp
    return _defined_in(module)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what changes when a file does; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _file_module(path: Path) -> str:
    """Return a module name for a file; two files of the same name get two."""
    base = name = FILE_PREFIX + path.stem
    count = 1
    while name in sys.modules and Path(str(sys.modules[name].__file__)) != path:
        count += 1
        name = f"{base}_{count}"
    return name


def installed_node_types() -> list[type[Node]]:
    """Return the node types of installed packages, in the order of their entry points' names.

    An entry point of the group ``dnne_ros.nodes`` names a node type, a module that defines some,
    a list of them, or a function that returns one.  `InputError` names every distribution whose
    entry point is broken.
    """
    types: list[type[Node]] = []
    problems: list[str] = []
    for entry in sorted(entry_points(group=ENTRY_POINTS),
                        key=lambda entry: (entry.name, entry.value)):
        try:
            types += _loaded(entry)
        except (Exception, SystemExit) as error:
            distribution = entry.dist.name if entry.dist is not None else "unknown distribution"
            problems.append(f"{distribution}: {entry.name} = {entry.value}: "
                            f"{type(error).__name__}: {error}")
    if problems:
        raise InputError(f"entry points {ENTRY_POINTS}", problems)
    return types


def _loaded(entry: EntryPoint) -> list[type[Node]]:
    found: Any = entry.load()
    types: list[Any]
    if callable(found) and not inspect.isclass(found):
        found = found()
    if isinstance(found, ModuleType):
        types = _defined_in(found)
    elif inspect.isclass(found):
        types = [found]
    else:
        types = list(found) if isinstance(found, Iterable) else [found]
    wrong = [each for each in types if not (inspect.isclass(each) and issubclass(each, Node))]
    if wrong or not types:
        raise TypeError("expected node types (subclasses of dnne_ros.Node), a "
                        "module of them or a function that returns them, "
                        f"found {wrong or found!r:.80}")
    return types


def _defined_in(module: ModuleType) -> list[type[Node]]:
    return [value for value in vars(module).values() if inspect.isclass(value)
            and issubclass(value, Node) and value.__module__ == module.__name__]
