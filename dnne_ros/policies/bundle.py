"""A policy in one folder, in every format: for this package, for onnxruntime, and for LEAPP.

::

    D/policy.onnx       the network, with the interface in its metadata
    D/policy.yaml       the same for LEAPP 1.3
    D/interface.json    what goes in and comes out (`dnne_ros.policies.interface`)
    D/golden.npz        observations, with the actions that torch gave
    D/bundle.json       each of these with its SHA-256
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dnne_ros import strict_json
from dnne_ros.checkpoints.manifest import FileRecord
from dnne_ros.durable_files import make_folder, read_file, write_tree
from dnne_ros.errors import InputError, Problems

MANIFEST = "bundle.json"
MODEL, DESCRIPTION = "policy.onnx", "policy.yaml"
INTERFACE, GOLDEN = "interface.json", "golden.npz"
INPUT, OUTPUT = "observations", "actions"
"""The ports of the model, beside those of what it carries along."""
METADATA = "dnne_ros.interface"
"""The key of the model's metadata that has the interface, as JSON."""
FORMAT = 1


def input_of(state: str) -> str:
    """Return the name of the model's input at which a state comes in."""
    return f"{state}_in"


def output_of(state: str) -> str:
    """Return the name of the model's output at which a state goes out."""
    return f"{state}_out"


def write_bundle(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put a bundle of ``files`` where ``folder`` is, whole or not at all.

    Raises `InputError` if something else is there, or if it cannot be written.
    """
    if folder.exists() and not _is_replaceable(folder):
        raise InputError(str(folder), ["is there and is no bundle, so it is left as it is"])
    records = {name: asdict(FileRecord.of(data)) for name, data in sorted(files.items())}
    manifest = strict_json.dumps({"format": FORMAT, "files": records}, indent=1) + "\n"
    aside, before = (folder.with_name(f".{secrets.token_hex(8)}.part") for _ in range(2))
    try:
        make_folder(folder.parent)
        write_tree(aside, {**files, MANIFEST: manifest.encode()})
        with suppress(FileNotFoundError):
            folder.rename(before)
        aside.rename(folder)
    except OSError as error:
        raise InputError(str(folder), [f"cannot write: {error.strerror}"]) from None
    finally:
        for left in (aside, before):
            shutil.rmtree(left, ignore_errors=True)


def read_bundle(folder: Path) -> dict[str, bytes]:
    """Return the files of a bundle by name; `InputError` with all that is missing or damaged."""
    try:
        document = json.loads(read_file(folder / MANIFEST).decode("utf-8"))
    except OSError as error:
        raise InputError(str(folder), [
            f"no policy bundle: {MANIFEST}: {error.strerror}"]) from None
    except (ValueError, RecursionError) as error:
        raise InputError(str(folder / MANIFEST), [f"not JSON: {error}"]) from None
    records = _records(folder / MANIFEST, document)
    files, problems = {}, Problems(str(folder))
    for name, record in records.items():
        try:
            files[name] = read_file(folder / name)
        except OSError as error:
            problems.add(f"{name}: {error.strerror}")
            continue
        if FileRecord.of(files[name]) != record:
            problems.add(f"{name} is damaged: its content is not what was written")
    problems.raise_if_any()
    return files


def _records(path: Path, document: Any) -> dict[str, FileRecord]:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(str(path), [f"not a policy bundle of format {FORMAT}"])
    files = document.get("files")
    expected = {MODEL, DESCRIPTION, INTERFACE, GOLDEN}
    if not isinstance(files, dict) or files.keys() != expected:
        raise InputError(str(path), [f"expected the files {', '.join(sorted(expected))}"])
    try:
        return {name: FileRecord.read(value) for name, value in files.items()}
    except ValueError as error:
        raise InputError(str(path), [str(error)]) from None


def _is_replaceable(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and (
        (folder / MANIFEST).is_file() or not any(folder.iterdir()))
