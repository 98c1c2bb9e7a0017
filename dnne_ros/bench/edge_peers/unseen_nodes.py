"""Two pairs of nodes in one process that take turns: one of them cannot be seen from outside.

Run as a command, this is a ``graph_host`` in which the outputs of types named ``Unseen…`` are
made as if there were nothing outside: so the same process measures both, a moment apart.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from typing import Any

from dnne_ros.bench.edge_peers.ours_nodes import Ping, Pong

_TURN = asyncio.Lock()
_PAIRS = 2
_ended: list[str] = []


class SeenPing(Ping):
    """Serve in turn with the other pair."""

    _has_turn = False

    async def begin(self) -> None:
        """Let the other pair do the same before."""
        if self._has_turn:
            _TURN.release()
        await _TURN.acquire()
        self._has_turn = True

    async def end(self) -> None:
        """Leave the turn to the other pair; the last one ends the run."""
        _TURN.release()
        _ended.append(self.context.name)
        if len(_ended) == _PAIRS:
            await super().end()


class SeenPong(Pong):
    """Return what comes."""


class UnseenPing(SeenPing):
    """Serve without a topic."""


class UnseenPong(Pong):
    """Return without a topic."""


def main() -> int:
    """Run a ``graph_host`` whose unseen nodes have no publishers."""
    from dnne_ros.hosting.host import main as host
    from dnne_ros.runtime.edges import wiring
    from dnne_ros.runtime.edges.output_port import OutputPort

    class Output(OutputPort):
        def __init__(self, *given: Any, **named: Any):
            arguments = inspect.signature(super().__init__).bind(*given, **named)
            if "/unseen_" in arguments.arguments["topic"].name:
                arguments.arguments.update(topic=None, codec=None)
            super().__init__(*arguments.args, **arguments.kwargs)

    # The name that wiring makes outputs by; mypy is right that this is none of its exports.
    wiring.OutputPort = Output  # type: ignore[attr-defined]
    return host()


if __name__ == "__main__":
    sys.exit(main())
