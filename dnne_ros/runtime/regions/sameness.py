"""Whether all is as it was when rounds were compiled: one question instead of one to each part.

To find rounds again by all that they depend on takes a call for each member and output; and in a
process that has slept, as a robot's does between two states, each call is one to the main memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Member
from dnne_ros.runtime.regions.round_source import Names, Written
from dnne_ros.transport.local_edge import LocalEdge


def sameness(members: Sequence[Member], outputs: Sequence[OutputPort],
             edges: Sequence[LocalEdge]) -> Callable[[], bool]:
    """Return what tells whether all of them are as they are now, and ``members`` at rest.

    Of ``outputs`` it is whether anybody else is to see their items, of ``edges`` whether items
    wait there, of members who records and what they gave last.
    """
    names, text = Names(), Written()
    changed = []
    for member in members:
        known, context = names.of(member), names.of(member.context)
        changed += [f"not {context}.may_answer",
                    f"{context}.traced_by is not {names.of(member.context.traced_by)}",
                    f"{known}.gives is not {names.of(member.gives)}"]
        if not member.pushed:
            changed.append(f"not {names.of(member.first.is_parked)}()")
    for output in outputs:
        known = names.of(output)
        changed.append(f"{known}.watchers or {known}.turns or {known}.breathes"
                       if output.is_unseen else f"{known}.is_unseen")
    for edge in edges:
        changed.append(f"{'not ' if edge.waiting() else ''}{names.of(edge.waiting)}()")
    text.add(0, "def go():")
    text.add(1, f"return not ({' or '.join(changed)})")
    return text.function(names)
