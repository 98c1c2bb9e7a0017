"""Learning curves of several seeds: their mean, and how far they are apart."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np

_POINTS = 200


def picture(curves: Mapping[str, Mapping[str, Sequence[Sequence[tuple[int, float]]]]]) -> bytes:
    """Return a PNG picture of ``curves``, by task and by who learned, each of several seeds.

    A line is the mean over seeds, the band around it goes from the least to the most.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, row = pyplot.subplots(1, len(curves), figsize=(5 * len(curves), 4), squeeze=False,
                                  layout="constrained")
    for axes, (task, cases) in zip(row[0], curves.items(), strict=True):
        for case, seeds in cases.items():
            first = max(curve[0][0] for curve in seeds)
            steps = np.linspace(first, min(curve[-1][0] for curve in seeds), _POINTS)
            lines = np.stack([np.interp(steps, *np.array(curve, float).T) for curve in seeds])
            axes.plot(steps, lines.mean(0), label=f"{case}, {len(seeds)} seeds")
            axes.fill_between(steps, lines.min(0), lines.max(0), alpha=0.2)
        axes.set_title(task)
        axes.set_xlabel("environment steps")
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left", fontsize="small")
    row[0][0].set_ylabel("mean return\n(last 100 episodes)")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    pyplot.close(figure)
    return content.getvalue()
