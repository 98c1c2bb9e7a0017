"""What an edge counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class EdgeStats:
    """Counters of one edge; each end keeps those that it sees, and a report adds them up."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    duplicated: int = 0
    dropped: int = 0
    blocked_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the counters by name."""
        return asdict(self)
