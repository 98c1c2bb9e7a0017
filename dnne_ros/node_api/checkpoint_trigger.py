"""When a training node wants a checkpoint written."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from dnne_ros.node_api.widget import Widget

TRIGGER_TYPES = ("epoch", "time", "best_metric")

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")


def parse_duration(text: str) -> float:
    """Return the seconds that ``text`` means: ``90``, ``90s``, ``5m``, ``1h30m``, ``1d``.

    Raises ValueError when it means none, or none above zero.
    """
    text = text.strip().lower().replace(" ", "")
    if _DURATION.fullmatch(text):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    else:
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(f"expected a duration such as 90s, 5m or 1h30m, found {text!r:.40}")
    return seconds


class CheckpointTrigger:
    """Decides at each epoch's end: every N epochs, every so often, or when a metric improves."""

    def __init__(self, type: str, value: str, clock: Callable[[], float] = time.monotonic):
        """Take the widgets ``checkpoint_trigger_type`` and ``checkpoint_trigger_value``.

        ``epoch`` takes a whole number, ``time`` a duration, ``best_metric`` ``max`` or ``min``
        (the highest score or the lowest loss), or the least improvement of the score that counts
        (0 or empty: any).  Raises ValueError if the value is not one.
        """
        self.type = type
        self._clock = clock
        self._last = clock()
        self.best: float | None = None
        self.wants_lowest = False
        """It goes by the loss, of which less is better, rather than by the score."""
        if type == "epoch":
            if not re.fullmatch(r"[1-9]\d{0,17}", value.strip()):
                raise ValueError(f"expected a number of epochs of at least 1, found {value!r:.40}")
            self._every: float = int(value)
        elif type == "time":
            self._every = parse_duration(value)
        elif type == "best_metric":
            self._every = _least_improvement(value)
            self.wants_lowest = value.strip().lower() == "min"
        else:
            raise ValueError(f"expected one of {', '.join(TRIGGER_TYPES)}, found {type!r:.40}")

    @property
    def keeps_best(self) -> bool:
        """Tell whether the checkpoint is the best so far rather than the newest."""
        return self.type == "best_metric"

    def due(self, epoch: int, metric: float | None) -> bool:
        """Tell whether to save now; a True answer starts the next interval.

        ``metric``: the loss for one that `wants_lowest`, for the others the score.
        """
        if self.type == "epoch":
            return epoch % self._every == 0
        if self.type == "time":
            if self._clock() - self._last < self._every:
                return False
            self._last = self._clock()
            return True
        if metric is None or math.isnan(metric):
            return False
        if self.best is not None:
            gain = self.best - metric if self.wants_lowest else metric - self.best
            if gain <= self._every:
                return False
        self.best = metric
        return True


def _least_improvement(value: str) -> float:
    text = value.strip().lower()
    try:
        least = 0.0 if text in ("", "max", "min") else float(text)
    except ValueError:
        least = -1.0
    if not 0 <= least < float("inf"):
        raise ValueError("expected max, min or the least improvement as a number of at least 0, "
                         f"found {value!r:.40}")
    return least


def checkpoint_widgets(default: str, enabled: bool = False) -> tuple[Widget, Widget, Widget]:
    """Return the three checkpoint widgets that training nodes share."""
    return (
        Widget(enabled, "Write checkpoints during training (needs --save-checkpoint-dir)."),
        Widget("epoch", "What triggers a checkpoint.", choices=TRIGGER_TYPES),
        Widget(default, "Epochs, a duration such as 1h30m, or, for best_metric: max, min or the "
                        "least improvement."),
    )


def trigger_problems(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a node's widgets of `checkpoint_widgets`; [] if nothing."""
    try:
        CheckpointTrigger(values["checkpoint_trigger_type"], values["checkpoint_trigger_value"])
    except ValueError as error:
        return [f"widget 'checkpoint_trigger_value': {error}"]
    return []
