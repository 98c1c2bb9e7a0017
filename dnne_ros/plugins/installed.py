"""What installed packages offer through their entry points."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from dnne_ros.plugins.kinds import Kind

SOURCE = "entry points"
"""What errors about installed packages name."""


def add_installed(kind: Kind, add: Callable[[Any], None]) -> list[str]:
    """Give every thing of a kind that installed packages offer to ``add``.

    They come in the order of their entry points' names.  What an entry point cannot give, and a
    ValueError of ``add``, become problems; each names the distribution that it came with.
    """
    problems = []
    for entry in sorted(entry_points(group=kind.group),
                        key=lambda entry: (entry.name, entry.value)):
        try:
            for thing in kind.offered_by(entry.load()):
                add(thing)
        except (Exception, SystemExit) as error:
            distribution = entry.dist.name if entry.dist is not None else "unknown distribution"
            problems.append(f"{distribution}: {kind.group}: {entry.name} = {entry.value}: "
                            f"{type(error).__name__}: {error}")
    return problems
