"""Where node types come from, and which of their sources a package must carry."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

import dnne_ros
from dnne_ros.errors import InputError, Problems
from dnne_ros.exporting.beside import NotBeside, data_beside, module_beside
from dnne_ros.exporting.package_data import data_files
from dnne_ros.exporting.python_imports import follow, package_of
from dnne_ros.exporting.source_edits import CannotMove, moved_source
from dnne_ros.graph.graph import Graph
from dnne_ros.graph.names import to_ros_name
from dnne_ros.node_api.node import Node
from dnne_ros.plugins.single_files import FILE_PREFIX

RUNTIME_FOLDER = "_dnne"
OWN_FOLDER = "own_nodes"
_RUNTIME = "dnne_ros"
_RUNTIME_ROOTS = ("dnne_ros.hosting.packaged", "dnne_ros.graph.declared")


class Sources:
    """What a package imports its runtime and node types from, and the modules copied into it.

    A file given with ``--nodes`` is always copied, as nobody can import it; with ``standalone``
    the runtime and the packages of other node types are, too, as far as they are needed.
    """

    def __init__(self, graph: Graph, package: str, standalone: bool):
        """Find the sources of the graph's node types; `InputError` if some cannot be had."""
        self._problems = Problems(graph.path)
        modules = {type.__module__ for node in graph.nodes.values()
                   for type in node.type.__mro__ if issubclass(type, Node)}
        self._check_importable(graph)
        self._packages = {_RUNTIME: Path(dnne_ros.__file__).parent}
        self._moves = {_RUNTIME: f"{package}.{RUNTIME_FOLDER}"} if standalone else {}
        self._copied_files: set[str] = set()
        for module in sorted(modules):
            top = module.partition(".")[0]
            if top.startswith(FILE_PREFIX) or (standalone and top != _RUNTIME):
                self._move(top, package)
            elif top not in self._packages:
                self._packages[top] = _location(top)
        self._problems.raise_if_any()
        roots = _RUNTIME_ROOTS if standalone else ()
        homes = {f"{_RUNTIME}.{name}": f"{_RUNTIME}.{home}"
                 for name, home in dnne_ros.HOMES.items()}
        closure = follow([*roots, *sorted(modules)], self._packages, homes)
        while self._move_beside(closure.foreign, package):
            closure = follow([*roots, *sorted(modules)], self._packages, homes)
        copied = {module: path for module, path in closure.files.items()
                  if module.partition(".")[0] in self._moves}
        self.foreign = closure.foreign
        """Top-level modules that are imported and of which nothing else is known."""
        self.installed = set(self._packages) - set(self._moves)
        """Packages that the runtime and node types are imported from, as they are installed."""
        self.files = {
            self._path(module, path.name == "__init__.py"): self._copy(module, path, package)
            for module, path in copied.items()}
        """Contents of the copied modules by their path in the package."""
        self.data = {
            self.module(module): data for module, path in sorted(copied.items())
            if path.name == "__init__.py" and (data := data_files(path.parent))}
        """Data files of the copied packages by the name of the copy: their place below it, and
        where they are."""
        if beside := self._data_beside(copied):
            self.data[f"{package}.{OWN_FOLDER}"] = beside
        if any(path.startswith(f"{package}/{OWN_FOLDER}/") for path in self.files):
            self.files[f"{package}/{OWN_FOLDER}/__init__.py"] = \
                '"""Node types that are not part of dnne_ros."""\n'
        self._problems.raise_if_any()

    def module(self, name: str) -> str:
        """Return what the package must import for a module of the runtime or a node type."""
        top, dot, rest = name.partition(".")
        return self._moves.get(top, top) + dot + rest

    def _move(self, top: str, package: str) -> None:
        if top in self._moves:
            return
        if top.startswith(FILE_PREFIX):
            location = Path(str(sys.modules[top].__file__))
            name = to_ros_name(top.removeprefix(FILE_PREFIX), "nodes") + "_nodes"
            while f"{package}.{OWN_FOLDER}.{name}" in self._moves.values():
                name += "_"
        else:
            location, name = _location(top), top
        self._packages[top] = location
        self._moves[top] = f"{package}.{OWN_FOLDER}.{name}"

    def _move_beside(self, names: set[str], package: str) -> bool:
        """Copy those modules of ``names`` that lie beside a single file; tell if there are any."""
        folders = {path.parent for top, path in self._packages.items()
                   if top in self._moves and path.suffix == ".py"}
        found = {name: place for name in sorted(names) for folder in sorted(folders)
                 if (place := module_beside(name, folder)) is not None}
        for name, place in found.items():
            self._packages[name] = place
            self._moves[name] = f"{package}.{OWN_FOLDER}.{name}"
        return bool(found)

    def _data_beside(self, copied: Mapping[str, Path]) -> dict[str, Path]:
        """Return the data files that copied single files read, by their path beside the copies."""
        found: dict[str, Path] = {}
        for module, path in sorted(copied.items()):
            if self._packages[module.partition(".")[0]] != path:
                continue  # of a package, whose data files come along as a whole
            try:
                data = data_beside(path)
            except NotBeside as error:
                self._problems.add(f"{path}: {error}")
                continue
            for name, file in data.items():
                if file != found.setdefault(name, file):
                    self._problems.add(f"{path}: reads {name}, and so does another file of node "
                                       f"types in another folder: {found[name]}")
        return found

    def _check_importable(self, graph: Graph) -> None:
        for node in graph.nodes.values():
            module = sys.modules.get(node.type.__module__)
            if getattr(module, node.type.__name__, None) is not node.type.source_type:
                self._problems.add(
                    f"cannot be exported: {node.type.__module__} has no class of that name at "
                    f"its top: {node.type.__qualname__}", node=node.id,
                    type=node.type.type_name, title=node.title)
            if node.type.cannot_be_exported:
                self._problems.add(f"cannot be exported: {node.type.cannot_be_exported}",
                                   node=node.id, type=node.type.type_name, title=node.title)

    def _path(self, module: str, is_package: bool) -> str:
        return self.module(module).replace(".", "/") + ("/__init__.py" if is_package else ".py")

    def _copy(self, module: str, path: Path, package: str) -> str:
        here = self.module(module)
        try:
            return moved_source(path.read_text(encoding="utf-8"), package_of(module, path),
                                package_of(here, path), self._moves)
        except CannotMove as error:
            self._problems.add(f"{path}: {error}")
            return ""


def _location(top: str) -> Path:
    """Return the folder of a package, or the file of a module that is none."""
    spec = importlib.util.find_spec(top)
    origin = Path(spec.origin) if spec is not None and spec.origin else None
    if origin is None or origin.suffix != ".py":
        raise InputError(top, ["its source cannot be found, so its node types cannot be exported"])
    return origin.parent if origin.name == "__init__.py" else origin
