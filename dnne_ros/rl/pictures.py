"""Pictures among the numbers that a network sees: what convolutions make of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from dnne_ros.rl.layers import ACTIVATION_LAYERS, MLP
from dnne_ros.rl.normalization import RunningNormalization
from dnne_ros.rl.policy_spec import Convolution


class PictureEncoder(nn.Module):
    """Convolutions on the picture that the last numbers of an observation are.

    What comes out stands, flat, behind the other numbers.
    """

    def __init__(self, picture: tuple[int, int, int], convolutions: tuple[Convolution, ...],
                 activation: str, generator: torch.Generator | None):
        """Take pictures of ``(channels, height, width)``; ValueError if nothing is left of them.

        Weights start orthogonal, as those of other layers.
        """
        super().__init__()
        self._shape = picture
        self.pixels = math.prod(picture)
        channels, height, width = picture
        layers: list[nn.Module] = []
        for kernels, size, stride in convolutions:
            layer = nn.Conv2d(channels, kernels, size, stride)
            nn.init.orthogonal_(layer.weight, math.sqrt(2.0), generator)
            assert layer.bias is not None  # it has one unless it is asked to have none
            nn.init.zeros_(layer.bias)
            layers += [layer, ACTIVATION_LAYERS[activation]()]
            channels = kernels
            height, width = ((side - size) // stride + 1 for side in (height, width))
            if height < 1 or width < 1:
                raise ValueError(f"convolutions: a picture of {'x'.join(map(str, picture))} is "
                                 f"smaller than the kernels of {size} x {size}")
        self.layers = MLP(*layers)
        self.features = channels * height * width
        """How many numbers come out of a picture."""

    def forward(self, observations: Tensor, normalizer: RunningNormalization | None) -> Tensor:
        """Return float32 (n, numbers + `features`) of observations (n, numbers + pixels).

        ``normalizer`` is that of the numbers.
        """
        numbers, pixels = torch.split(
            observations, [observations.shape[1] - self.pixels, self.pixels], 1)
        if normalizer is not None:
            numbers = normalizer.forward(numbers)
        seen = self.layers.forward(pixels.reshape(-1, *self._shape))
        return torch.cat([numbers, seen.flatten(1)], 1)
