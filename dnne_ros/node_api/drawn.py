"""Node types of drawings alone: by the time a graph runs, other nodes stand for them.

Settings that lie in a node of their own, and nodes that are short for several, are expanded when
the graph is built (`dnne_ros.graph.expansion`), so that what runs is written once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dnne_ros.node_api.node import Node


@dataclass(frozen=True)
class Part:
    """A node that runs: its type, and values of its widgets; the others have their defaults."""

    type: type[Node]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Assembly:
    """What a composite node is short for.

    ``parts`` are by name: part ``trainer`` of node 26 has the id ``26:trainer``.  ``links`` are
    pairs of ``part.output`` and ``part.input``; ``outputs`` says, by output of the composite
    node, which ``part.output`` it is.
    """

    parts: Mapping[str, Part]
    links: tuple[tuple[str, str], ...]
    outputs: Mapping[str, str]


class DrawnNode(Node):
    """The base of node types that do not run themselves."""


class SettingsNode(DrawnNode):
    """Settings for the nodes that its outputs are linked to."""

    @classmethod
    def stand_in(cls, values: Mapping[str, Any]) -> tuple[Part, str] | None:
        """Return who gives a node that runs what it takes in the place of these settings.

        That is a node for each that they are linked to, and its output; None: settings are all
        that it has to give.
        """
        return None


class CompositeNode(DrawnNode):
    """A node that is short for several, with their links."""

    absent_outputs: ClassVar[Mapping[str, str]] = {}
    """Outputs that files may have and nothing here gives, each with what to do instead."""

    @classmethod
    def assemble(cls, values: Mapping[str, Any], settings: Mapping[str, Mapping[str, Any]]
                 ) -> Assembly:
        """Return the nodes that it is short for.

        ``values`` are those of its widgets, checked; ``settings`` those of the settings nodes
        that are linked to its inputs, by input.
        """
        raise TypeError(f"{cls.__name__} does not define assemble()")
