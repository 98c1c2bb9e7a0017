"""The files that a run leaves: each is tried before the run, and written though another fails."""

from __future__ import annotations

import argparse
import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from dnne_ros.cli.report import RunReport
from dnne_ros.durable_files import Folder, write_file
from dnne_ros.errors import Problems
from dnne_ros.tracing.places import memory_folder
from dnne_ros.tracing.ring import SIZE


def check_file(option: str, file: str, problems: Problems) -> None:
    """Add to ``problems`` that the ``file`` of an option could not be written, if so."""
    path = Path(file)
    folder = path.absolute().parent
    if not _takes_files(folder):
        problems.add(f"{option} {file}: {folder} is not a directory that can be written")
    elif path.is_dir():
        problems.add(f"{option} {file} is a directory")
    elif path.exists() and not path.is_file():
        problems.add(f"{option} {file} is not a regular file")


def check_outputs(options: argparse.Namespace) -> None:
    """Find out now, not after hours of training, that a result could not be written."""
    problems = Problems("output")
    for option in ("report", "plot", "trace", "record", "video"):
        if file := getattr(options, option):
            check_file(f"--{option}", file, problems)
    if options.flight_dir and not _may_be_made(Path(options.flight_dir)):
        problems.add(f"--flight-dir {options.flight_dir} is not a directory that can be written")
    if options.trace:
        _check_room("--trace-records", options.trace_records * SIZE, problems)
    if options.until_return is not None and not math.isfinite(options.until_return):
        problems.add("--until-return: expected a finite number")
    problems.raise_if_any()


def _check_room(option: str, size: int, problems: Problems) -> None:
    """Add to ``problems`` that there is no memory for what one process records, if so."""
    folder = memory_folder()
    free = shutil.disk_usage(folder).free
    if size > free:
        problems.add(f"{option}: expected what has room in {folder}, {free / 2**30:.3g} GiB; "
                     f"found {size / 2**30:.3g} GiB for each process")


def _may_be_made(folder: Path) -> bool:
    """Tell whether a folder is there, or can be made, and takes files; nothing is left of that."""
    path = folder.absolute()
    return _takes_files(next(each for each in (path, *path.parents) if os.path.lexists(each)))


def _takes_files(folder: Path) -> bool:
    """Tell whether a folder takes files: to ask for rights would not do, as on /proc."""
    try:
        with Folder(folder) as opened:
            opened.probe()
    except OSError:
        return False
    return True


def write_outputs(options: argparse.Namespace, report: RunReport, title: str) -> list[str]:
    """Write report and plot, and return what went wrong."""
    return [f"--{option} {file}: cannot be written: {error.strerror or error}"
            for option, file, content in _contents(options, report, title)
            if (error := _failure(Path(file), content)) is not None]


def _contents(options: argparse.Namespace, report: RunReport, title: str
              ) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    def picture() -> bytes:
        from dnne_ros.cli.plot import learning_curve

        return learning_curve(report, title, options.until_return)

    if options.report:
        yield "report", options.report, report.encode
    if options.plot:
        yield "plot", options.plot, picture


def _failure(path: Path, content: Callable[[], bytes]) -> OSError | None:
    try:
        write_file(path, content())
    except OSError as error:
        return error
    return None
