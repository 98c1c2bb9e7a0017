"""What sets the pace: the chain of steps of which each waited for the one before.

It is found from its end: what the last step waited for, what that one waited for, and so on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dnne_ros.tracing.dependencies import Dependencies, Step
from dnne_ros.tracing.ring import Kind

WORK, EDGE, REST, OUTSIDE = "work", "edge", "rest", "outside"
"""What time goes into: a node's work, an edge, a node's own rest, what is outside the graph."""


@dataclass(frozen=True, order=True)
class Part:
    """Something that takes time: the work of the node ``name``, say."""

    kind: str
    name: str


@dataclass
class CriticalPath:
    """How much of the time each part sets the pace, in ns; ``length`` is all of it.

    ``pieces`` are the path, the latest first: (part, since, until).
    """

    length: int = 0
    shares: Counter[Part] = field(default_factory=Counter)
    pieces: list[tuple[Part, int, int]] = field(default_factory=list)

    def add(self, part: Part, since: int, until: int) -> None:
        """Put a piece before those that are there."""
        if until > since:
            self.shares[part] += until - since
            self.pieces.append((part, since, until))
            self.length += until - since


def critical_path(dependencies: Dependencies, end: int) -> CriticalPath:
    """Return the path that leads to the step of number ``end``, as far back as is recorded."""
    path = CriticalPath()
    number: int | None = end
    while number is not None:  # each step waited for an earlier one
        number = _follow(dependencies, path, dependencies.steps[number])
    return path


def _follow(dependencies: Dependencies, path: CriticalPath, step: Step) -> int | None:
    """Add a step to the path and return the one that it waited for."""
    act = step.act
    if step.late and step.cause is not None:
        _add_way(dependencies, path, step, Part(EDGE, step.edge),
                 dependencies.steps[step.cause].ends, step.ends)
        return step.cause
    if act.kind is Kind.RESTED:
        part = Part(REST, step.node)
    elif step.edge and not act.waited:
        part = Part(EDGE, step.edge)
    else:  # an item from outside, or one whose other end was not recorded
        part = Part(OUTSIDE if act.waited or act.kind is Kind.WAITED else WORK, step.node)
    _add_way(dependencies, path, step, part, step.begins, step.ends)
    own = Part(OUTSIDE if step.node in dependencies.outside else WORK, step.node)
    _add_way(dependencies, path, step, own, step.since, step.begins)
    if step.training is not None:
        training = step.training
        path.add(Part(WORK, training.node), training.began, training.ended)
        return training.after
    if step.before is None and step.cause is not None:  # the node has begun later than others
        _add_way(dependencies, path, step, Part(EDGE, step.edge),
                 dependencies.steps[step.cause].ends, step.since)
        return step.cause
    return step.before


def _add_way(dependencies: Dependencies, path: CriticalPath, step: Step, part: Part, since: int,
             until: int) -> None:
    """Add a time on the way to a step: that of ``part``, but for who held the thread."""
    for hold in reversed(dependencies.others(step, since, until)):
        path.add(part, hold.until, until)
        path.add(Part(WORK, hold.node), hold.since, hold.until)
        until = hold.since
    path.add(part, since, until)
