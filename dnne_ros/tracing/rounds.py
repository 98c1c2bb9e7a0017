"""What several nodes do in one go, recorded as one row of numbers: what is where in it.

Where nodes are one function, a record for each item would take longer than to hand it over.  So a
row has the times of each node, which are the same for all that it takes and gives; what seldom
changes (numbers of items, but for those that have gone through since; sizes) is there before the
round begins.  Who reads makes records of it, as if each item had been recorded by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from dnne_ros.tracing.ring import SIZE, Kind, Record

MADE = 0
"""The field that says how many rounds were made before, since numbers of items were put down."""
PER_PART = 6
"""Fields of a part of a row, which is a record of a ring; behind them is what part it is of."""
NUMBERS = SIZE // 8
"""64-bit numbers of a part."""
_TEXT_BITS = 16


class Took(NamedTuple):
    """An item that a node takes: its port, and the field of its number.

    ``counted``: the field has what the number was before the first round.
    """

    place: int
    number: int
    counted: bool


class Gave(NamedTuple):
    """An item that a node gives: its port, and fields.

    ``began`` and ``ended`` are 0 where that took no time, after the node had answered.
    """

    place: int
    number: int
    described: int
    began: int
    ended: int


class NodeFields(NamedTuple):
    """The fields of one node; a time is 0 as long as it has not come.

    ``since``: until when it took, sent or waited last.  ``asked``: since when it waits.
    ``taken``: when it took its items.  ``answered``: when it had worked on them.
    """

    since: int
    asked: int
    taken: int
    answered: int
    took: Sequence[Took]
    gave: Sequence[Gave]


class Plan(NamedTuple):
    """Of how many parts a row is, and what its fields are."""

    parts: int
    nodes: Sequence[NodeFields]

    def records(self, row: Sequence[int], every: int) -> Iterator[Record]:
        """Give the records of a row: of each node one item in ``every``, by its number."""
        for node in self.nodes:
            for record in _of_node(node, row):
                if record.number % every == 0:
                    yield record


def read_plan(values: Any) -> Plan:
    """Return the plan that was written as JSON; ValueError or TypeError if it is none."""
    parts, nodes = values
    plan = Plan(int(parts), [
        NodeFields(since, asked, taken, answered, [Took(*each) for each in took],
                   [Gave(*each) for each in gave])
        for since, asked, taken, answered, took, gave in nodes])
    fields = [field for node in plan.nodes for field in (
        *node[:4], *(took.number for took in node.took),
        *(field for gave in node.gave for field in gave[1:]))]
    if not all(0 <= field < NUMBERS * plan.parts for field in fields):
        raise ValueError("a plan of a round has fields behind its end")
    return plan


def place_of(field: int) -> int:
    """Return where in a row a field is, counted without what is behind the parts."""
    return field // PER_PART * NUMBERS + field % PER_PART


def description(text: int, size: int) -> int:
    """Return the number and the bytes of a description as one."""
    return size << _TEXT_BITS | text


def _of_node(node: NodeFields, row: Sequence[int]) -> Iterator[Record]:
    taken, answered = row[node.taken], row[node.answered]
    if not taken:
        return
    began = max(row[node.since], row[node.asked]) if row[node.since] else taken
    since = row[node.since] or began
    for took in node.took:
        number = row[took.number] + (row[MADE] + 1 if took.counted else 0)
        yield Record(since, began, number, 1, 0, taken, took.place, 0, Kind.TAKEN,
                     True)
        since = began = taken
    # What others got at once, and then what was handed over.
    for gave in sorted(node.gave, key=lambda each: each.ended):
        began = row[gave.began] if gave.ended else answered
        ended = row[gave.ended] if gave.ended else answered
        if ended:
            size, text = divmod(row[gave.described], 2**_TEXT_BITS)
            yield Record(since, began, row[gave.number] + row[MADE] + 1, 0, size, ended,
                         gave.place, text, Kind.SENT, False)
            since = ended
