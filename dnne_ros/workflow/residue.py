"""What editors leave behind in files and nothing depends on: worth a warning, not a refusal."""

from __future__ import annotations

import logging

from dnne_ros.errors import Problems, printable

LOG = logging.getLogger(__name__)


def note(problems: Problems, message: str) -> None:
    """Warn of something harmless in the file that ``problems`` are collected for."""
    LOG.warning("%s", printable(f"{problems.source}: {message}"))
