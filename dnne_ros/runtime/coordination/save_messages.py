"""What processes say to each other when they write a checkpoint, and how it is read.

Each ``read`` raises KeyError, TypeError or ValueError for what is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from dnne_ros.checkpoints.manifest import FileRecord

T = TypeVar("T")

BEST_FOLDER = "best"
_FOLDERS = ("", BEST_FOLDER)


@dataclass(frozen=True)
class SaveRequest:
    """``save``: all others are to write the states of their nodes.

    ``id`` is another one for each request, whoever leads.
    """

    id: str
    folder: str
    generation: int
    aligned: bool

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> SaveRequest:
        """Read what another process said."""
        return cls(_typed(content, "id", str), _folder(content),
                   _typed(content, "generation", int), _typed(content, "aligned", bool))


@dataclass(frozen=True)
class SaveAnswer:
    """``saved``: the states of ``nodes`` are in ``files``, or ``error`` says why not."""

    id: str
    nodes: list[str]
    files: dict[str, FileRecord]
    statements: list[dict[str, Any]]
    error: str

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> SaveAnswer:
        """Read what another process said."""
        return cls(_typed(content, "id", str), _list(content, "nodes", str),
                   {path: FileRecord.read(value)
                    for path, value in _typed(content, "files", dict).items()},
                   _list(content, "statements", dict), _typed(content, "error", str))


@dataclass(frozen=True)
class SaveWish:
    """``save_wish``: the leader is to have a checkpoint written."""

    id: str
    folder: str
    aligned: bool

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> SaveWish:
        """Read what another process said."""
        return cls(_typed(content, "id", str), _folder(content),
                   _typed(content, "aligned", bool))


@dataclass(frozen=True)
class SaveResult:
    """``save_result``: what became of a wish."""

    id: str
    written: bool

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> SaveResult:
        """Read what the leader said."""
        return cls(_typed(content, "id", str), _typed(content, "written", bool))


def _typed(content: Mapping[str, Any], key: str, kind: type[T]) -> T:
    value = content[key]
    if type(value) is not kind:  # True is an int, too
        raise TypeError(f"{key}: expected {kind.__name__}, found {value!r:.40}")
    return value


def _list(content: Mapping[str, Any], key: str, kind: type[T]) -> list[T]:
    values = _typed(content, key, list)
    if not all(type(value) is kind for value in values):
        raise TypeError(f"{key}: expected a list of {kind.__name__}, found {values!r:.40}")
    return values


def _folder(content: Mapping[str, Any]) -> str:
    folder = _typed(content, "folder", str)
    if folder not in _FOLDERS:
        raise ValueError(f"folder: expected one of {_FOLDERS}, found {folder!r:.40}")
    return folder
