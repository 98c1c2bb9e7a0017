"""What processes have recorded, read from their folder into one trace."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError
from dnne_ros.tracing.journal import JOURNAL, OLDER, read_journal
from dnne_ros.tracing.reading import read_ring
from dnne_ros.tracing.ring import Kind, Record
from dnne_ros.tracing.rounds import Plan, read_plan
from dnne_ros.tracing.trace import Act, Count, ProcessInfo, Trace
from dnne_ros.tracing.tracer import NAMES, RING


@dataclass(frozen=True)
class _Part:
    """The files of one process; places, texts and plans of rounds by number."""

    path: Path
    about: dict[str, Any]
    places: dict[int, dict[str, str]]
    texts: dict[int, str]
    plans: dict[int, Plan]

    @property
    def run(self) -> str:
        """Return which run it is of; a managed process is made anew within one."""
        return str(self.about["run"]).partition(".")[0]


def read_parts(names: Iterable[Path]) -> Trace:
    """Return what the processes recorded whose files of names are given.

    Of several runs that is the newest.  Where a ring was full, the trace begins with what is left
    in it.  `InputError` names the files that cannot be read.
    """
    problems: list[str] = []
    parts: list[_Part] = []
    for path in sorted(names):
        try:
            parts.append(_read_names(path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            problems.append(f"{path}: no part of a trace: {error}")
    if not parts and not problems:
        raise InputError("trace", ["nothing was recorded"])
    newest = max(parts, key=lambda part: part.about["time_ns"]).run if parts else ""
    trace = Trace(parts[0].about["graph"] if parts else "")
    for part in parts:
        try:
            if part.run == newest:
                _add_part(trace, part)
        except (OSError, ValueError, KeyError, TypeError) as error:
            problems.append(f"{part.path}: no part of a trace: {error}")
    if problems:
        raise InputError("trace", problems)
    trace.events.sort(key=lambda event: event.time)
    if any(trace.gaps.values()):
        trace.notes.append("items were recorded for a moment now and then, as there are many: "
                           "rates and shares are those of these moments")
    return trace


def parts_in(folder: Path) -> list[Path]:
    """Return the files of names in a folder, one for each process."""
    return sorted(folder.glob(f"*{NAMES}"))


def remove_part(names: Path) -> None:
    """Remove the files of a process."""
    for ending in (NAMES, RING, JOURNAL, OLDER):
        names.with_suffix(ending).unlink(missing_ok=True)


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


def _read_names(path: Path) -> _Part:
    """Read what a process says of itself, and what it has given numbers to.

    A line that was being written when the process was killed is left out.
    """
    lines = [json.loads(line) for line in read_file(path).split(b"\n")[:-1]]
    if not lines:
        raise ValueError("it is empty")
    if not {"run", "time_ns", "graph"} <= lines[0].keys():
        raise ValueError("it does not say of what it is")
    return _Part(path, lines[0],
                 {line["place"]: line for line in lines[1:] if "place" in line},
                 {0: "", **{line["text"]: line["is"] for line in lines[1:] if "text" in line}},
                 {line["plan"]: read_plan(line["is"]) for line in lines[1:] if "plan" in line})


def _add_part(trace: Trace, part: _Part) -> None:
    about = part.about
    process = ProcessInfo(about["process"], about["pid"], about["host"],
                          about["time_ns"] - about["monotonic_ns"])
    acts: dict[str, list[Act]] = defaultdict(list)
    trace.learn(about)
    records, full = read_ring(part.path.with_suffix(RING), part.plans, about["every"],
                              about.get("records"))
    for record in records:
        place = part.places.get(record.place)
        if place is None:
            continue
        if record.kind in (Kind.COUNTED, Kind.UNSEEN):
            _note(trace, process, place, record)
            continue
        taken = record.kind == Kind.TAKEN
        acts[place["node"]].append(Act(
            Kind(record.kind), record.since, record.began, record.ended, place["port"],
            record.number, record.more if taken else 1, 0 if taken else record.more, record.size,
            part.texts.get(record.text, ""), bool(record.waited)))
    trace.add(process, acts)
    trace.events += read_journal(part.path.with_suffix(JOURNAL))
    if full:
        trace.cut(records[0].ended)


def _note(trace: Trace, process: ProcessInfo, place: dict[str, str], record: Record) -> None:
    """Note what is no act of a node."""
    if record.kind == Kind.UNSEEN:
        trace.gaps.setdefault(process, []).append((record.began, record.ended))
    else:
        trace.counts.setdefault((place["node"], place["port"], place["direction"]), []).append(
            Count(record.ended, record.number, record.more))
