"""Folders that loggers write into, tried before the run."""

from __future__ import annotations

from pathlib import Path

from dnne_ros.durable_files import Folder, make_folder


def check_folder(directory: Path, what: str) -> None:
    """Make a folder and see that it can be written; ValueError if not."""
    try:
        make_folder(directory)
        with Folder(directory) as folder:
            folder.probe()
    except OSError as error:
        raise ValueError(f"cannot write {what} here: {error.strerror}") from None
