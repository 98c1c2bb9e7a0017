"""The records of a ring's file, in the order in which they ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from dnne_ros.durable_files import read_file
from dnne_ros.tracing.ring import RECORD, SIZE, Kind, Record
from dnne_ros.tracing.rounds import NUMBERS, Plan

_KINDS = frozenset(Kind)


def read_ring(path: Path, plans: Mapping[int, Plan] | None = None, every: int = 1,
              most: int | None = None) -> tuple[list[Record], bool]:
    """Return the newest ``most`` records of a ring, and whether there were more.

    ``plans`` are those of its rounds, of which one item in ``every`` counts.  What is no record,
    as it was being written when its process was killed, is left out.  OSError if the file cannot
    be read.
    """
    data = read_file(path)
    data = data[:len(data) // SIZE * SIZE]
    found = sorted((record for record in _records(data, plans or {}, every) if _is_whole(record)),
                   key=lambda record: record.ended)
    full = bool(data) and all(kind for *_, kind, _ in RECORD.iter_unpack(data))
    if most is not None and len(found) > most:
        return found[-most:], True
    return found, full


def _records(data: bytes, plans: Mapping[int, Plan], every: int) -> Iterator[Record]:
    """Give what is in a ring, rounds as what their nodes did."""
    parts = [Record(*fields) for fields in RECORD.iter_unpack(data)]
    numbers = memoryview(data).cast("q")
    index = 0
    while index < len(parts):
        part = parts[index]
        if part.kind != Kind.ROUND:
            yield part
        elif (plan := plans.get(part.place)) is not None and _is_round(parts, index, plan.parts):
            yield from plan.records(numbers[index * NUMBERS:(index + plan.parts) * NUMBERS], every)
            index += plan.parts - 1
        index += 1


def _is_round(parts: list[Record], first: int, count: int) -> bool:
    """Tell whether all of a round is there: what was written later may be in a part's place."""
    return [(part.kind, part.place, part.text) for part in parts[first:first + count]] == [
        (Kind.ROUND, parts[first].place, number) for number in range(count)]


def _is_whole(record: Record) -> bool:
    return record.kind in _KINDS and record.kind != Kind.NOTHING \
        and 0 < record.began <= record.ended and record.since <= record.ended
