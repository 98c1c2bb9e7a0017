"""Runs cases in turn, round after round, so that all of them see the same machine."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dnne_ros.errors import InputError

Case = Callable[[int], Mapping[str, float]]
"""Measures once and returns figures by name; it is given the round, counted from 0."""


def chosen(benchmark: str, cases: Mapping[str, Case], only: str, separator: str
           ) -> dict[str, Case]:
    """Return the cases that ``--only`` means: those with one of its parts in their names, or all.

    `InputError` if there is none.
    """
    words = [word.strip() for word in only.split(separator) if word.strip()]
    found = {name: case for name, case in cases.items()
             if not words or any(word in name for word in words)}
    if not found:
        raise InputError(benchmark, [
            f"--only: expected a part of {'; '.join(cases)}; found {only!r:.80}"])
    return found


def interleave(cases: Mapping[str, Case], rounds: int, say: Callable[[str], None]
               ) -> dict[str, dict[str, list[float]]]:
    """Return for each case the figures of all rounds, by name.

    Every other round goes through the cases backwards, so that none always comes after the same
    neighbour.
    """
    found: dict[str, dict[str, list[float]]] = {name: {} for name in cases}
    for number in range(rounds):
        for name in list(cases)[::-1 if number % 2 else 1]:
            say(f"round {number + 1} of {rounds}: {name}")
            for figure, value in cases[name](number).items():
                found[name].setdefault(figure, []).append(value)
    return found


def medians(found: Mapping[str, Mapping[str, list[float]]]) -> dict[str, dict[str, float]]:
    """Return the median of each figure of each case."""
    return {case: {figure: statistics.median(values) for figure, values in figures.items()}
            for case, figures in found.items()}


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Return ``ours / theirs``; None where one of them was not measured."""
    return None if not theirs or ours is None else ours / theirs


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of each round, in which both saw the same machine."""
    return statistics.median(mine / its for mine, its in zip(ours, theirs, strict=True))


def ratio_row(name: str, wanted: str, ours: Sequence[float], theirs: Sequence[float]
              ) -> list[dict[str, Any]]:
    """Return the row of the mean of the rounds' ratios with its standard error, or none.

    The error is None with one round; without any, there is no row.
    """
    ratios = [mine / its for mine, its in zip(ours, theirs, strict=True)]
    if not ratios:
        return []
    error = statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else None
    return [{"name": name, "ratio": statistics.mean(ratios), "error": error, "wanted": wanted}]


def document(kind: str, found: Mapping[str, Mapping[str, list[float]]], rounds: int,
             **more: Any) -> dict[str, Any]:
    """Return the JSON document of a benchmark: the machine, medians, and every round's figures."""
    from dnne_ros.bench.machine import describe_machine

    return {"benchmark": kind, "rounds": rounds, "machine": describe_machine(),
            "medians": medians(found), "all_rounds": {case: dict(figures)
                                                      for case, figures in found.items()}, **more}
