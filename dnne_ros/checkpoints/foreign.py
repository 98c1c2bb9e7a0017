"""Recognises the checkpoints of other programs by the names of files, so that they can be named.

Nothing is loaded: of a zip archive its table of contents is read, no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_MANIFEST = "checkpoint.json"
_MOST_ENTRIES = 2000
"""A folder of other things may hold millions of files."""

_IN_ARCHIVE = (
    ("_stable_baselines3_version", "Stable-Baselines3"),
    ("policy.pth", "Stable-Baselines3"),
    ("model.weights.h5", "Keras"),
)
"""What a zip archive holds, and whose it is then; the first that fits."""

_BY_NAME = (
    (r"rllib_checkpoint\.json|algorithm_state\.(pkl|msgpack)", "Ray RLlib"),
    (r"_CHECKPOINT_METADATA|_METADATA|manifest\.ocdbt", "Orbax (JAX)"),
    (r"saved_model\.pbtxt?|.*\.ckpt\.index|.*\.ckpt-\d+\.index|.*\.data-\d+-of-\d+", "TensorFlow"),
    (r".*\.keras|.*\.h5|.*\.hdf5", "Keras"),
    (r"model_\d+\.pt", "rsl_rl"),
    (r"(best_)?agent(_\d+)?\.pt", "skrl"),
    (r".*_ep_\d+.*\.pth", "rl_games"),
    (r".*\.cleanrl_model", "CleanRL"),
    (r".*\.ckpt", "Lightning"),
    (r"pytorch_model.*\.bin|adapter_model\.(bin|safetensors)", "Hugging Face"),
    (r"model(-\d+-of-\d+)?\.safetensors", "Hugging Face"),
    (r".*\.onnx", "ONNX"),
    (r".*\.(pt|pth|pt2|bin)", "PyTorch"),
    (r".*\.msgpack", "Flax (JAX)"),
    (r".*\.safetensors", "safetensors"),
    (r".*\.(pkl|pickle|joblib)", "pickle"),
)
"""How files are called, and whose they are then; the first that fits."""


def no_checkpoint(directory: Path, reason: str) -> str:
    """Say that ``directory`` has no checkpoint for ``reason``, and what is there instead."""
    text = f"no checkpoint here: {_MANIFEST}: {reason}"
    if not directory.is_dir() and not directory.is_file():
        return text
    if (nearby := _nearby(directory)) is not None:
        return f"{text}; there is one in {nearby}"
    if (found := recognise(directory)) is not None:
        file, program = found
        return f"{text}; {file} is a checkpoint of {program}, which is not read here"
    return text


def recognise(place: Path) -> tuple[str, str] | None:
    """Return a file at ``place`` or one folder below it, and the program it is of, or None."""
    files = [place] if place.is_file() else list(_files(place))
    for file in files:
        if (program := _of_archive(file)) is not None:
            return _shown(file, place), program
    for pattern, program in _BY_NAME:
        for file in files:
            if re.fullmatch(pattern, file.name):
                return _shown(file, place), program
    return None


def _shown(file: Path, place: Path) -> str:
    return file.name if file == place else str(file.relative_to(place))


def _files(directory: Path) -> Iterator[Path]:
    """Yield the files of a folder, then those of the folders in it; not all of very many."""
    entries = sorted(_entries(directory))
    yield from (entry for entry in entries if entry.is_file())
    for folder in entries:
        if folder.is_dir() and not folder.is_symlink():
            yield from (entry for entry in sorted(_entries(folder)) if entry.is_file())


def _entries(directory: Path) -> list[Path]:
    try:
        return list(islice(directory.iterdir(), _MOST_ENTRIES))
    except OSError:
        return []


def _of_archive(file: Path) -> str | None:
    if file.suffix not in (".zip", ".keras"):
        return None
    import zipfile  # a robot has no such file, and does without its compressors

    try:
        with zipfile.ZipFile(file) as archive:
            names = {Path(name).name for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, ValueError):
        return None
    return next((program for name, program in _IN_ARCHIVE if name in names), None)


def _nearby(directory: Path) -> Path | None:
    """Return a folder below, or the one above, that has a checkpoint."""
    try:
        below = [folder for folder in sorted(_entries(directory))
                 if (folder / _MANIFEST).is_file()]
        above = directory.absolute().parent
        return below[0] if below else above if (above / _MANIFEST).is_file() else None
    except OSError:
        return None
