"""The learning curve as a picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from dnne_ros.cli.report import RunReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def learning_curve(report: RunReport, title: str, level: float | None = None) -> bytes:
    """Return a PNG picture of how well it went, and of the loss below.

    Over environment steps it is the mean return, with a line at the ``level`` that was wanted;
    over the epochs of supervised learning, the accuracy.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (top, bottom) = pyplot.subplots(
        2, 1, figsize=(8, 6), sharex=True, height_ratios=(2, 1), layout="constrained")
    draw = _draw_epochs if report.epochs else _draw_episodes
    extent = draw(report, top, bottom)
    if level is not None:
        top.axhline(level, color="tab:green", linestyle="--", label=f"wanted: {level:,g}")
        top.legend(loc="lower right")
    top.set_title(f"{title}: {extent} in {report.seconds:.1f} s")
    bottom.set_ylabel("loss")
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    pyplot.close(figure)
    return picture.getvalue()


def _draw_epochs(report: RunReport, top: Axes, bottom: Axes) -> str:
    from matplotlib.ticker import MaxNLocator

    epochs = [epoch["epoch"] for epoch in report.epochs]
    accuracies = [100 * epoch.get("accuracy", float("nan")) for epoch in report.epochs]
    top.plot(epochs, accuracies, color="tab:blue", marker="o", markersize=3)
    top.set_ylabel("accuracy of the epoch (%)")
    bottom.plot(epochs, report.losses, color="tab:orange", marker="o", markersize=3)
    bottom.set_xlabel("epoch")
    bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    samples = sum(epoch["samples"] for epoch in report.epochs)
    return f"{len(epochs)} epoch{'s' if len(epochs) > 1 else ''}, {samples:,} samples"


def _draw_episodes(report: RunReport, top: Axes, bottom: Axes) -> str:
    if report.curve:
        steps, returns = zip(*report.curve, strict=True)
        top.plot(steps, returns, color="tab:blue")
    top.set_ylabel("mean return\n(last 100 episodes)")
    if report.losses:
        each = report.env_steps / len(report.losses)
        bottom.plot([each * (i + 1) for i in range(len(report.losses))], report.losses,
                    color="tab:orange")
    bottom.set_xlabel("environment steps")
    return f"{report.env_steps:,} environment steps"
