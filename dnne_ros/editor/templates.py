"""The workflows that come with the package, each with a picture, as the front end's templates."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import dnne_ros
from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.opening import openable
from dnne_ros.errors import InputError
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.drawing import draw
from dnne_ros.placement.planning import place
from dnne_ros.workflow.json_text import load_json
from dnne_ros.workflow.reading import read_workflow

MODULE = "dnne_ros"
_WORKFLOWS = Path("config", "workflows")


class Templates:
    """The workflows of a folder, by their names."""

    def __init__(self, folder: Path | None, catalogue: Catalogue):
        """Offer what lies in ``folder``, as far as there is one."""
        self._catalogue = catalogue
        self._files = {} if folder is None else {
            path.stem: path for path in sorted(folder.glob("*.json"))}
        self.picture = lru_cache(maxsize=len(self._files))(self._draw)

    def names(self) -> list[str]:
        """Return the names, but of those with code that only runs where it is trusted."""
        return [name for name in self._files if self._is_drawn(name)]

    def _is_drawn(self, name: str) -> bool:
        try:
            return bool(self.picture(name))
        except InputError:
            return False

    def drawing(self, name: str) -> Any:
        """Return a workflow as the front end opens it; KeyError for a name that is none."""
        path = self._files[name]
        return openable(load_json(path), path, self._catalogue)

    def _draw(self, name: str) -> bytes:
        """Return an SVG picture; KeyError, and `InputError` if its types are not known here."""
        graph = build_graph(*_read(self._files[name], self._catalogue))
        placement = place(graph, "")
        process_of = {node: process for process, nodes in placement.processes.items()
                      for node in nodes}
        return draw(graph, process_of).encode()


def _read(path: Path, catalogue: Catalogue) -> tuple[Any, Catalogue, Any]:
    workflow, problems = read_workflow(path, catalogue.signature)
    return workflow, catalogue, problems


def template_folder() -> Path | None:
    """Return where the package's workflows are: in its source, or installed beside it."""
    return next((place for place in _places() if place.is_dir()), None)


def _places() -> Iterator[Path]:
    here = Path(dnne_ros.__file__).resolve()
    yield here.parents[1] / _WORKFLOWS
    for above in (Path(sys.prefix), *here.parents):
        yield above / "share" / "dnne_ros" / _WORKFLOWS
