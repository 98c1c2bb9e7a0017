"""Which files a robot's model reads, and that none of them lies where nobody expects it.

A model may come from anybody, and its meshes, textures and includes are paths.  What it reads is
found before MuJoCo reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

PACKAGE = "package://"
_FOLDER_OF = {"mesh": "meshdir", "skin": "meshdir", "hfield": "meshdir", "flexcomp": "meshdir",
              "texture": "texturedir"}
_MODELS = ("include", "model")


class FileReference(NamedTuple):
    """A file that a model names, as it says it and where that is."""

    said: str
    path: Path
    named_in: Path

    def is_within(self, folders: tuple[Path, ...]) -> bool:
        """Tell whether it lies below one of ``folders``, wherever links lead."""
        return any(self.path.resolve().is_relative_to(folder.resolve()) for folder in folders)


def referenced_files(model: Path, assets: Path | None = None) -> list[FileReference]:
    """Return the files that a model reads: meshes, textures, and models that it includes.

    ``package://NAME/rest`` is looked for in the folder ``assets``: as ``NAME/rest``, or as
    ``rest`` where that folder is the package.  OSError or ElementTree.ParseError where a model
    cannot be read.
    """
    found: list[FileReference] = []
    waiting, known = [model], {model.resolve()}
    while waiting:
        for reference in _named_in(waiting.pop(), model.parent, assets):
            found.append(reference)
            if reference.path.suffix.lower() in (".xml", ".mjcf", ".urdf") \
                    and reference.path.resolve() not in known and reference.path.is_file():
                known.add(reference.path.resolve())
                waiting.append(reference.path)
    return found


def package_file(said: str, assets: Path) -> Path:
    """Return where ``package://NAME/rest`` is, in or below the folder ``assets``."""
    whole = said.removeprefix(PACKAGE)
    inside = assets / whole.partition("/")[2]
    return inside if inside.is_file() else assets / whole


def _named_in(file: Path, base: Path, assets: Path | None) -> Iterator[FileReference]:
    root = ElementTree.parse(file).getroot()
    folders: dict[str, str] = {}
    for compiler in root.iter("compiler"):
        shared = compiler.get("assetdir", "")
        folders.update({name: compiler.get(name, shared) for name in ("meshdir", "texturedir")
                        if compiler.get(name, shared)})
    for element in root.iter():
        for name, said in element.attrib.items():
            # A texture has one file, or six.
            if not name.startswith("file") or not said:
                continue
            if said.startswith(PACKAGE):
                path = package_file(said, assets) if assets else base / said
            elif element.tag in _MODELS:
                path = base / said
            else:
                path = base / folders.get(_FOLDER_OF.get(element.tag, ""), "") / said
            yield FileReference(said, path, file)
