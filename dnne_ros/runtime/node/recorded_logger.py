"""A node's log, whose lines somebody may keep."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from rclpy.impl import rcutils_logger
from rclpy.impl.logging_severity import LoggingSeverity
from rclpy.impl.rcutils_logger import RcutilsLogger


class RecordedLogger(RcutilsLogger):
    """A logger of rclpy that tells which lines it has written."""

    def __init__(self, name: str):
        """Log as ``name``."""
        super().__init__(name)
        self.on_logged: Callable[[str], None] = lambda line: None
        """Called with each line, its severity first."""

    def log(self, message: str, severity: int | LoggingSeverity, *name: Any,
            **filters: Any) -> bool:
        """Log a message, unless its severity or its filters say otherwise.

        ``name``: Kilted's rclpy takes one, Jazzy's does not.
        """
        logged = super().log(message, severity, *name, **filters)
        if logged:
            self.on_logged(f"{LoggingSeverity(severity).name} {message}")
        return logged


# rclpy tells the calls of `once` and `throttle_duration_sec` apart by where they are: outside of
# these files, to which others may add theirs.
rcutils_logger._internal_callers.append(os.path.realpath(__file__))
