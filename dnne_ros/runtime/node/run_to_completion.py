"""Answers an item in the call that brings it, instead of waking the node's coroutine.

A message that a subscription brings goes through all nodes that can answer it and out
again before the event loop turns.  The coroutine of each node goes on waiting meanwhile, as if
nothing had come.  Whatever does not allow that wakes it, and it does the same: another round that
waits, an edge without room, a deadline that is watched, a node that is in the middle of a round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic_ns
from typing import TYPE_CHECKING

from dnne_ros.node_api.answering import AnswerItems
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.tracing.ports import TracedInput, TracedOutput
from dnne_ros.transport.local_edge import LocalEdge

if TYPE_CHECKING:
    from dnne_ros.runtime.node.context import HostContext

_DEEPEST = 20
"""Nodes that answer each other in one call; more would fill Python's stack."""


class RunToCompletion:
    """Answers rounds of one node."""

    _depth = 0

    def __init__(self, context: HostContext, inputs: Mapping[str, LocalEdge],
                 outputs: Mapping[str, OutputPort], answer: AnswerItems):
        """Call ``answer`` with an item of each of ``inputs``; it returns some of ``outputs``."""
        self._context = context
        self._inputs = inputs
        self._first, *self._others = inputs.values()
        self._outputs = outputs
        self._answer = answer
        self._busy = False

    def start(self) -> None:
        """Answer from now on."""
        self._first.call_when_awaited(self._try)

    def stop(self) -> None:
        """Leave everything to the node."""
        self._first.call_when_awaited(None)

    def _try(self) -> bool:
        """Answer the round that an item of the first input has made whole; false: it cannot be.

        A round begins with the first input: while the node waits there, it holds no other item.
        """
        if self._busy or not self._context.may_answer or RunToCompletion._depth >= _DEEPEST \
                or asyncio.current_task() is not None:
            return False
        for source in self._others:
            if not source.waiting():
                return False
        for output in self._outputs.values():
            if not output.has_room:
                return False
        self._busy = True
        RunToCompletion._depth += 1
        try:
            self._answer_round()
        except BaseException as error:  # for the node, whose coroutine it ends as any other
            self._first.fail(_raisable(error))
        finally:
            RunToCompletion._depth -= 1
            self._busy = False
        return True

    def _answer_round(self) -> None:
        if self._context.glances is not None:
            self._answer_seen(*self._context.glances)
            return
        items = [source.take_now() for source in self._inputs.values()]
        self._context.items += len(items)
        for port, value in (self._answer(*items) or {}).items():
            self._outputs[port].send_now(value)

    def _answer_seen(self, inputs: Mapping[str, TracedInput], outputs: Mapping[str, TracedOutput]
                     ) -> None:
        """Answer while somebody records what goes through the ports."""
        items = []
        for port, source in self._inputs.items():
            items.append(source.take_now())
            inputs[port].note_taken()
        self._context.items += len(items)
        for port, value in (self._answer(*items) or {}).items():
            began = monotonic_ns()
            self._outputs[port].send_now(value)
            outputs[port].note_sent(value, began)


def _raisable(error: BaseException) -> BaseException:
    """Return what a future can hold in the place of ``error``."""
    if not isinstance(error, StopIteration):
        return error
    raised = RuntimeError("answer raised StopIteration")
    raised.__cause__ = error
    return raised
