"""Which of several nodes goes first that have something to do in the same turn of the event loop.

asyncio calls what is ready in the order in which it became so.  Where nodes have priorities, what
is ready when a turn begins is called in the order of these; what becomes ready meanwhile is for
the next turn.  So each node that is ready gets on once a turn, and none starves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from dnne_ros.transport.breathing import TURN_SECONDS

if TYPE_CHECKING:
    from asyncio import Handle

    from dnne_ros.graph.graph import GraphNode

_PRIORITY: ContextVar[int] = ContextVar("priority", default=0)
_SHORT_TURN = 0.001
"""For how long a node keeps the loop, about, where others of its process go before it."""


class Priorities:
    """Those of the nodes of one process."""

    def __init__(self, nodes: Iterable[GraphNode]):
        """Know ``nodes``."""
        self._of: Mapping[str, int] = {node.id: node.priority for node in nodes}
        self._highest = max(self._of.values(), default=0)

    @property
    def differ(self) -> bool:
        """Tell whether some go before others."""
        return len(set(self._of.values())) > 1

    def context_of(self, *ids: str) -> Context | None:
        """Return the context in which to run some nodes, as the first of them asks for.

        None: any, as all are equal.
        """
        if not self.differ:
            return None
        highest = max(self._of[id] for id in ids)
        context = copy_context()
        context.run(_PRIORITY.set, highest)
        if highest < self._highest:
            context.run(TURN_SECONDS.set, _SHORT_TURN)
        return context


NONE = Priorities(())
"""Of nodes that are all equal."""


class ReadyByPriority:
    """What an event loop has to call, in the place of the queue that asyncio keeps it in."""

    def __init__(self, ready: Iterable[Handle] = ()):
        """Begin with what is ``ready``."""
        self._came: deque[Any] = deque(ready)
        self._turn: deque[Any] = deque()
        self.append = self._came.append

    def popleft(self) -> Any:
        """Return what is to be called next; a turn begins when the one before is through.

        asyncio counts what is there when a turn begins, and takes so many.
        """
        if not self._turn:
            came = [self._came.popleft() for _ in range(len(self._came))]
            self._turn.extend(sorted(came, key=_place) if len(came) > 1 else came)
        return self._turn.popleft()

    def __len__(self) -> int:
        return len(self._came) + len(self._turn)

    def clear(self) -> None:
        """Forget all."""
        self._came.clear()
        self._turn.clear()


def _place(handle: Any) -> int:
    priority: int = handle._context.get(_PRIORITY, 0)  # that of the task, for who resumes one
    return -priority
