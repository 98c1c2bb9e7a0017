"""The learning curve as a picture."""

from __future__ import annotations

import os
from pathlib import Path

from dnne_ros.cli.report import RunReport


def plot_learning_curve(report: RunReport, path: Path, title: str) -> None:
    """Draw mean return and loss over environment steps into a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (top, bottom) = pyplot.subplots(
        2, 1, figsize=(8, 6), sharex=True, height_ratios=(2, 1), layout="constrained")
    if report.curve:
        steps, returns = zip(*report.curve)
        top.plot(steps, returns, color="tab:blue")
    top.set_ylabel("mean return\n(last 100 episodes)")
    top.set_title(f"{title}: {report.env_steps:,} environment steps in {report.seconds:.1f} s")
    if report.losses:
        each = report.env_steps / len(report.losses)
        bottom.plot([each * (i + 1) for i in range(len(report.losses))], report.losses,
                    color="tab:orange")
    bottom.set_ylabel("loss")
    bottom.set_xlabel("environment steps")
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
    part = path.with_name(path.name + ".part")
    figure.savefig(part, format="png", dpi=120)
    pyplot.close(figure)
    os.replace(part, path)
