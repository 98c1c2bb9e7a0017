"""What processes have recorded, read from their folder into one trace."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError
from dnne_ros.tracing.ring import Kind, read_ring
from dnne_ros.tracing.trace import Act, ProcessInfo, Trace
from dnne_ros.tracing.tracer import NAMES, RING


def read_parts(names: Iterable[Path]) -> Trace:
    """Return what the processes recorded whose files of names are given.

    `InputError` names the files that cannot be read.
    """
    problems: list[str] = []
    trace: Trace | None = None
    for path in sorted(names):
        try:
            about, places, texts = _read_names(path)
            if trace is None:
                trace = Trace(str(about["graph"]))
            _add_part(trace, path, about, places, texts)
        except (OSError, ValueError, KeyError, TypeError) as error:
            problems.append(f"{path}: no part of a trace: {error}")
    if problems:
        raise InputError("trace", problems)
    if trace is None:
        raise InputError("trace", ["nothing was recorded"])
    return trace


def parts_in(folder: Path) -> list[Path]:
    """Return the files of names in a folder, one for each process."""
    return sorted(folder.glob(f"*{NAMES}"))


def remove_part(names: Path) -> None:
    """Remove the files of a process."""
    for path in (names, names.with_suffix(RING)):
        path.unlink(missing_ok=True)


def parts_of(processes: Collection[int], folder: Path) -> list[Path]:
    """Return the files of names that processes of these ids have left in a folder."""
    return [path for path in parts_in(folder) if process_id(path) in processes]


def sweep_parts(folder: Path) -> None:
    """Remove the parts of processes that are gone, which nobody has fetched."""
    for path in parts_in(folder):
        if not Path(f"/proc/{process_id(path)}").exists():
            remove_part(path)


def process_id(names: Path) -> int:
    """Return the id of the process that a part is of; 0 if its name holds none."""
    words = names.name.split(".")
    return int(words[1]) if len(words) > 2 and words[1].isdecimal() else 0


def _read_names(path: Path) -> tuple[dict[str, Any], dict[int, dict[str, str]], dict[int, str]]:
    """Return what a process says of itself, its places and its texts, by number.

    A line that was being written when the process was killed is left out.
    """
    lines = [json.loads(line) for line in read_file(path).split(b"\n")[:-1]]
    if not lines:
        raise ValueError("it is empty")
    return (lines[0], {line["place"]: line for line in lines[1:] if "place" in line},
            {0: "", **{line["text"]: line["is"] for line in lines[1:] if "text" in line}})


def _add_part(trace: Trace, path: Path, about: dict[str, Any],
              places: dict[int, dict[str, str]], texts: dict[int, str]) -> None:
    process = ProcessInfo(about["process"], about["pid"], about["host"],
                          about["time_ns"] - about["monotonic_ns"])
    acts: dict[str, list[Act]] = defaultdict(list)
    trace.learn(about)
    for record in read_ring(path.with_suffix(RING)):
        place = places.get(record.place)
        if place is None:
            continue
        taken = record.kind == Kind.TAKEN
        acts[place["node"]].append(Act(
            Kind(record.kind), record.since, record.began, record.ended, place["port"],
            record.number, record.more if taken else 1, 0 if taken else record.more, record.size,
            texts.get(record.text, ""), bool(record.waited)))
    trace.add(process, acts)
