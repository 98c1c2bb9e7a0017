"""What a workflow file says, once its format is out of the way: nodes, links, values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PortRef:
    """A port of a node: the node's id in the file and the port's declared name."""

    node: str
    port: str

    def __str__(self) -> str:
        return f"{self.node}.{self.port}"


@dataclass(frozen=True)
class LinkRecord:
    """A link from an output to an input, virtual nodes (Reroute, …) already followed.

    Where only the values of a node say which ports it has, a port's name is the file's.  If that
    gives an output by its ``slot`` alone, the source's port is ``""``.
    """

    source: PortRef
    target: PortRef
    slot: int | None = None


OPTIONS = "dnne_ros"
"""Where a file says of a node what is no widget's value."""


@dataclass(frozen=True)
class NodeRecord:
    """A node as its author saved it.

    ``widgets`` holds only the values that the file gives, by declared widget name, unchecked.
    ``position`` and ``size`` are canvas pixels, x to the right and y down; None where the format
    has none.  ``options`` is the node's ``properties["dnne_ros"]`` object, in the API format its
    ``dnne_ros`` (edge policies, process).  ``declared`` is the node type's own name where ``type``
    means another in most files.
    """

    id: str
    type: str
    title: str = ""
    widgets: Mapping[str, Any] = field(default_factory=dict)
    position: tuple[float, float] | None = None
    size: tuple[float, float] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    declared: str = ""


@dataclass(frozen=True)
class GroupRecord:
    """A coloured frame on the canvas; decoration only."""

    title: str
    bounds: tuple[float, float, float, float]
    color: str | None = None


@dataclass(frozen=True)
class Workflow:
    """A whole file: the nodes that take part (muted and virtual ones are gone) and their links.

    ``cut`` has the inputs to which something is drawn that gives them nothing, each with the
    reason; '' where that is a problem that has been reported.
    """

    name: str
    path: str
    nodes: tuple[NodeRecord, ...]
    links: tuple[LinkRecord, ...]
    groups: tuple[GroupRecord, ...] = ()
    cut: Mapping[PortRef, str] = field(default_factory=dict)
