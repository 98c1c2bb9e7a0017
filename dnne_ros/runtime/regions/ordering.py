"""In which order the members of a region make a round."""

from __future__ import annotations

from collections.abc import Container, Sequence

from dnne_ros.runtime.regions.member import Member
from dnne_ros.transport.local_edge import LocalEdge


def ordered(members: Sequence[Member], late: Container[LocalEdge]) -> list[Member]:
    """Return ``members`` such that who takes an item of the round before goes as early as it may.

    On ``late`` edges such items wait.  Otherwise each comes behind those from which it takes, and
    the order stays, as it does where priorities tell.  So the older work is done first, for which
    others may wait: an agent does for what a trainer makes of its last action.
    """
    order: list[Member] = []
    for member in members:
        place = len(order)
        if any(edge in late for edge in member.inputs):
            needed = {edge for edge in member.inputs if edge not in late}
            while place > 1 and _may_go_after(order[place - 1], member, needed, late):
                place -= 1
        order.insert(place, member)
    return order


def _may_go_after(other: Member, member: Member, needed: Container[LocalEdge],
                  late: Container[LocalEdge]) -> bool:
    return other.context.priority <= member.context.priority \
        and not any(edge in late for edge in other.inputs) \
        and not any(edge in needed for output in other.outputs.values() for edge in output.edges)
