"""What a network makes of the picture that the last numbers of an observation are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Convolution:
    """``weight`` float32 (kernels, channels, size, size), ``bias`` (kernels,), and the stride."""

    weight: np.ndarray
    bias: np.ndarray
    stride: int


@dataclass(frozen=True, eq=False)
class PictureLayers:
    """Convolutions on a ``picture`` (channels, height, width), each followed by an activation.

    What comes out stands, flat, behind the other numbers of the observation.
    """

    picture: tuple[int, int, int]
    convolutions: tuple[Convolution, ...]

    @property
    def pixels(self) -> int:
        """Return how many numbers of an observation are the picture."""
        return math.prod(self.picture)

    @property
    def features(self) -> int:
        """Return how many numbers come out; ValueError unless each layer fits the one before."""
        channels, height, width = self.picture
        for number, layer in enumerate(self.convolutions):
            kernels, size = layer.weight.shape[0], layer.weight.shape[-1]
            expected = (kernels, channels, size, size)
            if layer.weight.shape != expected or layer.bias.shape != (kernels,):
                raise ValueError(f"convolution {number}: expected weights {expected} and a bias "
                                 f"for each kernel, found {layer.weight.shape} and "
                                 f"{layer.bias.shape}")
            channels = kernels
            height, width = ((side - size) // layer.stride + 1 for side in (height, width))
        return channels * height * width

    @property
    def parameters(self) -> int:
        """Return how many numbers were learned."""
        return sum(layer.weight.size + layer.bias.size for layer in self.convolutions)


def picture_layers(architecture: Mapping[str, Any], weights: Mapping[str, np.ndarray],
                   head: str) -> PictureLayers | None:
    """Return those of a saved policy's ``actor`` or ``critic``; None: it sees no picture.

    KeyError for weights that are missing.
    """
    sees_others = head == "critic" and architecture.get("critic_observation_size")
    if not architecture.get("picture") or sees_others:
        return None
    part = "pictures" if head == "actor" else "critic_pictures"
    channels, height, width = map(int, architecture["picture"])
    layers: Sequence[Any] = architecture["convolutions"]
    return PictureLayers((channels, height, width), tuple(
        # Between two convolutions is an activation, which has a number, too.
        Convolution(_float32(weights[f"{part}.layers.{2 * number}.weight"]),
                    _float32(weights[f"{part}.layers.{2 * number}.bias"]), int(stride))
        for number, (_, _, stride) in enumerate(layers)))


def _float32(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)
