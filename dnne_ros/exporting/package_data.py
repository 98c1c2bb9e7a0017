"""Files of a Python package that are no modules: what its code reads when it runs."""

from __future__ import annotations

import os
from pathlib import Path

_CODE = {".py", ".pyc", ".pyd", ".pyo", ".so"}
"""Endings of modules; compiled ones fit one kind of machine only."""


def data_files(package: Path) -> dict[str, Path]:
    """Return the data files of the package in the folder ``package``, by their path below it.

    Those in folders below count, too, unless the folder is a package of its own.
    """
    found = {}
    for folder, folders, files in os.walk(package):
        folders[:] = sorted(name for name in folders
                            if not _is_litter(name) and not _is_package(Path(folder, name)))
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix not in _CODE and not _is_litter(name):
                found[path.relative_to(package).as_posix()] = path
    return found


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()


def _is_litter(name: str) -> bool:
    """Tell whether a file or folder is hidden, an editor's copy, or the interpreter's."""
    return name.startswith(".") or name.endswith("~") or name == "__pycache__"
