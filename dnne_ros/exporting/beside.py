"""What a single file of node types needs of the folder in which it lies: modules and data."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path

from dnne_ros.exporting.file_names import PLACE, READERS, FileNames, last_name, texts_in
from dnne_ros.exporting.package_data import data_files

_FINDERS = {"getfile", "getsourcefile", "getabsfile"}
"""Functions of `inspect` that say where a class is."""
_IMPORTERS = {"import_module", "__import__"}


class NotBeside(ValueError):
    """What a file needs cannot be told, or not be found by a copy of it; the text says what."""


def module_beside(name: str, folder: Path) -> Path | None:
    """Return the file or package of a top-level module if it is imported from ``folder``."""
    for place in (folder / f"{name}.py", folder / name / "__init__.py"):
        if place.is_file() and _origin(name) in (None, place.resolve()):
            return place.parent if place.name == "__init__.py" else place
    return None


def _origin(name: str) -> Path | None:
    """Return where a module is, or would be, imported from; None if that is not known."""
    try:
        spec = getattr(sys.modules.get(name), "__spec__", None) or importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec is not None and spec.origin else None


def data_beside(path: Path) -> dict[str, Path]:
    """Return the data files that the module in the file ``path`` reads, by their path beside it.

    They are those that it names in strings, if it asks for its own place (``__file__``).  Raises
    `NotBeside` if it names none, or reads or imports something in a way that a copy could not.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    folder = path.parent
    names = FileNames(tree)
    for line, name in names.given_to(_IMPORTERS):
        if name.isidentifier() and module_beside(name, folder):
            raise NotBeside(f"line {line}: write from {name} import …, so that {name} is seen to "
                            "be needed")
    for line, name in names.given_to(READERS):
        if _is_inside(name) and (folder / name).exists():
            raise NotBeside(f"line {line}: reads {name!r} from the folder that it is run in; "
                            f"write Path(__file__).parent / {name!r}, and it comes along")
    for node in ast.walk(tree):
        if last_name(node) in _FINDERS:
            raise NotBeside(f"line {getattr(node, 'lineno', 0)}: asks where a class is, which is "
                            "somewhere else in a package; write Path(__file__)")
    for line in names.made_at_run_time(
            lambda name: _is_inside(name) and (folder / name).is_dir()):
        raise NotBeside(f"line {line}: makes the name of a file when it runs, so what it reads "
                        "cannot come along; write each name as one string, or put the files into "
                        "a folder of their own and name that: Path(__file__).parent / 'data'")
    own_place = [node.lineno for node in ast.walk(tree)
                 if isinstance(node, ast.Name) and node.id == PLACE]
    if not own_place:
        return {}
    found = {}
    for name in texts_in(tree):
        if _is_inside(name) and (folder / name).is_file():
            found[name] = folder / name
        elif _is_inside(name) and (folder / name).is_dir():
            found.update({f"{name}/{below}": file
                          for below, file in data_files(folder / name).items()})
    if not found:
        raise NotBeside(f"line {own_place[0]}: uses __file__, and no string in it is the name of "
                        "a file beside it, so what it reads cannot come along; write the name "
                        "as one string, or make node types and data a package")
    return found


def _is_inside(name: str) -> bool:
    """Tell whether a text is a path below some folder, written in the plain way."""
    parts = name.split("/")
    return not {"", ".", ".."} & set(parts) and "\0" not in name and len(name) < 4096 \
        and all(len(part) < 256 for part in parts)
