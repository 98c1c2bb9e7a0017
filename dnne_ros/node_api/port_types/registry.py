"""Port types by the names that workflow files use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dnne_ros.node_api.port_types.any_tensor import AnyTensor, ComputedTensor
from dnne_ros.node_api.port_types.base import AnyValue, PortType
from dnne_ros.node_api.port_types.dictionaries import Dict, Schema
from dnne_ros.node_api.port_types.learning import GradientTensor, Layers, NetworkHandle
from dnne_ros.node_api.port_types.objects import Dataloader, Dataset, Optimizer, SimHandle
from dnne_ros.node_api.port_types.policies import Model, PolicyOutput
from dnne_ros.node_api.port_types.robots import Imu, JointState, Twist
from dnne_ros.node_api.port_types.scalars import Boolean, Float, Int, String, Sync
from dnne_ros.node_api.port_types.settings import (
    BalancingSettings,
    EnvironmentSettings,
    PPOSettings,
)
from dnne_ros.node_api.port_types.tensors import Action, Image, Tensor

BUILT_IN: tuple[type[PortType], ...] = (
    Tensor, GradientTensor, Action, Image, Dict, Schema, Float, Int, Boolean, String, Sync,
    PolicyOutput, Model, SimHandle, Dataset, Dataloader, Optimizer, Layers, NetworkHandle,
    JointState, Imu, Twist, AnyTensor, ComputedTensor, EnvironmentSettings, PPOSettings,
    BalancingSettings,
)
_SEPARATOR = re.compile(r"[_*]")


class PortTypes:
    """Port types by their names and aliases, each also as the ending of a longer name."""

    def __init__(self, types: Iterable[type[PortType]] = BUILT_IN):
        """Hold ``types``; ValueError if two of them state the same name."""
        self._types: dict[str, type[PortType]] = {}
        for port_type in types:
            self.add(port_type)

    def add(self, port_type: type[PortType]) -> None:
        """Add a type under the names that it states.

        Raises ValueError for names that another type has: its ports could not be told from those
        of the other, and workflows that name them would change their meaning.
        """
        for name in (port_type.name, *port_type.aliases):
            if not name or name == AnyValue.name:
                raise ValueError(f"port type {_place(port_type)}: {name!r} is no name for one")
            taken = self._types.get(name)
            if taken not in (None, port_type):
                raise ValueError(f"port type {_place(port_type)}: the name {name} is that of "
                                 f"{_place(taken)}")
        try:
            port_type()
        except TypeError as error:
            raise ValueError(f"port type {_place(port_type)}: it cannot be made without "
                             f"arguments: {error}") from None
        for name in (port_type.name, *port_type.aliases):
            self._types[name] = port_type

    def __iter__(self) -> Iterator[PortType]:
        """Yield one port of each type."""
        return (port_type() for port_type in dict.fromkeys(self._types.values()))

    def named(self, name: str) -> PortType | None:
        """Return the port type that a workflow file's type name means, by its longest ending.

        ``LAYER_TENSOR`` and ``*TENSOR`` are TENSOR, ``TRAIN_STEP_TRIGGER`` is SYNC; ``*`` alone
        is anything.  None for a name that means no known type.
        """
        if name == AnyValue.name:
            return AnyValue()
        starts = (0, *(separator.end() for separator in _SEPARATOR.finditer(name)))
        found = next((self._types[name[start:]] for start in starts
                      if name[start:] in self._types), None)
        return None if found is None else found()


def _place(port_type: type[PortType]) -> str:
    return f"{port_type.__module__}.{port_type.__qualname__}"
