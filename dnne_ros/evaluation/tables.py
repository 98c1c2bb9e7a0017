"""An evaluation as tables for a terminal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dnne_ros.evaluation.intervals import LEVEL, Estimate, mean_of
from dnne_ros.evaluation.outcome import Comparison, Outcome


def show(outcomes: Sequence[Outcome], comparison: Comparison | None, wanted: float | None
         ) -> RenderableType:
    """Return a table of all ``outcomes``, one of their seeds, and how they compare."""
    parts: list[RenderableType] = [_outcomes(outcomes, wanted)]
    if len(outcomes[0].of_seed()) > 1:
        parts.append(_seeds(outcomes))
    if comparison is not None:
        parts.append(Text(
            f"{comparison.first.policy} returns {_number(mean_of(comparison.differences))} more "
            f"than {comparison.other.policy}, and more in {comparison.better:.0%} of the "
            f"episodes: {comparison.verdict}"))
    parts.append(Text(f"[…]: holds the true value {LEVEL:.0%} of the time", style="dim"))
    return Group(*parts)


def _outcomes(outcomes: Sequence[Outcome], wanted: float | None) -> Table:
    goal = "success" if wanted is None else f"returned ≥ {wanted:g}"
    table = Table("policy", box=None, pad_edge=False)
    for column in ("episodes", "mean return", "deviation", "least", "median", "most",
                   "mean length", goal, "ends"):
        table.add_column(column, justify="left" if column == "ends" else "right")
    for each in outcomes:
        returns, success = each.returns, each.success(wanted)
        table.add_row(
            Text(each.policy), str(len(returns)), Text(_number(each.mean_return)),
            f"{statistics.stdev(returns):,.2f}" if len(returns) > 1 else "–",
            f"{min(returns):,.2f}", f"{statistics.median(returns):,.2f}", f"{max(returns):,.2f}",
            Text(_number(each.mean_length)),
            Text("not told by the task" if success is None else _share(success)),
            Text(", ".join(f"{end} {share.value:.0%}" for end, share in each.ends.items())))
    return table


def _seeds(outcomes: Sequence[Outcome]) -> Table:
    table = Table("mean return by seed", box=None, pad_edge=False)
    for seed in outcomes[0].of_seed():
        table.add_column(str(seed), justify="right")
    for each in outcomes:
        table.add_row(Text(each.policy), *(
            Text(_number(mean)) for mean in each.of_seed().values()))
    return table


def _number(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:,.2f}"
    return f"{estimate.value:,.2f} [{estimate.low:,.2f}, {estimate.high:,.2f}]"


def _share(estimate: Estimate) -> str:
    assert estimate.low is not None and estimate.high is not None
    return f"{estimate.value:.0%} [{estimate.low:.0%}, {estimate.high:.0%}]"
