"""The networks: pictures and sound to features, features to an action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from dnne_ros.durable_files import read_file
from dnne_ros.perception.backbones import TRAINED, Backbone, Trained

PICTURE_SIDE = 64
"""Pictures are scaled to this many pixels a side, so that their size does not matter."""
BACKBONE_SIDE = 224
"""What the backbones were trained with."""
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the pictures of ImageNet, with pixels from 0 to 1."""
_FIRST_WINDOW = 64

Module = TypeVar("Module", bound=nn.Module)


class VisionNetwork(nn.Module):
    """Three convolutions over a picture, averaged over the picture, and a linear layer."""

    def __init__(self, features: int):
        """Give ``features`` numbers."""
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU())
        self.head = nn.Linear(64, features)

    def forward(self, picture: Tensor) -> Tensor:
        """Return (1, features) of (height, width, channels) or (height, width).

        uint8 and uint16 count as 0 to 1; of one channel three equal ones are made, a fourth is
        left out.
        """
        features: Tensor = self.head(self.convolutions(_as_input(picture)).mean((2, 3)))
        return features


class BackboneNetwork(nn.Module):
    """A network of `dnne_ros.perception.backbones`, and a linear layer where sizes differ."""

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, features: int):
        """Give ``features`` numbers: what ``backbone`` gives, if that is as many."""
        super().__init__()
        self.backbone = backbone
        self.head = nn.Identity() if features == backbone.width \
            else nn.Linear(backbone.width, features)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(_STD)[:, None, None], persistent=False)

    def forward(self, picture: Tensor) -> Tensor:
        """Return (1, features) of (height, width, channels) or (height, width), as above."""
        pixels = (_as_input(picture, BACKBONE_SIDE) - self.mean) / self.std
        features: Tensor = self.head(self.backbone(pixels))
        return features


def _as_input(picture: Tensor, side: int = PICTURE_SIDE) -> Tensor:
    """Return a picture as float32 (1, 3, side, side)."""
    if picture.dim() == 2:
        picture = picture[..., None]
    if picture.dim() != 3 or picture.shape[2] not in (1, 3, 4) or not picture.numel():
        raise ValueError("expected a picture (height, width) or (height, width, 1, 3 or 4), found "
                         f"shape {tuple(picture.shape)}")
    scale = {"torch.uint8": 255.0, "torch.uint16": 65535.0}.get(str(picture.dtype), 1.0)
    if picture.dtype != torch.uint8 or picture.is_cuda:
        picture = picture.float()  # but a processor scales bytes as they are, much faster
    pixels = functional.interpolate(
        picture.permute(2, 0, 1)[None], (side, side), mode="bilinear",
        antialias=True).float() / scale
    return pixels.expand(-1, 3, -1, -1) if pixels.shape[1] == 1 else pixels[:, :3]


class SoundNetwork(nn.Module):
    """Two convolutions over the samples, averaged over time, and a linear layer."""

    def __init__(self, features: int):
        """Give ``features`` numbers."""
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv1d(1, 32, _FIRST_WINDOW, stride=8), nn.ReLU(),
            nn.Conv1d(32, 64, 16, stride=4, padding=8), nn.ReLU())
        self.head = nn.Linear(64, features)

    def forward(self, audio: Tensor) -> Tensor:
        """Return (n, features) of (n, samples) or (samples); short sounds are padded."""
        samples = audio.float()
        samples = samples[None] if samples.dim() == 1 else samples
        if samples.dim() != 2:
            raise ValueError(f"expected audio (n, samples), found shape {tuple(audio.shape)}")
        if (short := _FIRST_WINDOW - samples.shape[1]) > 0:
            samples = functional.pad(samples, (0, short))
        features: Tensor = self.head(self.convolutions(samples[:, None]).mean(2))
        return features


class DecisionNetwork(nn.Module):
    """One hidden layer over all kinds of features; an action and how sure it is of it."""

    def __init__(self, sizes: Sequence[int], hidden: int, actions: int):
        """Take as many kinds of features as there are ``sizes``: how many of each."""
        super().__init__()
        self.sizes = tuple(sizes)
        self.hidden = nn.Linear(sum(sizes), hidden)
        self.action = nn.Linear(hidden, actions)
        self.confidence = nn.Linear(hidden, 1)

    def forward(self, *features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the action (n, actions) from -1 to 1 and the confidence (n,) from 0 to 1."""
        found = tuple(each.shape[-1] for each in features)
        if found != self.sizes or any(each.dim() != 2 for each in features):
            expected = " and ".join(f"(n, {size})" for size in self.sizes)
            raise ValueError(f"expected features {expected}, found "
                             + " and ".join(str(tuple(each.shape)) for each in features))
        hidden = self.hidden(torch.cat(features, 1)).relu()
        return self.action(hidden).tanh(), self.confidence(hidden).sigmoid().squeeze(1)


def frozen(make: Callable[[], Module], seed: int, weights: str, device: torch.device,
           trained: Trained | None = None) -> Module:
    """Return a network for inference alone, with weights drawn from ``seed`` or of a file.

    ``weights``: a file of safetensors or of `torch.save`, "" for none; it may hold the weights
    of a backbone alone.  ``trained``: where its backbone's weights are fetched from.  Raises
    ValueError naming what is wrong with either.  torch's own random state stays as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make()
    if trained is not None:
        _load(network, _fetched(trained.url), trained.url, trained.left_out)
    if weights:
        _load(network, _read(Path(weights)), f"weights {weights}", "")
    return network.eval().requires_grad_(False).to(device)


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    from dnne_ros.learning.torch_files import read_torch_file

    try:
        return read_torch_file(path) if path.suffix in (".pt", ".pth") else load(read_file(path))
    except (OSError, SafetensorError) as error:
        raise ValueError(f"weights {path}: expected a safetensors file, found {error}") from None
    except ValueError as error:
        raise ValueError(f"weights {path}: {error}") from None


def _fetched(url: str) -> dict[str, Tensor]:
    """Return the weights at ``url``, kept in torch's cache; ValueError if they cannot be had."""
    try:
        found: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            url, map_location="cpu", progress=False, check_hash=True, weights_only=True)
        return found
    except (OSError, RuntimeError) as error:  # no network, no space; the sum is wrong
        reason = " ".join(str(error).split())
    raise ValueError(f"{url} cannot be fetched: {reason:.200}; without a network, name a file of "
                     "these weights in widget 'weights' and set pretrained=false")


def _load(network: nn.Module, tensors: dict[str, Tensor], source: str, left_out: str) -> None:
    """Give ``network`` its weights, or its backbone, if they are those of one."""
    backbone = getattr(network, "backbone", None)
    if isinstance(backbone, Backbone) and not any(
            name.startswith("backbone.") for name in tensors):
        network = backbone
        last = left_out or next((each.left_out for each in TRAINED.values() if any(
            name.startswith(each.left_out) for name in tensors)), "")
        tensors = {name: tensor for name, tensor in tensors.items()
                   if not last or not name.startswith(last)}
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    wrong = [f"{name} {expected.get(name, 'nothing')}, found {found.get(name, 'nothing')}"
             for name in sorted(expected.keys() | found.keys())
             if expected.get(name) != found.get(name)]
    if wrong:
        raise ValueError(f"{source}: expected {'; '.join(wrong[:5])}")
    network.load_state_dict(tensors)
