"""A node's log, in the hands of a test."""

from __future__ import annotations


class RecordedLog:
    """Keeps what a node logs."""

    def __init__(self) -> None:
        """Begin empty."""
        self.lines: list[tuple[str, str]] = []
        """Level and message, in order."""

    def info(self, message: str) -> None:
        """Keep a message."""
        self.lines.append(("info", message))

    def warning(self, message: str) -> None:
        """Keep a warning."""
        self.lines.append(("warning", message))

    def error(self, message: str) -> None:
        """Keep an error."""
        self.lines.append(("error", message))
