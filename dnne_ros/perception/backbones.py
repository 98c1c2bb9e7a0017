"""ResNet-18 and MobileNetV2 without their last layer, weights named as torchvision names them.

He et al. 2015, arXiv:1512.03385, and Sandler et al. 2018, arXiv:1801.04381.  torchvision itself
is built for one torch each; these take the weights that it publishes on any.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

_INVERTED = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
             (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks, stride of the first: table 2 of the paper on MobileNetV2."""


@dataclass(frozen=True)
class Trained:
    """Where weights that were trained on ImageNet are, and the layers of theirs that are left out.

    The end of the file's name is the beginning of its SHA-256.
    """

    url: str
    left_out: str


TRAINED = {
    "resnet18": Trained("https://download.pytorch.org/models/resnet18-f37072fd.pth", "fc."),
    "mobilenet": Trained("https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth",
                         "classifier."),
}


class Backbone(nn.Module):
    """A network that sees; ``width`` is how many features it gives."""

    width: int


class ResNet18(Backbone):
    """Pictures float32 (n, 3, height, width) → (n, 512)."""

    width = 512

    def __init__(self) -> None:
        """Make it with random weights."""
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(_Residual(before, width, stride), _Residual(width, width, 1))
            for before, width, stride in ((64, 64, 1), (64, 128, 2), (128, 256, 2),
                                          (256, 512, 2)))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the mean of the last feature map."""
        found: Tensor = self.maxpool(self.bn1(self.conv1(pictures)).relu())
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            found = layer(found)
        return found.mean((2, 3))


class _Residual(nn.Module):
    """Two convolutions whose input is added to their output."""

    def __init__(self, before: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None if stride == 1 and before == width else nn.Sequential(
            nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, input: Tensor) -> Tensor:
        found: Tensor = self.bn2(self.conv2(self.bn1(self.conv1(input)).relu()))
        return (found + (input if self.downsample is None else self.downsample(input))).relu()


class MobileNetV2(Backbone):
    """Pictures float32 (n, 3, height, width) → (n, 1280)."""

    width = 1280

    def __init__(self) -> None:
        """Make it with random weights."""
        super().__init__()
        layers: list[nn.Module] = [_convolution(3, 32, 3, 2)]
        before = 32
        for expansion, width, blocks, stride in _INVERTED:
            for index in range(blocks):
                layers.append(_Inverted(before, width, 1 if index else stride, expansion))
                before = width
        layers.append(_convolution(before, self.width, 1, 1))
        self.features = nn.Sequential(*layers)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the mean of the last feature map."""
        found: Tensor = self.features(pictures)
        return found.mean((2, 3))


class _Inverted(nn.Module):
    """Widen, filter each channel, narrow; the input is added where it has the same shape."""

    def __init__(self, before: int, width: int, stride: int, expansion: int):
        super().__init__()
        wide = before * expansion
        widen = [] if expansion == 1 else [_convolution(before, wide, 1, 1)]
        self.conv = nn.Sequential(
            *widen, _convolution(wide, wide, 3, stride, groups=wide),
            nn.Conv2d(wide, width, 1, bias=False), nn.BatchNorm2d(width))
        self.adds = stride == 1 and before == width

    def forward(self, input: Tensor) -> Tensor:
        found: Tensor = self.conv(input)
        return input + found if self.adds else found


def _convolution(before: int, width: int, kernel: int, stride: int, groups: int = 1
                 ) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, width, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(width), nn.ReLU6())


BACKBONES: dict[str, type[Backbone]] = {"resnet18": ResNet18, "mobilenet": MobileNetV2}
