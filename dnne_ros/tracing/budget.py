"""How much of the time recording may take."""

from __future__ import annotations

_BEAT_NS = 500_000_000
_FIRST_NS = 1_000_000


class Budget:
    """Says when to record, such that it takes no more than a share of the time.

    As long as few items move, that is always.  Of many, it is for a moment now and then, whenever
    enough has been saved; and at a beat of the machine's clock, so that all processes of a graph
    look at the same moments and see both ends of an item.
    """

    def __init__(self, share: float, record_ns: int, saved_ns: int, now: int):
        """Let records, of ``record_ns`` each, take a ``share`` of the time from ``now`` on.

        No more than ``saved_ns`` is saved, and recording begins again when so much is.
        """
        self._share = share
        self._record_ns = record_ns
        self._most = saved_ns
        self._saved = float(saved_ns)
        self._looked = now
        self.records = True
        """Whether to record until the next look."""
        self.within_ns = _FIRST_NS
        """In how many nanoseconds to look again, at most, while it records: soon at first, as what
        moves thousands of items in a millisecond has spent all by then, and then less often."""

    @property
    def begins_ns(self) -> int:
        """Return when recording may begin again, where it does not record: at the next beat."""
        return (self._looked // _BEAT_NS + 1) * _BEAT_NS

    def begin(self, now: int) -> None:
        """Begin at a time, before which nobody looked and nothing was saved."""
        self._looked = now

    def look(self, now: int, records: int) -> None:
        """Decide what happens from ``now`` on, so many ``records`` having been written."""
        self._saved += self._share * (now - self._looked) - self._record_ns * records
        self._saved = min(self._saved, self._most)
        beat = now >= self.begins_ns
        self._looked = now
        if self._saved < 0:
            self.records = False
        elif self.records:
            self.within_ns = min(2 * self.within_ns, _BEAT_NS)
        elif beat and self._saved >= self._most:
            self.records, self.within_ns = True, _FIRST_NS
