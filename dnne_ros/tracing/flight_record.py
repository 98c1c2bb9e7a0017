"""Flight records: what the processes of a run have kept of its last seconds, put aside.

While a run goes on, each process keeps its part in a folder of the run in memory.  When something
goes wrong, all parts are copied to a folder of their own on the disk, with a file that says why.
Anybody may do that at any time, also when all processes are gone: each holds a lock on the folder
of the run, which the kernel takes from it with its life.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnne_ros.durable_files import is_left_over, make_folder, read_file, write_file
from dnne_ros.errors import InputError, shortened
from dnne_ros.tracing.journal import JOURNAL, OLDER
from dnne_ros.tracing.parts import parts_in, parts_of, read_parts, remove_part
from dnne_ros.tracing.places import own_folder
from dnne_ros.tracing.ring import SIZE
from dnne_ros.tracing.trace import Flight, Trace
from dnne_ros.tracing.tracer import NAMES, RING

RECORDS = 75_000
"""How many records of each process are kept in memory, of 56 bytes each."""
MOST_KEPT = 10
"""How many flight records a folder keeps, the newest ones …"""
MOST_BYTES = 256 * 2**20
"""… and how large all of them may be together."""
_FORMAT = "dnne_ros flight record 1"
_ABOUT = "about.json"
_RUN = "run."
_NAME = re.compile(r"[\w.-]+_\d{8}T\d{6}Z(_\d+)?")
_ENDINGS = (NAMES, RING, JOURNAL, OLDER)
_LONGEST_PART = 16 * 2**20 + RECORDS * SIZE


@dataclass(frozen=True)
class RunParts:
    """What the processes of a run keep, and of which graph; ``records``: where they go."""

    folder: Path
    graph: str
    records: Path
    seconds: float
    alive: bool
    """Whether some of them live."""


def default_records_folder() -> Path:
    """Return where flight records go unless somebody says otherwise: among ROS' log files.

    As rcl_logging finds that folder, which needs no rclpy.
    """
    if logs := os.environ.get("ROS_LOG_DIR"):
        return Path(logs).expanduser() / "flight_records"
    home = os.environ.get("ROS_HOME") or "~/.ros"
    return Path(home).expanduser() / "log" / "flight_records"


def run_folder(run_id: str) -> Path:
    """Return the folder for the parts of a run, which may not be there; OSError if not ours."""
    return own_folder() / f"{_RUN}{run_id.partition('.')[0]}"


def join_run(run_id: str) -> tuple[Path, int]:
    """Return the folder of a run, made if need be, and the lock of who has a part in it.

    OSError if that cannot be.
    """
    while True:
        with suppress(FileNotFoundError):  # somebody has just removed it, as it was empty
            folder = run_folder(run_id)
            folder.mkdir(mode=0o700, exist_ok=True)
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_SH)
            try:
                if os.path.samestat(os.fstat(lock), os.stat(folder)):
                    return folder, lock
            except FileNotFoundError:
                os.close(lock)
                raise
            os.close(lock)


def leave_run(folder: Path, lock: int) -> None:
    """Let go of the folder of a run, and remove it if there is nothing in it any more."""
    os.close(lock)
    with suppress(OSError):  # others are in it
        folder.rmdir()
        folder.parent.rmdir()


def runs() -> list[RunParts]:
    """Return the runs of this user that keep something, those that were killed included."""
    found = []
    for folder in sorted(own_folder().glob(f"{_RUN}*")):
        about = next(filter(None, map(_said, parts_in(folder))), None)
        if about is not None:
            with _alone_in(folder) as alone:
                found.append(RunParts(folder, str(about["graph"]),
                                      Path(str(about["records_folder"])),
                                      float(about["seconds"]), not alone))
    return found


def save(parts: Path, records: Path, reason: str, seconds: float) -> Path:
    """Copy the parts of a run into a new folder below ``records``, and return that.

    OSError if it cannot be written; then nothing of it is left.  Old records make room.
    """
    make_folder(records)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    said = next(filter(None, map(_said, parts_in(parts))), {"graph": ""})
    stem = f"{str(said['graph']).strip('/').replace('/', '.') or 'graph'}_{stamp}"
    aside = records / f".{os.urandom(8).hex()}.part"
    about = {"format": _FORMAT, "reason": shortened(reason), "moment_ns": time.monotonic_ns(),
             "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "seconds": seconds}
    aside.mkdir(mode=0o700)
    try:
        for name in sorted(os.listdir(parts)):
            if name.endswith(_ENDINGS):
                _copy(parts / name, aside / name)
        write_file(aside / _ABOUT, json.dumps(about, indent=1).encode() + b"\n")
        folder = _rename(aside, records, stem)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    _make_room(records, folder)
    return folder


def save_run(run_id: str, reason: str, dead: Collection[int] = ()) -> Path | None:
    """Put aside what a run keeps, where and for as long as its processes were told.

    What the processes of the ids ``dead`` have kept is in memory no more then.  None if nobody
    keeps anything; OSError if it cannot be written.
    """
    folder = run_folder(run_id)
    about = next(filter(None, map(_said, parts_in(folder))), None)
    if about is None:
        return None
    try:
        return save(folder, Path(str(about["records_folder"])), reason, float(about["seconds"]))
    finally:
        for part in parts_of(dead, folder):
            remove_part(part)


def forget_run(run_id: str) -> None:
    """Remove what a run that is over has kept in memory; so do its processes, if they can."""
    with suppress(OSError):  # somebody else has put something there
        forget(run_folder(run_id))


def forget(parts: Path) -> None:
    """Remove what is in the folder of a run, of which no process is left."""
    shutil.rmtree(parts, ignore_errors=True)
    with suppress(OSError):  # others are in it
        parts.parent.rmdir()


def rescue() -> list[Path]:
    """Put aside what runs have left of which every process was killed; return where.

    What cannot be written is let go, as memory is not to fill up.
    """
    saved = []
    for run in runs():
        with _alone_in(run.folder) as alone:
            if not alone:
                continue
            with suppress(OSError):  # its disk is full or gone, and nobody left to be told
                saved.append(save(run.folder, run.records, "every process of the run was killed",
                                  run.seconds))
            forget(run.folder)
    return saved


def is_flight_record(path: Path) -> bool:
    """Tell whether a path is that of a flight record."""
    return (path / _ABOUT).is_file()


def read_flight_record(folder: Path) -> Trace:
    """Return what a flight record holds of its last seconds; `InputError` if it is none."""
    try:
        about = json.loads(read_file(folder / _ABOUT))
        if about["format"] != _FORMAT:
            raise ValueError(f"its format is {about['format']!r:.40}, not {_FORMAT!r}")
        flight = Flight(str(about["reason"]), int(about["moment_ns"]), str(about["time"]),
                        float(about["seconds"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(str(folder), [
            f"expected a flight record: {type(error).__name__}: {error}"]) from None
    trace = read_parts(_sane(parts_in(folder)))
    trace.flight = flight
    # Who has left something of runs that were killed has come later.
    start = min(flight.moment, _newest(trace)) - round(1e9 * flight.seconds)
    trace.cut(max(start, trace.start))
    trace.events = [event for event in trace.events
                    if event.time >= start or event.kind == "parameters"]
    trace.counts = {port: [each for each in counts if each.time >= start]
                    for port, counts in trace.counts.items()}
    return trace


def _newest(trace: Trace) -> int:
    return max([trace.span()[1], *(event.time for event in trace.events),
                *(each.time for counts in trace.counts.values() for each in counts)])


def _sane(parts: Sequence[Path]) -> Iterable[Path]:
    """Give those parts whose files are no larger than a process makes them."""
    return [part for part in parts
            if all(not (each := part.with_suffix(ending)).exists()
                   or each.lstat().st_size <= _LONGEST_PART for ending in _ENDINGS)]


def _said(names: Path) -> dict[str, Any] | None:
    """Return what a process says of itself; None if it was killed before it could."""
    try:
        with names.open("rb") as file:
            found = json.loads(file.readline())
        return found if {"graph", "records_folder", "seconds"} <= found.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


@contextmanager
def _alone_in(folder: Path) -> Iterator[bool]:
    """Say whether no process has a part in the folder of a run; meanwhile, none comes."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # it is gone
        yield False
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(lock)


def _copy(source: Path, target: Path) -> None:
    """Copy a file that its process may be writing to, or take away."""
    try:
        data = read_file(source)
    except FileNotFoundError:
        return
    with target.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _rename(aside: Path, records: Path, stem: str) -> Path:
    """Give a finished record its name, which others may want at the same moment."""
    for number in range(1, 1000):
        folder = records / (stem if number == 1 else f"{stem}_{number}")
        try:
            os.mkdir(folder, 0o700)  # an empty folder may be replaced
        except FileExistsError:
            continue
        os.rename(aside, folder)
        return folder
    raise FileExistsError(17, "there are too many of this second", str(records / stem))


def _make_room(records: Path, newest: Path) -> None:
    """Remove the oldest flight records, and what somebody was killed in writing."""
    kept, size = 1, _size(newest)
    others = sorted((each for each in records.iterdir()
                     if each != newest and not each.is_symlink()
                     and _NAME.fullmatch(each.name) and is_flight_record(each)),
                    key=lambda each: each.stat().st_mtime_ns, reverse=True)
    for each in others:
        kept, size = kept + 1, size + _size(each)
        if kept > MOST_KEPT or size > MOST_BYTES:
            shutil.rmtree(each, ignore_errors=True)
    for each in records.iterdir():
        if is_left_over(each.name) and time.time() - each.lstat().st_mtime > 3600:
            shutil.rmtree(each, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(each.lstat().st_size for each in folder.iterdir())
