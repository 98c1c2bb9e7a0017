"""Which nodes would go faster in a process of their own: the recorded steps, placed otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dnne_ros.tracing.analysis import MOST_STEPS, last_step
from dnne_ros.tracing.critical_path import WORK, Part, critical_path
from dnne_ros.tracing.dependencies import Dependencies
from dnne_ros.tracing.loops import pace_nodes
from dnne_ros.tracing.trace import Trace
from dnne_ros.tracing.what_if import Replay

MAIN = "main"
WORTH = 0.05
"""Less than this much more is not worth another process."""
_STEP_WORTH = 0.01
_MOST_CANDIDATES = 12
_LEAST_LEFT = 1e-3
_CROSSING_NS, _NS_PER_BYTE = 40_000, 0.5


@dataclass(frozen=True)
class Suggestion:
    """A placement, by process, and how much more would go through: 0.5 is half more.

    ``apart``: the nodes that leave the others, in the order of what that brings.
    """

    processes: Mapping[str, tuple[str, ...]]
    gain: float
    apart: tuple[tuple[str, ...], ...]


def candidates(trace: Trace, bound: Sequence[Sequence[str]], cores: int, most: int = 4
               ) -> Sequence[Mapping[str, tuple[str, ...]]]:
    """Return placements that are worth a trial, the most promising first.

    What is predicted is not what comes; so beside the one that `suggest` would take, if any, there
    are those with one of the nodes that work most apart from the rest, and with the first two.
    """
    recent = Dependencies(trace.recent(MOST_STEPS))
    if not recent.steps or len(bound) < 2 or cores < 2:
        return []
    path = critical_path(recent, last_step(recent, pace_nodes(trace)[0]))
    busiest = sorted((tuple(group) for group in bound), reverse=True, key=lambda group: sum(
        path.shares[Part(WORK, node)] for node in group))
    suggestion = suggest(trace, bound, cores)
    apart = [list(suggestion.apart)] if suggestion is not None else []
    apart += [[group] for group in busiest[:most]]
    if cores > 2 and len(bound) > 2:
        apart.insert(len(apart) - most + 1, busiest[:2])
    found = (_processes(bound, groups) for groups in apart)
    distinct = {tuple(sorted(placed.values())): placed for placed in reversed(list(found))}
    return list(reversed(distinct.values()))[:most]


def suggest(trace: Trace, bound: Sequence[Sequence[str]], cores: int) -> Suggestion | None:
    """Return a placement that brings more than the one that was recorded, if any seems to.

    ``bound``: the nodes that must share a process, by name; no more processes than ``cores``.
    """
    recent = Dependencies(trace.recent(MOST_STEPS))
    if not recent.steps or not bound:
        return None
    end = last_step(recent, pace_nodes(trace)[0])
    replay = Replay(recent, end)
    path = critical_path(recent, end)
    shares = {tuple(group): sum(path.shares[Part(WORK, node)] for node in group) / path.length
              for group in bound}
    candidates = sorted(shares, key=lambda group: -shares[group])[:_MOST_CANDIDATES]
    apart: list[tuple[str, ...]] = []
    best = _gain(replay, bound, apart)  # all in one process

    def gain(groups: list[tuple[str, ...]]) -> float:
        # What leaves can bring no more than if it took no time at all.
        left = max(_LEAST_LEFT, 1.0 - sum(shares[group] for group in groups))
        return min(_gain(replay, bound, groups), 1.0 / left - 1.0)

    while len(apart) + 1 < min(cores, len(bound)):
        gains = {group: gain([*apart, group]) for group in candidates if group not in apart}
        group = max(gains, key=lambda each: gains[each], default=None)
        if group is None or gains[group] < best + _STEP_WORTH:
            break
        best = gains[group]
        apart.append(group)
    if best < WORTH:
        return None
    return Suggestion(_processes(bound, apart), best, tuple(apart))


def _gain(replay: Replay, bound: Sequence[Sequence[str]], apart: Sequence[Sequence[str]]) -> float:
    placed = {node: name for name, nodes in _processes(bound, apart).items() for node in nodes}
    return replay.placed(placed, _crossing)


def _processes(bound: Sequence[Sequence[str]], apart: Sequence[Sequence[str]]
               ) -> dict[str, tuple[str, ...]]:
    rest = tuple(node for group in bound if tuple(group) not in apart for node in group)
    return {**({MAIN: rest} if rest else {}), **{group[0]: tuple(group) for group in apart}}


def _crossing(size: int) -> int:
    """Return for how many ns an item of so many bytes keeps its sender busy, and its receiver.

    `dnne-ros bench edges` measures a third of a millisecond for a round trip of small ones.
    """
    return _CROSSING_NS + round(_NS_PER_BYTE * size)
