"""Which Python files a graph may run.

A graph is data, and may come from anybody; a Python file that it names is code.  It runs only if
the user has named it (``--nodes FILE.py``) or a folder that it lies in (``--trust FOLDER``).
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

from dnne_ros.errors import InputError
from dnne_ros.plugins.interrupts import foreign_code
from dnne_ros.plugins.single_files import FILE_PREFIX

_files: set[Path] = set()
_folders: list[Path] = []
_numbers = itertools.count(1)


def trust_file(path: Path) -> None:
    """Let graphs run a file, in this process."""
    _files.add(path.resolve())


def trust_folder(path: Path) -> None:
    """Let graphs run the files in a folder and below it; `InputError` if there is none."""
    if not path.is_dir():
        raise InputError("--trust", [f"expected a folder of Python files, found {path}"])
    if path.resolve() not in _folders:
        _folders.append(path.resolve())


def trusted_file(name: str) -> Path:
    """Return the file that a graph means by ``name``; ValueError for none, or an untrusted one.

    A relative name counts from the present folder, or is the end of a trusted file's path, or
    counts from a trusted folder.  What the file is a link to must be trusted, not the link.
    """
    wanted = Path(name)
    candidates = [wanted.resolve(), *(folder / wanted for folder in _folders)]
    if not wanted.is_absolute():
        candidates += [file for file in sorted(_files)
                       if file.parts[-len(wanted.parts):] == wanted.parts]
    there = [path.resolve() for path in candidates if path.is_file()]
    for path in there:
        if path in _files or any(path.is_relative_to(folder) for folder in _folders):
            return path
    if not there:
        raise ValueError(f"there is no such file as {name!r}; a Python file runs from anywhere "
                         f"with --nodes FOLDER/{wanted.name}")
    raise ValueError(f"{there[0]} is code that the graph brings along, which runs only if you "
                     f"say so: type --nodes {there[0]}, or --trust {there[0].parent} for all "
                     "files of that folder")


def module_of_its_own(path: Path) -> ModuleType:
    """Return what a file defines, executed anew: nobody else has the module.

    Raises ValueError if it cannot be imported.
    """
    name = f"{FILE_PREFIX}{path.stem}_{next(_numbers)}_alone"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path}: expected a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look themselves up there
    try:
        with foreign_code():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ValueError(f"{path} cannot be imported: {type(error).__name__}: {error}") from None
    return module
