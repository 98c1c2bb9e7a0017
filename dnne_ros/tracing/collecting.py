"""From what processes have left to one file, and back."""

from __future__ import annotations

import shutil
from pathlib import Path

from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError
from dnne_ros.tracing.chrome import ZIPPED, encode_trace, read_trace
from dnne_ros.tracing.flight_record import read_flight_record
from dnne_ros.tracing.parts import parts_in, read_parts
from dnne_ros.tracing.places import parts_folder
from dnne_ros.tracing.trace import Trace


def discard_parts(file: str) -> None:
    """Remove what an earlier run has left of the trace ``file``; `InputError` if it stays."""
    folder = parts_folder(file)
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise InputError(str(folder), [
            f"expected a folder with parts of a trace: {error.strerror or error}"]) from None


def collect(file: str) -> str:
    """Make the trace ``file`` of its parts, which then go; return what stood in the way, or "".

    The parts stay where the file cannot be written.
    """
    folder = parts_folder(file)
    try:
        trace = read_parts(parts_in(folder))
        write_file(Path(file), encode_trace(trace, file.endswith(ZIPPED)))
        shutil.rmtree(folder)
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"{file}: cannot be written: {error.strerror or error}; its parts are in {folder}"
    return ""


def open_trace(file: str) -> Trace:
    """Return a trace: from its file or, where nobody has come to write that, from its parts.

    A folder is a flight record.  `InputError` if there is none of these.
    """
    if Path(file).is_dir():
        return read_flight_record(Path(file))
    folder = parts_folder(file)
    if not Path(file).exists() and folder.is_dir():
        return read_parts(parts_in(folder))
    return read_trace(Path(file))
