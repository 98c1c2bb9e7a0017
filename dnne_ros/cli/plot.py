"""The learning curve as a picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from dnne_ros.cli.report import RunReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TERMS = 10
"""Terms of the reward in a picture: of more, the smallest are left out."""


def learning_curve(report: RunReport, title: str, level: float | None = None) -> bytes:
    """Return a PNG picture of how well it went, and of the loss below.

    Over environment steps it is the mean return, with a line at the ``level`` that was wanted,
    and between the two the terms of the reward, if the task tells them; over the epochs of
    supervised learning, the accuracy.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    terms = _reward_terms(report)
    figure, (top, *middle, bottom) = pyplot.subplots(
        3 if terms else 2, 1, figsize=(8, 9 if terms else 6), sharex=True,
        height_ratios=(2, 2, 1) if terms else (2, 1), layout="constrained")
    draw = _draw_epochs if report.epochs else _draw_episodes
    extent = draw(report, top, bottom)
    if level is not None:
        top.axhline(level, color="tab:green", linestyle="--", label=f"wanted: {level:,g}")
        top.legend(loc="lower right")
    top.set_title(f"{title}: {extent} in {report.seconds:.1f} s")
    bottom.set_ylabel("loss")
    for axes in middle:
        _draw_terms(terms, axes)
    for axes in (top, *middle, bottom):
        axes.grid(alpha=0.3)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    pyplot.close(figure)
    return picture.getvalue()


def _reward_terms(report: RunReport) -> dict[str, list[tuple[int, float]]]:
    """Return the curves of those that are largest at some time, by their names alone."""
    found = {name: curve for name, curve in report.episode_logs.items()
             if "reward" in name.lower()}
    largest = sorted(found, key=lambda name: max(abs(value) for _, value in found[name]))
    return {name.rpartition("/")[2]: found[name] for name in largest[:-_MOST_TERMS - 1:-1]}


def _draw_terms(terms: dict[str, list[tuple[int, float]]], axes: Axes) -> None:
    for name, curve in terms.items():
        axes.plot(*zip(*curve, strict=True), label=name)
    axes.set_ylabel("terms of the reward\n(last 100 episodes)")
    axes.legend(loc="upper left", fontsize="small", ncols=2)


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
