"""Which of a run's processes are alive: each says so once a second.

A process that was killed stays in the ROS graph for many seconds, and a stopped one for ever, so
neither can be told from a slow one there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dnne_ros.runtime.coordination.bus import Bus, Delivery
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.coordination.run_channel import ProcessGroup, RunChannel

TOPIC = "_alive"
MAKING, STARTING, READY, RUNNING = "making", "starting", "ready", "running"
_STATES = (MAKING, STARTING, READY, RUNNING)
_SLEPT_SECONDS = 1.0
_DELIVERY = Delivery(reliable=False, kept=0, queue=1000)


class Heartbeat:
    """Says that this process is alive and how far it is, and knows the same of the others."""

    def __init__(self, bus: Bus, group: ProcessGroup, silence: float,
                 now: Callable[[], float] = time.monotonic, pause: Pause | None = None):
        """Take another process for gone after ``silence`` seconds without a word.

        ``now()``: seconds.  What is known of ``pause`` goes along.
        """
        self._pause = pause or Pause(group.process)
        self._silence = silence
        self._now = now
        self._heard = dict.fromkeys(group.others, 0.0)
        self._state = dict.fromkeys(group.others, "")
        self.own_part: list[Any] | None = None
        """JSON values that go along with each sign of life: what our nodes wait for."""
        self.parts: dict[str, Any] = dict.fromkeys(group.others)
        """What the others said last of theirs."""
        self.last_making = -math.inf
        """When one of the others said last that its nodes are still being made."""
        self._absent: set[str] = set()
        self._looked = 0.0
        # A stranger's word on our topic is no sign of life, and not worth a word either.
        self._channel = RunChannel(bus, TOPIC, _DELIVERY, group, self._on_beat, lambda _: None)

    def beat(self, state: str) -> None:
        """Tell the others: still ``making`` its nodes, ``starting``, ``ready``, or ``running``.

        Who is ``starting`` looks for the others; who is ``ready`` could start its nodes.
        """
        self._channel.say(state, waits=self.own_part, pause=self._pause.say())

    def not_ready(self) -> list[str]:
        """Return the processes that have not said that they are ready."""
        return [process for process, state in self._state.items()
                if state not in (READY, RUNNING)]

    def silent(self, process: str, seconds: float) -> bool:
        """Tell whether another process has given no sign of life for so many seconds."""
        return self._heard[process] < self._now() - seconds

    @property
    def someone_runs(self) -> bool:
        """Tell whether the run has begun already, elsewhere."""
        return RUNNING in self._state.values()

    def absent(self, processes: Iterable[str]) -> bool:
        """Tell whether all of ``processes`` had fallen silent when it was last looked."""
        return self._absent.issuperset(processes)

    def start(self) -> None:
        """Count from now on: nobody is late before everybody has started."""
        self._looked = self._now()
        self._heard = dict.fromkeys(self._heard, self._looked)

    def changes(self) -> tuple[list[str], list[str]]:
        """Return the processes that have fallen silent since the last call, and those back."""
        now = self._now()
        slept, self._looked = now - self._looked, now
        if slept > _SLEPT_SECONDS:  # it was us: what the others said waits to be read
            self._heard = {process: heard + slept - _SLEPT_SECONDS
                           for process, heard in self._heard.items()}
        silent = {process for process, heard in self._heard.items()
                  if heard < now - self._silence}
        gone, back = sorted(silent - self._absent), sorted(self._absent - silent)
        self._absent = silent
        return gone, back

    def _on_beat(self, process: str, content: Mapping[str, Any]) -> None:
        state = content["say"]
        if state not in _STATES:
            raise ValueError(f"no state of a process: {state!r:.40}")
        self._heard[process] = self._now()
        self._state[process] = state
        if state == MAKING:
            self.last_making = self._now()
        self.parts[process] = content.get("waits")
        self._pause.hear(content["pause"])
