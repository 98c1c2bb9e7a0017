"""The spans of checkpoints, from what a process tells its supervisor of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer


class CheckpointSpans:
    """A span for each checkpoint, of all the processes that write it."""

    def __init__(self, tracer: Tracer, graph: str, parent: Context | None):
        """Make spans of ``graph`` below ``parent``."""
        self._tracer = tracer
        self._about = {"dnne_ros.graph": graph}
        self._parent = parent
        self._span: Span | None = None

    def note(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take a message; see `dnne_ros.runtime.coordination.status`."""
        if kind == "saving":
            self._span = self._tracer.start_span("checkpoint", context=self._parent,
                                                 attributes=self._about)
        elif self._span is not None and kind in ("saved", "not_saved"):
            if kind == "saved":
                self._span.set_attribute("dnne_ros.directory", content["directory"])
            else:
                from opentelemetry.trace import StatusCode

                self._span.set_status(StatusCode.ERROR, content["reason"])
            self._span.end()
            self._span = None
