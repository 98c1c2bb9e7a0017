"""What supervised learning hands on: layers, networks, and tensors with gradients."""

from __future__ import annotations

import json
from typing import Any

from dnne_ros.node_api.port_types.base import AnyValue, PortType
from dnne_ros.node_api.port_types.tensors import Tensor
from dnne_ros.transport.codecs import StringCodec
from dnne_ros.transport.payload import Wire
from dnne_ros.transport.policy import EdgePolicy


class GradientTensor(Tensor):
    """A tensor whose gradient flows back: it stays in its process; its topic shows the numbers.

    An input for tensors takes it too, and is bound to the same process.  An input for it takes
    nothing else: what came as a plain tensor may have left its gradient in another process.
    """

    name = "GRADIENT_TENSOR"
    leaves_process = False

    def accepts(self, output: PortType) -> bool:
        """Take tensors with gradients only."""
        return isinstance(output, (GradientTensor, AnyValue))


class Layers(PortType):
    """The description of a chain of layers so far: a tuple of dictionaries of JSON values.

    Each has ``kind``, ``node`` (the ROS name) and ``title``, beside the layer's settings.  The
    layers themselves belong to the Network that the chain leads back to.
    """

    name = "LAYERS"
    policy = EdgePolicy.LATEST
    leaves_process = False
    held = True

    @property
    def wire(self) -> Wire:
        """Return the string message: the topic shows the chain."""
        return Wire(StringCodec)

    def pack(self, value: tuple[dict[str, Any], ...]) -> str:
        """Return the chain as JSON."""
        return json.dumps(value)


class NetworkHandle(PortType):
    """A `torch.nn.Module` for an optimizer in the same process."""

    name = "NETWORK_MODEL"
    aliases = ("NETWORK_MODEL_OBJ",)
    leaves_process = False
    held = True
