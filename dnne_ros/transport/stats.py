"""What an edge counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class EdgeStats:
    """Counters of one edge; each end keeps those that it sees, and a report adds them up.

    ``depth``: items handed over and not taken yet, now.  ``latency_s``: mean time from hand-over
    to taking, of a sample of the items since the last look; ``latency_max_s`` the longest of all.
    """

    sent: int = 0
    received: int = 0
    lost: int = 0
    duplicated: int = 0
    dropped: int = 0
    blocked_s: float = 0.0
    depth: int = 0
    latency_s: float = 0.0
    latency_max_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the counters by name."""
        return asdict(self)
