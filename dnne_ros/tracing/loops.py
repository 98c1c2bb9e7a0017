"""Which nodes of a trace stand in a loop, and where its pace is best seen."""

from __future__ import annotations

from collections import defaultdict

from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.trace import Trace


def loops(trace: Trace) -> list[set[str]]:
    """Return the sets of nodes that lead to each other, by edges that items went along.

    An edge of which one item alone was taken starts a loop or hands a handle over: it is none.
    """
    following: dict[str, set[str]] = defaultdict(set)
    for edge in trace.edges.values():
        taken = sum(act.kind is Kind.TAKEN and act.port == edge.target[1]
                    for act in trace.acts.get(edge.target[0], ()))
        if taken > 1:
            following[edge.source[0]].add(edge.target[0])
    reached = {node: _reached(node, following) for node in trace.acts}
    found: list[set[str]] = []
    for node, nodes in reached.items():
        loop = {other for other in nodes if node in reached.get(other, ())}
        if node in loop and loop not in found:
            found.append(loop)
    return sorted(found, key=len, reverse=True)


def pace_nodes(trace: Trace) -> tuple[list[str], bool]:
    """Return the nodes at whose last step the critical path ends, and whether they are a loop.

    They are those of the largest loop; without one, that one of those that hand nothing on which
    takes the most items.
    """
    if found := loops(trace):
        return sorted(found[0]), True
    givers = {edge.source[0] for edge in trace.edges.values()}
    ends = {node: sum(act.count for act in acts if act.kind is Kind.TAKEN)
            for node, acts in trace.acts.items() if acts and node not in givers}
    return [max(ends, key=lambda node: ends[node])] if ends else sorted(trace.acts), False


def _reached(start: str, following: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        for node in following[ahead.pop()] - reached:
            reached.add(node)
            ahead.append(node)
    return reached
