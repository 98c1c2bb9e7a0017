"""Which modules a set of modules needs, found in their source and never by importing them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


@dataclass
class Closure:
    """What was found: own modules with their files, and the top-level names of foreign ones."""

    files: dict[str, Path] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)


def follow(roots: Iterable[str], packages: Mapping[str, Path],
           homes: Mapping[str, str] = MappingProxyType({})) -> Closure:
    """Return everything that ``roots`` import, directly or not, wherever in their code.

    ``packages`` gives the folder (or file) of each top-level package whose modules are followed.
    ``homes``: the modules of names that a package loads when they are asked for,
    ``{"dnne_ros.Node": "dnne_ros.node_api.node"}``.  A string that is a module's full name counts
    as an import: importlib is given such strings.
    """
    closure = Closure()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module in closure.files:
            continue
        path = module_file(module, packages)
        if path is None:
            top = module.partition(".")[0]
            if top not in packages and top not in sys.stdlib_module_names:
                closure.foreign.add(top)
            continue
        closure.files[module] = path
        waiting += _parents(module)
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        names = list(imported(tree, package_of(module, path)))
        waiting += names
        waiting += _homes_of([*names, *_attributes(tree)], homes)
        waiting += [text for text in _strings(tree) if module_file(text, packages) is not None]
    return closure


def module_file(module: str, packages: Mapping[str, Path]) -> Path | None:
    """Return the source file of a module of ``packages``, or None."""
    top, *rest = module.split(".")
    if top not in packages:
        return None
    base = packages[top].joinpath(*rest)
    for path in (base / "__init__.py", base.with_name(base.name + ".py"), base):
        if path.suffix == ".py" and path.is_file():
            return path
    return None


def package_of(module: str, path: Path) -> str:
    """Return the package that a module's relative imports start from."""
    return module if path.name == "__init__.py" else module.rpartition(".")[0]


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the full names that a module imports when it runs; some may be no modules."""
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, package)
            yield base
            if base.partition(".")[0] == package.partition(".")[0] or node.level == 0:
                yield from (f"{base}.{alias.name}" for alias in node.names)


def absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the full name of the module that ``from … import`` names."""
    if node.level == 0:
        return node.module or ""
    parts = package.split(".")
    parts = parts[:len(parts) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _homes_of(names: Iterable[str], homes: Mapping[str, str]) -> Iterator[str]:
    for name in names:
        if name in homes:
            yield homes[name]
        elif name.endswith(".*"):
            yield from (home for lazy, home in homes.items() if lazy.startswith(name[:-1]))


def _attributes(tree: ast.AST) -> Iterator[str]:
    """Yield ``package.name`` for each attribute of what was imported whole."""
    modules = {alias.asname or alias.name: alias.name for node in _running(tree)
               if isinstance(node, ast.Import) for alias in node.names}
    for node in _running(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) \
                and node.value.id in modules:
            yield f"{modules[node.value.id]}.{node.attr}"


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes but those that only a type checker looks at."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.orelse:
                yield child
                yield from _running(child)
            continue
        yield node
        yield from _running(node)


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) \
                and _DOTTED.fullmatch(node.value):
            yield node.value


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]
