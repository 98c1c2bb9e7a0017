"""The base of all port types, and the one that takes everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from dnne_ros.transport.payload import Wire
from dnne_ros.transport.policy import EdgePolicy


class PortType:
    """What a port carries.  Subclasses state the class attributes and convert values.

    ``name`` is the type as workflow files write it, ``aliases`` are further names; both mean it
    as the ending of a longer one, too (`dnne_ros.node_api.port_types.registry`).  A subclass
    inherits neither.  The catalogue makes one without arguments.

    ``leaves_process`` is False for values that
    cannot be sent to another process: placement keeps both ends together.  ``held`` values are
    delivered once and stay (a model, a simulator handle); the others are streams.  With
    ``feedback``, a replica of the value in another process sends changes back to its owner.
    ``modules`` are what packing and unpacking import: a process loads them before it is ready,
    so that the first item does not wait for them.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    policy: ClassVar[EdgePolicy] = EdgePolicy.LOSSLESS
    leaves_process: ClassVar[bool] = True
    held: ClassVar[bool] = False
    feedback: ClassVar[bool] = False
    modules: ClassVar[tuple[str, ...]] = ()
    exact: ClassVar[type | None] = None
    """Values of this very class are `canonical` and need no `check`.  A subclass inherits none."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "aliases" not in cls.__dict__:
            cls.aliases = ()
        if "exact" not in cls.__dict__:
            cls.exact = None

    @property
    def wire(self) -> Wire | None:
        """Return the message that carries this type, or None if it stays in its process."""
        return None

    def sent_as(self) -> Wire:
        """Return `wire`; TypeError for a type that has none."""
        if self.wire is None:
            raise TypeError(f"no ROS message carries a {self}")
        return self.wire

    def accepts(self, output: PortType) -> bool:
        """Tell whether an input of this type takes what an output of type ``output`` gives."""
        return isinstance(output, (type(self), AnyValue))

    def check(self, value: Any) -> None:
        """Raise TypeError if ``value`` is none of this type, whether or not it travels."""

    def kind_of(self) -> Callable[[Any], Any] | None:
        """Return what tells of a value, quickly, all that `check` goes by; None: no check.

        It is asked of each value that is sent, and `check` only of those whose kind is another
        than that of the value before.  It may raise AttributeError for what is none of the type.
        """
        return None if type(self).check is PortType.check else type

    def canonical(self, value: Any) -> Any:
        """Return ``value`` as consumers get it, the same in their own process and in another.

        What a message cannot tell apart (1 and 1.0 in a FLOAT, a tuple and a list in a DICT) is
        one value everywhere.  Raises TypeError for what no message carries, wherever it goes.
        Called for each item that is sent, if a type has its own.
        """
        return value

    def pack(self, value: Any) -> Any:
        """Return ``value`` as the payload that `wire` names."""
        raise TypeError(f"a {self.name} cannot leave its process")

    def unpack(self, payload: Any) -> Any:
        """Return the value that `pack` made ``payload`` of."""
        raise TypeError(f"a {self.name} cannot leave its process")

    def pack_update(self, change: Any) -> bytes:
        """Return, for a type with `feedback`, the bytes of a change that a replica sends back."""
        raise TypeError(f"no changes of a {self.name} are sent back")

    def unpack_update(self, payload: bytes) -> Any:
        """Return the change that `pack_update` was given."""
        raise TypeError(f"no changes of a {self.name} are sent back")

    def __str__(self) -> str:
        return self.name


class AnyValue(PortType):
    """Whatever arrives.

    An input of this type takes every output.  An output of this type is given the type of the
    node's first linked input of this type when the graph is built, so that its topic has a
    message type; further such inputs must bring the same.
    """

    name = "*"
    joins: ClassVar[bool] = False
    """Inputs of the type may bring different ones; `passed_on` says what comes of them."""

    def accepts(self, output: PortType) -> bool:
        """Take everything."""
        return True

    def passed_on(self, arriving: Sequence[PortType]) -> PortType:
        """Return what an output of this type gives of what comes to the node's inputs of it."""
        return arriving[0]


def same_type(one: PortType, other: PortType) -> bool:
    """Tell whether two port types are the same, with the same element type and axes."""
    return type(one) is type(other) and vars(one) == vars(other)
