"""Port types: what may be linked to what, what an edge promises, and which message carries it.

A port type packs its values into plain payloads (arrays, bytes, text, scalars) and back; the
transport room knows only those.  Torch is imported by the conversions that need it, so that
reading the catalogue stays fast.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from dnne_ros.transport.payload import STORED_AS, Array, JointStates, Wire
from dnne_ros.transport.policy import EdgePolicy

if TYPE_CHECKING:
    from torch import Tensor as TorchTensor

    from dnne_ros.rl.policy_output import PolicyOutput as PolicyOutputValue
    from dnne_ros.rl.shared_policy import PolicySnapshot, SharedPolicy


class PortType:
    """What a port carries.  Subclasses state the class attributes and convert values.

    ``name`` is the type as workflow files write it.  ``leaves_process`` is False for values that
    cannot be sent to another process: placement keeps both ends together.  ``held`` values are
    delivered once and stay (a model, a simulator handle); the others are streams.  With
    ``feedback``, a replica of the value in another process sends changes back to its owner.
    """

    name: ClassVar[str]
    policy: ClassVar[EdgePolicy] = EdgePolicy.LOSSLESS
    leaves_process: ClassVar[bool] = True
    held: ClassVar[bool] = False
    feedback: ClassVar[bool] = False

    @property
    def wire(self) -> Wire | None:
        """Return the message that carries this type, or None if it stays in its process."""
        return None

    def accepts(self, output: PortType) -> bool:
        """Tell whether an input of this type takes what an output of type ``output`` gives."""
        return isinstance(output, type(self)) or isinstance(output, AnyValue)

    def check(self, value: Any) -> None:
        """Raise TypeError if ``value`` is none of this type, whether or not it travels."""

    def pack(self, value: Any) -> Any:
        """Return ``value`` as the payload that `wire` names."""
        raise TypeError(f"a {self.name} cannot leave its process")

    def unpack(self, payload: Any) -> Any:
        """Return the value that `pack` made ``payload`` of."""
        raise TypeError(f"a {self.name} cannot leave its process")

    def __str__(self) -> str:
        return self.name


def tensor_to_array(tensor: TorchTensor, axes: tuple[str, ...] = ()) -> Array:
    """Return a tensor (any dtype, shape and device) as an array, without a copy on the CPU."""
    import torch

    tensor = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype in STORED_AS:
        return Array(tensor.view(getattr(torch, STORED_AS[dtype])).numpy(), axes, dtype)
    return Array(tensor.numpy(), axes)


def array_to_tensor(array: Array) -> TorchTensor:
    """Return an array as a tensor of the same dtype and shape, that the caller may write to."""
    import torch

    data = array.data if array.data.flags.writeable else array.data.copy()
    tensor = torch.from_numpy(data)
    dtype = array.element_type
    return tensor.view(getattr(torch, dtype)) if dtype in STORED_AS else tensor


class Tensor(PortType):
    """A tensor.  ``dtype`` None: any; ``axes`` name the axes, outermost first."""

    name = "TENSOR"

    def __init__(self, dtype: str | None = None, axes: tuple[str, ...] = ()):
        """Declare the element type and the names of the axes."""
        self.dtype = dtype
        self.axes = axes

    def accepts(self, output: PortType) -> bool:
        """Take tensors whose element type, where both ends declare one, is the same."""
        if isinstance(output, Tensor):
            return None in (self.dtype, output.dtype) or self.dtype == output.dtype
        return super().accepts(output)

    @property
    def wire(self) -> Wire:
        """Return the array message of the element type."""
        return Wire("array", self.dtype)

    def check(self, value: TorchTensor) -> None:
        """Raise TypeError for another element type or number of axes than declared."""
        found = str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")
        if self.dtype is not None and found != self.dtype:
            raise TypeError(f"expected a tensor of {self.dtype}, found {found}")
        if self.axes and value.dim() != len(self.axes):
            raise TypeError(f"expected a tensor with axes ({', '.join(self.axes)}), found shape "
                            f"{tuple(value.shape)}")

    def pack(self, value: TorchTensor) -> Array:
        """Return the tensor as an array with this port's axis names."""
        return tensor_to_array(value, self.axes)

    def unpack(self, payload: Array) -> TorchTensor:
        """Return the array as a tensor."""
        return array_to_tensor(payload)

    def __str__(self) -> str:
        shape = f" ({', '.join(self.axes)})" if self.axes else ""
        return self.name + shape + (f" {self.dtype}" if self.dtype else "")


class Action(Tensor):
    """A command for each environment: float32 (env, action), in the simulator's units."""

    name = "ACTION"

    def __init__(self) -> None:
        """Declare float32 (env, action)."""
        super().__init__("float32", ("env", "action"))

    def accepts(self, output: PortType) -> bool:
        """Take actions only: a plain tensor has no unit."""
        return isinstance(output, (Action, AnyValue))


class PolicyOutput(PortType):
    """What a policy says at one step: observations, actions, log π(a), value, mean, std."""

    name = "POLICY_OUTPUT"

    @property
    def wire(self) -> Wire:
        """Return the float32 array message: one row an environment, columns named."""
        return Wire("array", "float32")

    def pack(self, value: PolicyOutputValue) -> Array:
        """Return the (env, fields) array; the second axis' name lists the columns."""
        return tensor_to_array(value.to_array(), ("env", value.columns))

    def unpack(self, payload: Array) -> PolicyOutputValue:
        """Take the columns apart again."""
        from dnne_ros.rl.policy_output import PolicyOutput as Value

        return Value.from_array(array_to_tensor(payload), payload.axes[1])


class Model(PortType):
    """A policy's weights, shared by reference in a process and replicated between two.

    The consumer may be a trainer: then new weights flow back on a topic of their own.
    """

    name = "MODEL"
    policy = EdgePolicy.LATEST
    held = True
    feedback = True

    @property
    def wire(self) -> Wire:
        """Return the byte message: safetensors with the architecture in its metadata."""
        return Wire("bytes")

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


class Sync(PortType):
    """A trigger: that it comes is all it says."""

    name = "SYNC"

    @property
    def wire(self) -> Wire:
        """Return the empty message."""
        return Wire("empty")

    def pack(self, value: Any) -> None:
        """Drop the value: only the event travels."""

    def unpack(self, payload: None) -> None:
        """Return None."""


class Float(PortType):
    """A number."""

    name = "FLOAT"

    @property
    def wire(self) -> Wire:
        """Return the 64-bit float message."""
        return Wire("float64")

    def accepts(self, output: PortType) -> bool:
        """Take numbers of either kind."""
        return isinstance(output, (Float, Int, AnyValue))

    def pack(self, value: float) -> float:
        """Return the number (a 0-d tensor will do) as a float."""
        return float(value)

    def unpack(self, payload: float) -> float:
        """Return the number."""
        return payload


class Int(PortType):
    """A whole number of 64 bits."""

    name = "INT"

    @property
    def wire(self) -> Wire:
        """Return the 64-bit integer message."""
        return Wire("int64")

    def pack(self, value: int) -> int:
        """Return the number as an int."""
        return int(value)

    def unpack(self, payload: int) -> int:
        """Return the number."""
        return payload


class Boolean(PortType):
    """True or false."""

    name = "BOOLEAN"

    @property
    def wire(self) -> Wire:
        """Return the boolean message."""
        return Wire("bool")

    def pack(self, value: bool) -> bool:
        """Return the truth value as a bool."""
        return bool(value)

    def unpack(self, payload: bool) -> bool:
        """Return the truth value."""
        return payload


class String(PortType):
    """Text."""

    name = "STRING"

    @property
    def wire(self) -> Wire:
        """Return the string message."""
        return Wire("string")

    def pack(self, value: str) -> str:
        """Return the text."""
        return str(value)

    def unpack(self, payload: str) -> str:
        """Return the text."""
        return payload


class Dict(PortType):
    """A dictionary of JSON values and tensors; as a topic it is JSON that a person can read."""

    name = "DICT"

    @property
    def wire(self) -> Wire:
        """Return the string message."""
        return Wire("string")

    def pack(self, value: dict) -> str:
        """Return JSON in which a tensor is ``{"dtype": …, "shape": […], "data": […]}``.

        Raises TypeError naming the type of a value that is neither JSON nor a tensor.
        """
        return json.dumps(value, default=_tensor_to_json)

    def unpack(self, payload: str) -> dict:
        """Return the dictionary, tensors restored exactly."""
        return json.loads(payload, object_hook=_tensor_from_json)


_TENSOR_KEYS = {"dtype", "shape", "data"}


def _tensor_to_json(value: Any) -> dict:
    if not hasattr(value, "detach"):
        raise TypeError(f"a {type(value).__name__} in a dictionary cannot leave its process")
    tensor = value.detach().cpu()
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape),
            "data": tensor.flatten().tolist()}


def _tensor_from_json(value: dict) -> Any:
    if value.keys() != _TENSOR_KEYS:
        return value
    import torch

    dtype = getattr(torch, str(value["dtype"]), None)
    if not isinstance(dtype, torch.dtype):
        return value
    return torch.tensor(value["data"], dtype=dtype).reshape(value["shape"])


class Image(PortType):
    """A picture: tensor (height, width, channels) or (height, width); uint8 is RGB."""

    name = "IMAGE"
    policy = EdgePolicy.DROP_OLDEST

    @property
    def wire(self) -> Wire:
        """Return sensor_msgs/Image."""
        return Wire("image")

    def pack(self, value: TorchTensor) -> Array:
        """Return the picture as an array."""
        return tensor_to_array(value, ("height", "width", "channel"))

    def unpack(self, payload: Array) -> TorchTensor:
        """Return the picture as a tensor."""
        return array_to_tensor(payload)


class JointState(PortType):
    """What a robot says of its joints: a `dnne_ros.transport.payload.JointStates`."""

    name = "JOINT_STATE"
    policy = EdgePolicy.DROP_OLDEST

    @property
    def wire(self) -> Wire:
        """Return sensor_msgs/JointState."""
        return Wire("joint_states")

    def check(self, value: JointStates) -> None:
        """Raise TypeError for anything else."""
        if not isinstance(value, JointStates):
            raise TypeError(f"expected JointStates, found {type(value).__name__}")

    def pack(self, value: JointStates) -> JointStates:
        """Return the joint states as they are."""
        return value

    def unpack(self, payload: JointStates) -> JointStates:
        """Return the joint states."""
        return payload


class SimHandle(PortType):
    """A simulator: lives in one process."""

    name = "SIM_HANDLE"
    leaves_process = False
    held = True


class Dataset(PortType):
    """A data set object."""

    name = "DATASET"
    leaves_process = False
    held = True


class Dataloader(PortType):
    """A data loader object."""

    name = "DATALOADER"
    leaves_process = False
    held = True


class Schema(Dict):
    """What a data set says of itself: shapes, classes, ranges."""

    name = "SCHEMA"
    held = True


class Optimizer(PortType):
    """An optimizer over parameters that live in the same process."""

    name = "OPTIMIZER"
    leaves_process = False
    held = True


class AnyValue(PortType):
    """Whatever arrives.

    An input of this type takes every output.  An output of this type is given the type of the
    node's first linked input of this type when the graph is built, so that its topic has a
    message type; further such inputs must bring the same.
    """

    name = "*"

    def accepts(self, output: PortType) -> bool:
        """Take everything."""
        return True


_BY_ENDING: tuple[tuple[str, type[PortType]], ...] = (
    ("POLICY_OUTPUT", PolicyOutput), ("POLICY", PolicyOutput), ("SIM_HANDLE", SimHandle),
    ("SCHEMA_PYDICT", Schema), ("SCHEMA", Schema), ("PYDICT", Dict), ("DICT", Dict),
    ("DATASET_OBJ", Dataset), ("DATASET", Dataset),
    ("DATALOADER_OBJ", Dataloader), ("DATALOADER", Dataloader),
    ("OPTIMIZER_OBJ", Optimizer), ("OPTIMIZER", Optimizer), ("MODEL_OBJ", Model),
    ("MODEL", Model), ("TRIGGER", Sync), ("SYNC", Sync), ("TENSOR", Tensor), ("ACTION", Action),
    ("FLOAT", Float), ("INT", Int), ("BOOLEAN", Boolean), ("STRING", String), ("IMAGE", Image),
    ("JOINT_STATE", JointState),
)


def port_type_named(name: str) -> PortType | None:
    """Return the port type that a workflow file's type name means, by its ending.

    ``LAYER_TENSOR`` and ``*TENSOR`` are TENSOR, ``TRAIN_STEP_TRIGGER`` is SYNC; ``*`` alone is
    anything.  None for a name that means no known type.
    """
    if name == "*":
        return AnyValue()
    for ending, port_type in _BY_ENDING:
        if name == ending or name.endswith(("_" + ending, "*" + ending)):
            return port_type()
    return None
