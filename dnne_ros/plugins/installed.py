"""What installed packages offer through their entry points."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from dnne_ros.errors import describe
from dnne_ros.plugins.interrupts import foreign_code
from dnne_ros.plugins.kinds import Kind

SOURCE = "entry points"
"""What errors about installed packages name."""


class InstalledPlugins:
    """What there is when this is made: looking through all packages takes longer than the rest."""

    def __init__(self) -> None:
        """Read the entry points of all installed packages; nothing is imported."""
        self._entries = entry_points()

    def add(self, kind: Kind, add: Callable[[Any], None]) -> list[str]:
        """Give every thing of a kind to ``add``, in the order of their entry points' names.

        Returns what is wrong: entry points that cannot give what they should, and ValueErrors of
        ``add``; each names the distribution that it came with.
        """
        problems = []
        for entry in sorted(self._entries.select(group=kind.group),
                            key=lambda entry: (entry.name, entry.value)):
            try:
                with foreign_code():
                    offered = entry.load()
                for thing in kind.offered_by(offered):
                    add(thing)
            except KeyboardInterrupt:  # Ctrl-C
                raise
            except BaseException as error:
                distribution = entry.dist.name if entry.dist is not None \
                    else "unknown distribution"
                problems.append(f"{distribution}: {kind.group}: {entry.name} = {entry.value}: "
                                f"{' '.join(describe(error).split())}")
        return problems
