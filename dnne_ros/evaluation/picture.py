"""An evaluation as a picture: how returns are distributed, and where their means are."""

from __future__ import annotations

import io
from collections.abc import Sequence

from dnne_ros.evaluation.intervals import LEVEL
from dnne_ros.evaluation.outcome import Outcome

_COLOURS = ("tab:blue", "tab:orange")


def picture(outcomes: Sequence[Outcome], title: str) -> bytes:
    """Return a PNG picture of up to two ``outcomes``."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (top, bottom) = pyplot.subplots(
        2, 1, figsize=(8, 6), sharex=True, height_ratios=(3, 1), layout="constrained")
    for row, (each, colour) in enumerate(zip(outcomes, _COLOURS, strict=False)):
        returns = sorted(each.returns)
        shares = [(index + 1) / len(returns) for index in range(len(returns))]
        # Each step of the curve is an episode: it begins at 0, left of all.
        top.step([returns[0], *returns], [0.0, *shares], where="post", color=colour,
                 label=each.policy)
        mean = each.mean_return
        low, high = (mean.value if bound is None else bound for bound in (mean.low, mean.high))
        bottom.plot([low, high], [-row, -row], color=colour, linewidth=3, alpha=0.5)
        bottom.plot([mean.value], [-row], color=colour, marker="o")
    top.set_ylabel("share of episodes\nthat returned no more")
    top.set_title(title)
    top.legend(loc="best")
    bottom.set_yticks([-row for row in range(len(outcomes))], [
        _shortened(each.policy) for each in outcomes])
    bottom.set_ylim(-len(outcomes) + 0.5, 0.5)
    bottom.set_xlabel(f"return of an episode; below: mean, with its {LEVEL:.0%} interval")
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=120)
    pyplot.close(figure)
    return drawn.getvalue()


def _shortened(name: str) -> str:
    return name if len(name) <= 16 else f"…{name[-15:]}"
