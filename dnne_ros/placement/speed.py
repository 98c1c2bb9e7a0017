"""How fast a graph ran: the items of its edges, beside those of another run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import fmean
from typing import Any

Rates = Mapping[str, float]
"""Items a second of each edge, by its name."""


def edge_rates(report: Mapping[str, Any]) -> Rates:
    """Return the rates of a run, from what ``--report`` wrote."""
    seconds = max(report["seconds"], 1e-9)
    return {edge["name"]: edge["received"] / seconds for edge in report["edges"]}


def times_as_fast(rates: Rates, reference: Rates) -> float:
    """Return how much faster than ``reference``: the geometric mean over all edges.

    1 is as fast, which is what an edge counts that keeps a rate of its own, a camera's, say.  0 if
    nothing went through any edge.
    """
    logarithms = [math.log(rates[edge] / rate) for edge, rate in reference.items()
                  if rate > 0 and rates.get(edge, 0) > 0]
    return math.exp(fmean(logarithms)) if logarithms else 0.0
