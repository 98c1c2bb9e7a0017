"""What policies give out and trainers take in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnne_ros.arrays import MODULES
from dnne_ros.node_api.port_types.base import PortType
from dnne_ros.transport.array_codec import ArrayCodec
from dnne_ros.transport.codecs import BytesCodec
from dnne_ros.transport.payload import Array, Wire
from dnne_ros.transport.policy import EdgePolicy

if TYPE_CHECKING:
    from dnne_ros.rl.policy_output import PolicyOutput as PolicyOutputValue
    from dnne_ros.rl.shared_policy import PolicySnapshot, SharedPolicy


class PolicyOutput(PortType):
    """What a policy says at one step: observations, actions, log π(a), value, mean, std."""

    name = "POLICY_OUTPUT"
    aliases = ("POLICY",)
    modules = MODULES

    @property
    def wire(self) -> Wire:
        """Return the float32 array message: one row an environment, columns named."""
        return Wire(ArrayCodec, "float32")

    def pack(self, value: PolicyOutputValue) -> Array:
        """Return the (env, fields) array; the second axis' name lists the columns."""
        return Array(value.to_array(), ("env", value.columns))

    def unpack(self, payload: Array) -> PolicyOutputValue:
        """Take the columns apart again."""
        from dnne_ros.rl.policy_output import PolicyOutput as Value

        return Value.from_array(payload.data, payload.axes[1])


class Model(PortType):
    """A policy's weights, shared by reference in a process and replicated between two.

    The consumer may be a trainer: then new weights flow back on a topic of their own.
    """

    name = "MODEL"
    aliases = ("MODEL_OBJ",)
    modules = MODULES
    policy = EdgePolicy.LATEST
    held = True
    feedback = True

    @property
    def wire(self) -> Wire:
        """Return the byte message: safetensors with the architecture in its metadata."""
        return Wire(BytesCodec)

    def pack(self, value: SharedPolicy) -> bytes:
        """Return the newest weights as safetensors."""
        return value.to_bytes()

    def unpack(self, payload: bytes) -> SharedPolicy:
        """Return a replica with those weights."""
        from dnne_ros.rl.shared_policy import SharedPolicy

        return SharedPolicy.from_bytes(payload)

    def pack_update(self, snapshot: PolicySnapshot) -> bytes:
        """Return what a trainer sends back to the owner of the model."""
        return snapshot.to_bytes()

    def unpack_update(self, payload: bytes) -> PolicySnapshot:
        """Return what `pack_update` was given."""
        from dnne_ros.rl.shared_policy import PolicySnapshot

        return PolicySnapshot.from_bytes(payload)
