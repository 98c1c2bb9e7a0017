"""Counts what whole rounds have moved: one function instead of a call for each output and edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Member
from dnne_ros.runtime.regions.round_source import Names, Written
from dnne_ros.transport.local_edge import LocalEdge

Count = Callable[[int, float], None]


def counting(members: Sequence[Member], passed: Sequence[OutputPort], taken: Sequence[LocalEdge]
             ) -> Count:
    """Return ``count(made, seconds)``, which counts so many rounds of so many seconds each.

    ``passed`` are the outputs whose values went to their consumers as they are, ``taken`` the
    edges from elsewhere.  Those to elsewhere come last: they may let others make rounds of theirs.
    """
    own = {edge for member in members for edge in member.inputs}
    ahead = {edge for member in members[1:] for edge in member.inputs}
    names, text = Names(), Written()
    text.add(0, "def go(made, seconds):")
    given: list[str] = []
    for output in passed:
        text.add(1, f"{names.of(output, 'output')}.sent += made")
        for edge in output.edges:
            if edge not in own:
                given.append(f"{names.of(edge.note_given, 'given')}(made)")
                continue
            stats = names.of(edge.stats, "stats")
            known = names.of(edge, "edge")
            behind = f"{names.of(edge.waiting, 'waiting')}() * seconds" if edge in ahead else "0.0"
            text.add(1, f"{stats}.received += made",
                     f"{stats}.sent = sent = {stats}.sent + made",
                     f"if sent >= {known}.sample_at: {known}.sample({behind})")
    for edge in taken:
        text.add(1, f"{names.of(edge.note_taken, 'taken')}(made)")
    for member in members:
        if member.ports:
            text.add(1, f"{names.of(member.context, 'context')}.items "
                        f"+= {len(member.ports)} * made")
    text.add(1, *given, "return")
    return text.function(names)
