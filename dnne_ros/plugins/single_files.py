"""Single Python files, imported as modules."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from dnne_ros.errors import InputError, describe
from dnne_ros.plugins.interrupts import foreign_code

FILE_PREFIX = "dnne_ros_user_nodes_"
"""Begins the module names of single files, which have none of their own."""

_stamps: dict[str, tuple[int, int] | None] = {}


def module_of_file(path: Path) -> ModuleType:
    """Return the module that a Python file is; `InputError` if it cannot be imported.

    An unchanged file gives the same module each time.
    """
    name = _file_module(path)
    stamp = _stamp(path)
    if name in sys.modules and _stamps.get(name) == stamp:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(str(path), ["expected a Python file (.py) with node types"])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with foreign_code():
            spec.loader.exec_module(module)
    except KeyboardInterrupt:  # Ctrl-C
        raise
    except BaseException as error:
        raise InputError(str(path), [
            f"cannot be imported: {' '.join(describe(error).split())}"]) from error
    _stamps[name] = stamp
    return module


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
