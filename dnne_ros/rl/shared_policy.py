"""A policy that one node acts with and another trains, in one process or in two.

PPO is on-policy: after an update the agent must act with the new weights, and in every placement
at the same step, or the numbers would depend on timing.  So the trainer announces after how many
items it updates, and the agent waits before the first item that is due to a newer version.  By
then everything else in the loop waits for the agent or the trainer: the graph stands still, which
is also the moment at which a checkpoint of it fits together (see `SharedPolicy.commit`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from safetensors.torch import load, save
from torch import Tensor

from dnne_ros.learning.packed_tensors import pack_tensors, unpack_tensors
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec


@dataclass(frozen=True)
class PolicySnapshot:
    """What a trainer says of the policy: its weights, their version, and when the next is due.

    ``update_every``: items between two versions; None: the weights stay as they are.  ``held``:
    the agent must not act with this version yet.
    """

    weights: dict[str, Tensor]
    version: int
    update_every: int | None
    held: bool

    def to_bytes(self) -> bytes:
        """Return safetensors bytes."""
        about = {"version": self.version, "update_every": self.update_every, "held": self.held}
        return pack_tensors(self.weights, {"dnne_ros": json.dumps(about)})

    @classmethod
    def from_bytes(cls, data: bytes) -> PolicySnapshot:
        """Read what `to_bytes` made."""
        weights, about = unpack_tensors(data)
        return cls(weights, **json.loads(about["dnne_ros"]))


class SharedPolicy:
    """A policy with its version.  Trainer and agent hold the same object, or replicas of it."""

    def __init__(self, policy: ActorCritic):
        """Share ``policy``, at version 0."""
        self.policy = policy
        self.version = 0
        self._announced = False
        self._update_every: int | None = None
        self._held = False
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[PolicySnapshot], None]] = []

    # The trainer's side.

    def announce(self, update_every: int | None) -> None:
        """Say that a new version comes after every so many items (None: never)."""
        self._announced = True
        self._update_every = update_every
        self._notify()

    def commit(self, *, hold: bool = False) -> None:
        """Make the policy's present weights the next version.

        With ``hold``, the agent gets the weights but does not act with them until `release`:
        meanwhile nothing moves, and a checkpoint can be taken.
        """
        self.version += 1
        self._held = hold
        self._notify()

    def release(self) -> None:
        """Let the agent act with the version that `commit` held."""
        if self._held:
            self._held = False
            self._notify()

    # The agent's side.

    async def ready_for(self, item: int) -> None:
        """Wait until ``item`` (counted from 0) may be acted on: its version is there."""
        while not self.is_ready_for(item):
            self._changed.clear()
            await self._changed.wait()

    async def held(self) -> None:
        """Wait until the trainer holds the agent (see `commit`)."""
        while not self._held:
            self._changed.clear()
            await self._changed.wait()

    def is_ready_for(self, item: int) -> bool:
        """Tell whether ``item`` (counted from 0) may be acted on."""
        if not self._announced:
            return False
        if self._update_every is None:
            return True
        return self.version - self._held >= item // self._update_every

    # Replication.

    def on_change(self, listener: Callable[[PolicySnapshot], None]) -> None:
        """Call ``listener`` with a snapshot at each change from now on."""
        self._listeners.append(listener)

    def apply(self, snapshot: PolicySnapshot) -> None:
        """Take over what a replica's trainer said; what it said before that changes nothing."""
        if (snapshot.version, not snapshot.held) < (self.version, not self._held):
            return  # somebody says again what was heard on the way
        self._take(snapshot.weights)
        self._announced = True
        self.version = snapshot.version
        self._update_every = snapshot.update_every
        self._held = snapshot.held
        self._changed.set()

    def _take(self, weights: Mapping[str, Tensor]) -> None:
        """Do as ``policy.load_state_dict(weights)``, in a fraction of its time."""
        own = self.policy.state_dict()
        if {name: tensor.shape for name, tensor in own.items()} \
                != {name: tensor.shape for name, tensor in weights.items()}:
            self.policy.load_state_dict(weights)  # which says what is wrong
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(weights[name])

    def to_bytes(self) -> bytes:
        """Return weights and architecture as safetensors, from which a replica can be built."""
        about = {"architecture": self.policy.spec.to_json(), "version": self.version}
        return save(self.policy.state_dict(), {"dnne_ros": json.dumps(about)})

    @classmethod
    def from_bytes(cls, data: bytes) -> SharedPolicy:
        """Build a replica of what `to_bytes` was called on."""
        about = json.loads(_metadata(data)["dnne_ros"])
        policy = ActorCritic(PolicySpec.from_json(about["architecture"]))
        policy.load_state_dict(load(data))
        replica = cls(policy)
        replica.version = about["version"]
        return replica

    def _notify(self) -> None:
        self._changed.set()
        if self._listeners:
            weights = {name: tensor.detach() for name, tensor in self.policy.state_dict().items()}
            for listener in self._listeners:
                listener(PolicySnapshot(weights, self.version, self._update_every, self._held))


def _metadata(data: bytes) -> dict[str, str]:
    """Return the metadata of safetensors bytes: a length, then JSON with ``__metadata__``."""
    length = int.from_bytes(data[:8], "little")
    metadata: dict[str, str] = json.loads(data[8:8 + length]).get("__metadata__", {})
    return metadata
