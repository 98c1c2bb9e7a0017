"""A graph whose edges tools see, and do not, in turns of a fraction of a second.

Run as a command, this is a ``graph_host``: see `dnne_ros.bench.recorded_run`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dnne_ros.bench.edge_drawing import AGAIN, AWAY, SHOWN
from dnne_ros.bench.recorded_run import Turns, main
from dnne_ros.runtime.edges import wiring
from dnne_ros.runtime.edges.public_topic import DrawnEdge


class Drawn(DrawnEdge):
    """An edge that may be away for a while."""

    made: list[Drawn] = []

    def __init__(self, *given: Any) -> None:
        """Be there, as any."""
        self._given = given
        super().__init__(*given)
        Drawn.made.append(self)

    def show(self) -> None:
        """Be there again."""
        super().__init__(*self._given)


class DrawnTurns(Turns):
    """Has edges shown and away, and measures."""

    ways = (SHOWN, AWAY, AGAIN)

    @contextmanager
    def recorded(self, what: str) -> Iterator[None]:
        """Take the edges away, unless they are to be shown."""
        if what != SHOWN:
            for edge in Drawn.made:
                edge.close()
        try:
            yield
        finally:
            if what != SHOWN:
                for edge in Drawn.made:
                    edge.show()


if __name__ == "__main__":
    wiring.DrawnEdge = Drawn  # type: ignore[attr-defined,assignment]  # what edges are made by
    sys.exit(main(DrawnTurns))
