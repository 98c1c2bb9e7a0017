"""The names that workflow files use for port types."""

from __future__ import annotations

from dnne_ros.node_api.port_types.base import AnyValue, PortType
from dnne_ros.node_api.port_types.dictionaries import Dict, Schema
from dnne_ros.node_api.port_types.learning import GradientTensor, Layers, Network
from dnne_ros.node_api.port_types.objects import Dataloader, Dataset, Optimizer, SimHandle
from dnne_ros.node_api.port_types.policies import Model, PolicyOutput
from dnne_ros.node_api.port_types.robots import JointState
from dnne_ros.node_api.port_types.scalars import Boolean, Float, Int, String, Sync
from dnne_ros.node_api.port_types.tensors import Action, Image, Tensor

_BY_ENDING: tuple[tuple[str, type[PortType]], ...] = (
    ("POLICY_OUTPUT", PolicyOutput), ("POLICY", PolicyOutput), ("SIM_HANDLE", SimHandle),
    ("SCHEMA_PYDICT", Schema), ("SCHEMA", Schema), ("PYDICT", Dict), ("DICT", Dict),
    ("DATASET_OBJ", Dataset), ("DATASET", Dataset),
    ("DATALOADER_OBJ", Dataloader), ("DATALOADER", Dataloader),
    ("OPTIMIZER_OBJ", Optimizer), ("OPTIMIZER", Optimizer), ("NETWORK_MODEL_OBJ", Network),
    ("NETWORK_MODEL", Network), ("MODEL_OBJ", Model),
    ("MODEL", Model), ("TRIGGER", Sync), ("SYNC", Sync),
    ("GRADIENT_TENSOR", GradientTensor), ("TENSOR", Tensor), ("LAYERS", Layers),
    ("ACTION", Action), ("FLOAT", Float), ("INT", Int), ("BOOLEAN", Boolean), ("STRING", String),
    ("IMAGE", Image), ("JOINT_STATE", JointState),
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
