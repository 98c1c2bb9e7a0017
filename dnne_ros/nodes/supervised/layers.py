"""The layers of a network, as nodes between a Network's ``layers`` and its ``to_output``.

A layer node adds its description to the chain that comes to it.  The module with the weights is
made by the Network that the chain leads back to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Layers
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

_SHAPES = "it is part of the network's shape"
_BUILT = "the network is built when the run starts"
_ACTIVATIONS = ("none", "relu", "tanh", "sigmoid", "leaky_relu")
_INITS = ("auto", "kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform",
          "normal", "uniform", "none")


class Layer(Node):
    """A layer of a network; subclasses add its settings as widgets."""

    category = "layers"
    kind: ClassVar[str]
    """What `dnne_ros.supervised.layers` makes of it."""

    input = Input(Layers(), "The layers before.")
    output = Output(Layers(), "The layers up to this one.")

    async def compute(self, input: tuple[dict[str, Any], ...]) -> Mapping[str, Any]:
        """Return the chain with this layer at its end."""
        return {"output": (*input, self.description_of_layer())}

    def description_of_layer(self) -> dict[str, Any]:
        """Return what a Network makes the layer of."""
        name = self.context.name.rpartition("/")[2]
        return {"kind": self.kind, "node": name, "title": self.context.title, **self.values}


class LinearLayer(Layer):
    """Connect every input with every output: y = W x + b, an activation, dropout.

    An input of several axes, such as a picture, is flattened first.
    """

    kind = "linear"
    aliases = ("Linear",)

    output_size = Widget(128, "Number of outputs.", minimum=1, maximum=10_000_000,
                         fixed_because=_SHAPES)
    bias = Widget(True, "Add a bias.", fixed_because=_SHAPES)
    activation = Widget("relu", "Behind the sum.", choices=_ACTIVATIONS, fixed_because=_BUILT)
    dropout = Widget(0.0, "Share of the outputs that are zero in training.", minimum=0.0,
                     maximum=1.0, fixed_because=_BUILT)
    weight_init = Widget("auto", "How weights are drawn; auto and none: as PyTorch does.",
                         choices=_INITS, fixed_because="it is where training starts from")


class Conv2DLayer(Layer):
    """Convolve pictures of channels × height × width, then an activation."""

    kind = "conv2d"

    out_channels = Widget(32, "Number of channels that come out.", minimum=1, maximum=1_000_000,
                          fixed_because=_SHAPES)
    kernel_size = Widget(3, "Width and height of the kernel.", minimum=1, maximum=10_000,
                         unit="pixels", fixed_because=_SHAPES)
    stride = Widget(1, "Step between two places of the kernel.", minimum=1, maximum=10_000,
                    unit="pixels", fixed_because=_SHAPES)
    padding = Widget(1, "Zeros around the picture.", minimum=0, maximum=10_000, unit="pixels",
                     fixed_because=_SHAPES)
    activation = Widget("relu", "Behind the convolution.", choices=_ACTIVATIONS,
                        fixed_because=_BUILT)


class Activation(Layer):
    """Apply a function to every element; softmax: to the features of each sample."""

    kind = "activation"

    activation = Widget("relu", "Which function.", fixed_because=_BUILT,
                        choices=("relu", "tanh", "sigmoid", "softmax", "leaky_relu", "elu"))
    negative_slope = Widget(0.01, "Slope of leaky_relu below zero.", minimum=0.0, maximum=1e6,
                            fixed_because=_BUILT)


class Dropout(Layer):
    """Set a random share of the elements to zero, in training only."""

    kind = "dropout"

    dropout_rate = Widget(0.5, "Share of the elements.", minimum=0.0, maximum=1.0,
                          fixed_because=_BUILT)


class BatchNorm(Layer):
    """Bring each feature or channel to mean 0 and variance 1 over the batch."""

    kind = "batch_norm"

    momentum = Widget(0.1, "How fast the running statistics follow.", minimum=0.0, maximum=1.0,
                      fixed_because=_BUILT)
    eps = Widget(1e-5, "Added to the variance.", minimum=0.0, maximum=1.0, fixed_because=_BUILT)


class Flatten(Layer):
    """Make one axis of several; axis 0 is the batch."""

    kind = "flatten"

    start_dim = Widget(1, "First of the axes.", minimum=-100, maximum=100, fixed_because=_SHAPES)
    end_dim = Widget(-1, "Last of the axes; -1: the last there is.", minimum=-100, maximum=100,
                     fixed_because=_SHAPES)
