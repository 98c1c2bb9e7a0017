"""An analysis as a picture: what sets the pace, and what each node's time goes into."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from dnne_ros.tracing.analysis import Analysis
from dnne_ros.tracing.tables import path_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_PARTS = 12
_SHARES = (("utilisation", "works", "tab:blue"), ("waiting", "waits for items", "lightgray"),
           ("blocked", "waits for room", "tab:red"), ("resting", "rests", "tab:green"))


def picture(analysis: Analysis) -> bytes:
    """Return a PNG picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = len(analysis.path[:_MOST_PARTS]) + len(analysis.nodes)
    figure, (top, bottom) = pyplot.subplots(
        2, 1, figsize=(10, 2.5 + 0.3 * rows), layout="constrained",
        height_ratios=(max(1, len(analysis.path[:_MOST_PARTS])), max(1, len(analysis.nodes))))
    _draw_path(analysis, top)
    _draw_nodes(analysis, bottom)
    figure.suptitle(f"{analysis.trace.graph}: {analysis.seconds:.2f} s")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120)
    pyplot.close(figure)
    return content.getvalue()


def _draw_path(analysis: Analysis, axes: Axes) -> None:
    parts = analysis.path[:_MOST_PARTS][::-1]
    axes.barh([path_words(part) for part in parts], [100 * part.share for part in parts],
              color="tab:orange")
    axes.set_xlabel("share of the critical path (%)")
    axes.grid(axis="x", alpha=0.3)


def _draw_nodes(analysis: Analysis, axes: Axes) -> None:
    nodes = analysis.nodes[::-1]
    left = [0.0] * len(nodes)
    for field, label, color in _SHARES:
        widths = [100 * getattr(node, field) for node in nodes]
        axes.barh([node.name for node in nodes], widths, left=left, label=label, color=color)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.set_xlabel("share of the node's time (%)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(_SHARES), fontsize="small",
                frameon=False)
