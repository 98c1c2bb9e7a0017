"""A run that was asked for in the editor: what is known of it, from its queueing to its end."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from dnne_ros.editor.drawn_graph import DrawnGraph

_MOST_LINES = 2_000
_MOST_POINTS = 4_000
_LAST_LINES = 20
_INTERRUPTED = "interrupted"
"""Why a run ended that somebody has stopped."""


class State(Enum):
    """Where a run is."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more comes."""
        return self in (State.ENDED, State.STOPPED, State.FAILED)


@dataclass
class Run:
    """A run; times are seconds since the epoch.  ``curve`` has what a trainer reported."""

    number: int
    drawn: DrawnGraph
    words: Sequence[str]
    duration: float | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: State = State.QUEUED
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    reason: str = ""
    failure: str = ""
    failed_node: str = ""
    """The node of the drawing that failed, if one is known to."""
    checkpoint: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    curve: list[dict[str, float]] = field(default_factory=list)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))

    def note(self, message: dict[str, Any]) -> None:
        """Take what the run tells (`dnne_ros.cli.status_lines`)."""
        kind = message.get("kind")
        if kind == "running" and self.state is State.STARTING:
            self.state, self.started = State.RUNNING, time.time()
        elif kind == "progress":
            self._note_progress(message["metrics"])
        elif kind == "saved":
            self.checkpoint = str(message["directory"])
        elif kind == "error":
            self._blame(str(message["message"]))
        elif kind == "ended":
            self.reason = str(message["reason"])
            self.failure = str(message["failure"] or message["checkpoint_error"] or "")
            self._blame(self.failure)

    def end(self, code: int) -> None:
        """Note that the command has left with an exit code."""
        self.ended = time.time()
        # From elsewhere too: the dashboard, a person at a terminal.
        asked = self.state is State.STOPPING or self.reason == _INTERRUPTED
        self.state = State.ENDED if code == 0 else State.STOPPED if asked and not self.failure \
            else State.FAILED
        if self.state is State.FAILED and not self.failure:
            self.failure = "\n".join(list(self.lines)[-_LAST_LINES:]) or f"exit code {code}"

    @property
    def last_lines(self) -> list[str]:
        """Return what it has written last."""
        return list(self.lines)[-_LAST_LINES:]

    @property
    def expected_end(self) -> float | None:
        """Return when it ends by its time limit, if it has one."""
        if self.started is None or self.duration is None:
            return None
        return self.started + self.duration

    def _note_progress(self, metrics: dict[str, Any]) -> None:
        self.metrics.update(metrics)
        done = metrics.get("completed_epoch")
        figures = {**metrics, **done} if isinstance(done, dict) else metrics
        point = {name: float(figures[name])
                 for name in ("env_steps", "epoch", "mean_return", "loss", "accuracy")
                 if isinstance(figures.get(name), (int, float))}
        if len(point) > 1:
            self.curve.append(point)
        if len(self.curve) > _MOST_POINTS:  # half as many say the same over the same time
            self.curve = self.curve[::2]

    def _blame(self, message: str) -> None:
        """Find out which node a message is about, which names it first, or lists it."""
        names = self.drawn.id_of
        first = message.partition(":")[0].partition(" ")[0].rpartition("/")[2]
        listed = message.partition("(nodes ")[2].partition(")")[0].split(", ")
        node = next((names[name] for name in (first, *listed) if name in names), "")
        if node and not self.failed_node:
            self.failed_node = self.drawn.shown_at[node]
