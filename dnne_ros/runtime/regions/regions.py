"""The regions of one process, as its nodes begin and end to answer items."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from dnne_ros.graph.graph import Graph
from dnne_ros.placement.regions import regions_of
from dnne_ros.runtime.priorities import NONE, Priorities
from dnne_ros.runtime.regions.member import Giver, Member
from dnne_ros.runtime.regions.pushed import PushedRegion
from dnne_ros.runtime.regions.region import Region

OFF = "DNNE_ROS_NO_COMPILE"
"""A variable that is as ``--no-compile`` for whatever is started with it."""


class Regions:
    """Draws them anew when that changes, or somebody looks at a node more closely."""

    def __init__(self, graph: Graph, compiled: bool, priorities: Priorities = NONE):
        """Merge nodes of ``graph``; not ``compiled``: each is a region of its own.

        Which of them goes first, ``priorities`` say.
        """
        self._priorities = priorities
        self._graph = graph
        self._compiled = compiled
        self._members: dict[Member, None] = {}
        self._regions: list[Region] = []
        self._redrawing: asyncio.Handle | None = None

    def join(self, member: Member) -> None:
        """Let a member answer items from now on."""
        self._members[member] = None
        if not member.context.cuts:
            self.redraw()

    def leave(self, member: Member) -> None:
        """Do without a member, whose coroutine has ended."""
        del self._members[member]
        for region in self._regions:
            if member in region.members:
                region.dissolve()
                self._regions.remove(region)
                self.redraw()
                return

    def redraw(self) -> None:
        """Draw the regions anew, before anything else happens in the event loop's next turn."""
        if self._redrawing is None and self._members:
            self._redrawing = asyncio.get_running_loop().call_soon(self._draw)

    def _draw(self) -> None:
        self._redrawing = None
        free = [member for member in self._members if not member.context.cuts]
        drawn = {tuple(members) for members in regions_of(self._graph, free)} \
            if self._compiled else {(member,) for member in free}
        drawn = {members for members in drawn if len(members) > 1 or not members[0].pushed}
        # A giver alone calls nobody: what it gives goes through its ports, on the shortest way.
        kept = [region for region in self._regions if region.members in drawn]
        for region in self._regions:
            if region not in kept:
                region.dissolve()
        new = [self._region(members)
               for members in drawn - {region.members for region in kept}]
        self._regions = kept + new
        for region in new:
            region.start()

    def _region(self, members: Sequence[Member]) -> Region:
        context = self._priorities.context_of(*(each.node for each in members))
        first = members[0]
        if isinstance(first, Giver):
            return PushedRegion(first, members, context)
        return Region(members, context)
