"""Where the time of a step goes: the critical path, summed up by what one can do about it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dnne_ros.tracing.analysis import Analysis
from dnne_ros.tracing.critical_path import EDGE, REST, WORK

_LOCAL = "local"


@dataclass(frozen=True)
class StepShares:
    """How many steps there are a second, and the share of each part, the largest first."""

    steps_per_s: float
    shares: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        ms = 1e3 / self.steps_per_s if self.steps_per_s else 0.0
        return {"steps_per_s": self.steps_per_s, "ms": ms, "parts": [
            {"what": what, "share": share, "ms": ms * share}
            for what, share in self.shares.items()]}


def step_shares(analysis: Analysis, transports: Mapping[str, str]) -> StepShares:
    """Return where the time of a step goes; ``transports``: by what each edge carries items."""
    shares: dict[str, float] = defaultdict(float)
    for part in analysis.path:
        kind, name = part.part.kind, part.part.name
        if kind == WORK:
            what = f"work of {name}"
        elif kind == EDGE:
            by = transports.get(name, _LOCAL)
            what = "handing over, within a process" if by == _LOCAL \
                else f"between processes, by {by.replace('_', ' ')}"
        else:
            what = "keeping a rate" if kind == REST else "waiting for what is outside"
        shares[what] += part.share
    largest = sorted(shares, key=lambda what: -shares[what])
    return StepShares(_steps_per_s(analysis), {what: shares[what] for what in largest})


def _steps_per_s(analysis: Analysis) -> float:
    """Return how often the nodes that set the pace do what they do."""
    ends = {edge.name: (edge.source[0], edge.target[0])
            for edge in analysis.trace.edges.values()}
    paced = set(analysis.paced)
    rates = [edge.items_per_s for edge in analysis.edges
             if ends[edge.name][1] in paced and (ends[edge.name][0] in paced or not analysis.loop)
             and edge.items_per_s]
    return statistics.median(rates) if rates else 0.0
