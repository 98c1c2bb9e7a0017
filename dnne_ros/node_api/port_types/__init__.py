"""Port types: what may be linked to what, what an edge promises, and which message carries it.

A port type states its names, packs its values into payloads (arrays, bytes, text, scalars) and
back, and names the codec that makes messages of those; the transport room knows only these two.
Torch is imported by the conversions that need it, so that
reading the catalogue stays fast.
"""

from dnne_ros.node_api.port_types.any_tensor import AnyTensor, ComputedTensor
from dnne_ros.node_api.port_types.base import AnyValue, PortType, same_type
from dnne_ros.node_api.port_types.dictionaries import Dict, Schema
from dnne_ros.node_api.port_types.learning import GradientTensor, Layers, NetworkHandle
from dnne_ros.node_api.port_types.objects import Dataloader, Dataset, Optimizer, SimHandle
from dnne_ros.node_api.port_types.policies import Model, PolicyOutput
from dnne_ros.node_api.port_types.registry import PortTypes
from dnne_ros.node_api.port_types.robots import Imu, JointState, Twist
from dnne_ros.node_api.port_types.scalars import Boolean, Float, Int, String, Sync
from dnne_ros.node_api.port_types.settings import (
    BalancingSettings,
    EnvironmentSettings,
    PPOSettings,
)
from dnne_ros.node_api.port_types.tensors import (
    Action,
    Image,
    Tensor,
    array_to_tensor,
    tensor_to_array,
)

__all__ = [
    "Action",
    "AnyTensor",
    "AnyValue",
    "BalancingSettings",
    "Boolean",
    "ComputedTensor",
    "Dataloader",
    "Dataset",
    "Dict",
    "EnvironmentSettings",
    "Float",
    "GradientTensor",
    "Image",
    "Imu",
    "Int",
    "JointState",
    "Layers",
    "Model",
    "NetworkHandle",
    "Optimizer",
    "PPOSettings",
    "PolicyOutput",
    "PortType",
    "PortTypes",
    "Schema",
    "SimHandle",
    "String",
    "Sync",
    "Tensor",
    "Twist",
    "array_to_tensor",
    "same_type",
    "tensor_to_array",
]
