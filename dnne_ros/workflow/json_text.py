"""A file's JSON text, loaded strictly: what JSON forbids or hides is refused with its place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.workflow.shown import listed, shown

# Editors nest about ten deep; what comes later (copies, parameter files) must not overflow.
DEEPEST = 100


def load_json(path: str | os.PathLike[str]) -> Any:
    """Return the JSON value in the file at ``path``, or raise `InputError` telling why not."""
    source = str(path)
    text = _read_text(Path(path), source)
    repeated: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found and key not in repeated:
                repeated.append(key)
            found[key] = value
        return found

    def refuse(constant: str) -> Any:
        raise InputError(source, [f"holds {constant}, which JSON does not have"])

    def whole(digits: str) -> int:
        # Longer ones do not fit any field of a workflow, and Python refuses to print them.
        if len(digits) > 300:
            raise InputError(source, [f"holds a number of {len(digits)} digits"])
        return int(digits)

    try:
        document = json.loads(
            text, object_pairs_hook=unique, parse_constant=refuse, parse_int=whole)
    except json.JSONDecodeError as error:
        raise InputError(source, [
            f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"]) from None
    except RecursionError:
        raise InputError(source, [_too_deep()]) from None
    if repeated:
        raise InputError(source, [
            f"gives these keys twice in one object: {listed(map(shown, repeated))}; "
            "each must appear once"])
    _check_values(document, source)
    return document


def _read_text(path: Path, source: str) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(source, ["no such file"]) from None
    except IsADirectoryError:
        raise InputError(source, ["is a directory, expected a workflow file"]) from None
    except OSError as error:
        raise InputError(source, [f"cannot be read: {error.strerror}"]) from None
    except ValueError as error:  # a path with a null character in it
        raise InputError(source, [f"cannot be read: {error}"]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(source, [f"is not UTF-8 text: byte {error.start} cannot be read"]) \
            from None


def _check_values(document: Any, source: str) -> None:
    """Refuse what JSON text may hold but nothing later can print or walk through."""
    level = [document]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.keys()
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
                raise InputError(source, [f"holds text that is not unicode: {shown(value)}"])
        if not inner:
            return
        level = inner
    raise InputError(source, [_too_deep()])


def _too_deep() -> str:
    return f"is nested too deeply: more than {DEEPEST} lists or objects inside each other"
