"""JSON objects that the processes of one run say to each other on a topic."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dnne_ros.runtime.coordination.bus import Bus, Delivery
from dnne_ros.runtime.coordination.speakers import Incarnations, Speaker


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a run, as one of them sees it.

    ``run_id`` is the same in all of them and different in other runs.  ``leader`` is the one
    that decides when all save and when the run is over.  ``incarnations`` are the same on all
    topics of the process.
    """

    process: str
    others: tuple[str, ...] = ()
    leader: str = ""
    run_id: str = ""
    incarnations: Incarnations = field(default_factory=Incarnations, compare=False)

    @property
    def leads(self) -> bool:
        """Tell whether this process is the leader."""
        return self.process == self.leader


class RunChannel:
    """Talks to the other processes of the run only; without others, to nobody."""

    def __init__(self, bus: Bus, topic: str, delivery: Delivery, group: ProcessGroup,
                 on_message: Callable[[str, Mapping[str, Any]], None],
                 on_garbage: Callable[[str], None], *, listens: bool = True):
        """Call ``on_message(sender, content)`` for what one of ``group``'s others says.

        It raises ValueError, KeyError or TypeError for what means nothing; such a message, and
        one that is no JSON, is told to ``on_garbage``: anybody may publish here.  What is heard
        again changes nothing.  One that does not ``listen`` hears nobody.
        """
        self._group = group
        self._said = 0
        self._speakers = {process: Speaker(process, group.incarnations, not delivery.reliable)
                          for process in group.others}
        self._topic = topic
        self._on_message = on_message
        self._on_garbage = on_garbage
        self._publisher = bus.publisher(topic, delivery) if group.others else None
        if group.others and listens:
            bus.subscribe(topic, delivery, self._read)

    def say(self, say: str, **content: Any) -> None:
        """Tell the others; ``say`` is what it is about."""
        if self._publisher is not None:
            self._said += 1
            incarnations = self._group.incarnations
            self._publisher.publish(json.dumps({
                "run": self._group.run_id, "process": self._group.process,
                "incarnation": incarnations.own, "number": self._said,
                "known": incarnations.known, "say": say, **content}).encode())

    def flush(self, seconds: float) -> None:
        """Wait until the others have what was said last, at most ``seconds``."""
        if self._publisher is not None:
            self._publisher.flush(seconds)

    def _read(self, message: bytes) -> None:
        try:
            content = json.loads(message)
            sender = content["process"]
            if content["run"] == self._group.run_id and sender in self._group.others \
                    and self._speakers[sender].says_anew(content["incarnation"],
                                                         content["number"]):
                self._group.incarnations.learn(self._group.process, content["known"])
                self._on_message(sender, content)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._on_garbage(f"a message on {self._topic} means nothing: {error!r}")
