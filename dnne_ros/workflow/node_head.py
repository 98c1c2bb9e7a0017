"""What both formats know of a node before its inputs are read: who it is, and its signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.signature import NodeSignature

BIGGEST_ID = 2 ** 63


@dataclass(frozen=True)
class NodeHead:
    """A node's identity; ``signature`` is None for a type that nobody knows."""

    id: str
    type: str
    title: str
    signature: NodeSignature | None

    @property
    def declared(self) -> str:
        """Return the node type's own name where ``type`` means another in most files, else ''."""
        known = self.signature
        return known.type if known is not None and known.is_namesake else ""

    def report(self, problems: Problems, message: str, port: str | None = None) -> None:
        """Note a problem of this node."""
        problems.add(message, node=self.id, type=self.type, title=self.title, port=port)

    def __str__(self) -> str:
        return f"node {self.id} ({self.type})" if self.type else f"node {self.id}"


def read_id(value: Any) -> str | None:
    """Return an id as text, or None for what cannot be one."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < BIGGEST_ID:
        return str(value)
    return None


def read_slot(value: Any) -> int | None:
    """Return a slot index, or None for what cannot be one."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < BIGGEST_ID:
        return value
    return None
