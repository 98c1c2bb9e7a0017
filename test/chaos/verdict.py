"""Whether the sinks have what they must have, and the report of the run says what was."""

from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from chaos.files import taken_by
from chaos.items import Item

_RECORD = np.dtype([("process", "<u4"), ("size", "<u4"), ("value", "<u8")])
_SAID = 5
"""How many items a complaint shows."""
_MOST_AGAIN = 5000
"""More than all windows together hold."""


@dataclass
class Figures:
    """Those of all sinks together."""

    items: int = 0
    bytes: int = 0
    lost: int = 0
    out_of_order: int = 0
    twice: int = 0
    duplicated: int = 0


@dataclass
class Verdict(Figures):
    """What was found: complaints beside the figures."""

    complaints: list = field(default_factory=list)


def lives(file):
    """Return the items that a sink wrote down, as a list for each process that it was."""
    data = file.read_bytes() if file.exists() else b""
    records = np.frombuffer(data[:len(data) // _RECORD.itemsize * _RECORD.itemsize], _RECORD)
    return [[Item(size, value) for _, size, value in life]
            for _, life in groupby(records.tolist(), key=lambda record: record[0])]


def judge(plan, totals, folder, report):
    """Return the verdict on a run that has ended in good order."""
    verdict = Verdict()
    streams = plan.streams(totals)
    edges = {edge["name"].partition(" → ")[2]: edge for edge in report["edges"]}
    for part in plan.parts:
        for port, source in part.sources.items():
            wanted = streams[source]
            edge = edges[f"{part.name}/{port}"]
            policy = part.policy(port)
            found = lives(folder / taken_by(part.name)) if part.type == "Keep" else None
            before = len(verdict.complaints)
            if policy == "lossless":
                _judge_counters(edge, sum(map(len, wanted)), verdict)
                if found is not None:
                    _judge_lossless(found, wanted, edge, verdict)
            else:
                _judge_droppable(found, wanted, edge, policy, verdict)
            verdict.complaints[before:] = [f"{part.name}/{port}: {each}"
                                           for each in verdict.complaints[before:]]
    return verdict


def _judge_counters(edge, count, verdict):
    for name, right in (("sent", count), ("received", count), ("lost", 0), ("dropped", 0)):
        if edge[name] != right:
            verdict.complaints.append(f"its counter {name!r} says {edge[name]}, not {right}")
    verdict.duplicated += edge["duplicated"]


def _judge_lossless(found, wanted, edge, verdict):
    taken, twice = Taken(wanted), 0
    for life in found:
        twice += taken.add(life)
    verdict.items += sum(map(len, found))
    verdict.bytes += sum(each.size for life in found for each in life)
    verdict.lost += taken.lacking
    verdict.out_of_order += len(taken.wrong)
    verdict.twice += twice
    verdict.complaints += taken.wrong
    if taken.lacking:
        verdict.complaints.append(f"{taken.lacking} items never came")
    if twice > edge["duplicated"]:
        verdict.complaints.append(
            f"{twice} items came twice, 'duplicated' says {edge['duplicated']}")


def _judge_droppable(found, wanted, edge, policy, verdict):
    count = sum(map(len, wanted))
    places = {}
    for branch, stream in enumerate(wanted):
        for index, each in enumerate(stream):
            places.setdefault(each, []).append((branch, index))
    for life in found:
        last = dict.fromkeys(range(len(wanted)), -1)
        for each in life:
            later = [(branch, index) for branch, index in places.get(each, ())
                     if index > last[branch]]
            if not later:
                verdict.complaints.append(f"{each} came after later ones, or was never sent")
                verdict.out_of_order += 1
                break
            branch, index = min(later, key=lambda place: place[1])
            last[branch] = index
    if edge["sent"] != count:
        verdict.complaints.append(f"its counter 'sent' says {edge['sent']}, not {count}")
    taken = sum(map(len, found))
    if policy == "drop_oldest" and edge["received"] + edge["dropped"] + edge["lost"] > count:
        verdict.complaints.append(
            f"of {count} items {edge['received']} are counted as received, {edge['dropped']} as "
            f"dropped, {edge['lost']} as lost")
    if taken > edge["received"] + edge["duplicated"]:
        verdict.complaints.append(f"{taken} items were taken, 'received' says {edge['received']}")


class Taken:
    """How far a sink has come on each of the streams that were merged for it."""

    def __init__(self, wanted):
        """Begin before the first item of each stream in ``wanted``."""
        self._wanted = wanted
        self._place = {each: (branch, index) for branch, stream in enumerate(wanted)
                       for index, each in enumerate(stream)} if len(wanted) > 1 else {}
        self._next = [0] * len(wanted)
        self._so_far = []
        self.wrong = []

    @property
    def lacking(self):
        """How many items have not come."""
        return sum(len(stream) - came for stream, came in zip(self._wanted, self._next))

    def add(self, life):
        """Go on with what one more process has taken; return how many of it came before."""
        again = self._overlap(life)
        for each in life[again:]:
            branch, index = self._place.get(each, (0, self._next[0]))
            stream = self._wanted[branch]
            if index != self._next[branch] or index >= len(stream) or stream[index] != each:
                expected = stream[self._next[branch]:self._next[branch] + _SAID]
                self.wrong.append(f"after {self._next} items came {each} (place {branch}, "
                                  f"{index}) and not {expected}; life of {len(life)}, "
                                  f"{again} of it again")
                return again
            self._next[branch] += 1
            self._so_far.append(each)
        return again

    def _overlap(self, life):
        """Return how many items of a life repeat the last ones before it, the fewest possible."""
        so_far = self._so_far
        for again in range(min(len(so_far), _MOST_AGAIN) + 1):
            start = len(so_far) - again
            if so_far[start:start + len(life)] == life[:again] and self._goes_on(life, again):
                return min(again, len(life))
        return 0

    def _goes_on(self, life, again):
        """Tell whether what follows the repeated part is what is to come next."""
        if again >= len(life):
            return True
        branch, index = self._place.get(life[again], (0, self._next[0]))
        stream = self._wanted[branch]
        return index == self._next[branch] and index < len(stream) and stream[index] == life[again]
