"""Ports as class attributes: how a node type declares its ends of links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dnne_ros.node_api.port_types import PortType
from dnne_ros.transport.policy import EdgePolicy


class Port:
    """A named, typed end of links; ``name`` is the attribute it is assigned to.

    A node with an input and an output of one name gives one of them its ``name`` itself.
    """

    def __init__(self, type: PortType, doc: str = "", *, aliases: tuple[str, ...] = (),
                 name: str = ""):
        """Declare the type, a line of documentation, and names in older workflow files."""
        self.type = type
        self.doc = doc
        self.aliases = aliases
        self.name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name


class Input(Port):
    """Where a node takes values in."""

    def __init__(self, type: PortType, doc: str = "", *, optional: bool = False,
                 accepts_also: tuple[PortType, ...] = (), aliases: tuple[str, ...] = (),
                 free_first_round: bool = False, follows: tuple[str, str] | None = None,
                 answered_by: tuple[str, str] | None = None,
                 trains: bool = False, policy: EdgePolicy | None = None,
                 external: bool = False, priority: Callable[[Any], float] | None = None,
                 name: str = ""):
        """Declare an input; ``name`` as for any `Port`.

        ``accepts_also``: further port types that it takes.  ``free_first_round``: the node's
        first round does not wait for it, so it may close a loop.  ``follows=("done", "info")``:
        left unlinked, it is linked to the output ``info`` of the node that feeds ``done``, if
        that has one.
        ``answered_by=("stats", "summary")``: left unlinked, it is linked to the output
        ``summary`` of the first node that takes this node's output ``stats`` and has one.
        ``trains``: a MODEL that comes in here is updated by this node.  ``policy`` replaces the
        type's own edge policy.  ``external``: left unlinked, it is a plain subscription to the
        topic ``<node>/<input>``, for other ROS nodes to publish on.  ``priority``: of the values
        that wait on a lossless edge, the one for which it returns the least is taken first,
        among equals the oldest; an item is overtaken by fewer others than the edge's capacity.
        """
        super().__init__(type, doc, aliases=aliases, name=name)
        if external and type.wire is None:
            raise TypeError(f"no ROS message carries a {type}: the input cannot be external")
        self.optional = optional
        self.accepts_also = accepts_also
        self.free_first_round = free_first_round
        self.follows = follows
        self.answered_by = answered_by
        self.trains = trains
        self.policy = policy
        self.external = external
        self.priority = priority

    def accepts(self, output: PortType) -> bool:
        """Tell whether an output of type ``output`` may be linked here."""
        return any(type.accepts(output) for type in (self.type, *self.accepts_also))


class Output(Port):
    """Where a node gives values out.

    ``starts_loop``: the node gives its first value before it has taken any, so a loop through
    this port has its first token.  ``needs`` names an optional input without which the port gives
    nothing, ``excludes`` one beside which nobody may use it.
    """

    def __init__(self, type: PortType, doc: str = "", *, aliases: tuple[str, ...] = (),
                 starts_loop: bool = False, name: str = "", needs: str | None = None,
                 excludes: str | None = None):
        """Declare an output."""
        super().__init__(type, doc, aliases=aliases, name=name)
        self.starts_loop = starts_loop
        self.needs = needs
        self.excludes = excludes


class Ports(NamedTuple):
    """Ports that a node has beside those of its type; each has its ``name`` and a type."""

    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
