"""The networks: pictures and sound to features, features to an action."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

PICTURE_SIDE = 64
"""Pictures are scaled to this many pixels a side, so that their size does not matter."""
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


def _as_input(picture: Tensor) -> Tensor:
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
        picture.permute(2, 0, 1)[None], (PICTURE_SIDE, PICTURE_SIDE), mode="bilinear",
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
    """One hidden layer over both kinds of features; an action and how sure it is of it."""

    def __init__(self, vision: int, sound: int, hidden: int, actions: int):
        """Take ``vision`` + ``sound`` features."""
        super().__init__()
        self.sizes = (vision, sound)
        self.hidden = nn.Linear(vision + sound, hidden)
        self.action = nn.Linear(hidden, actions)
        self.confidence = nn.Linear(hidden, 1)

    def forward(self, vision: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Return the action (n, actions) from -1 to 1 and the confidence (n,) from 0 to 1."""
        found = (vision.shape[-1], sound.shape[-1])
        if found != self.sizes or vision.dim() != 2 or sound.dim() != 2:
            raise ValueError(f"expected features (n, {self.sizes[0]}) and (n, {self.sizes[1]}), "
                             f"found {tuple(vision.shape)} and {tuple(sound.shape)}")
        hidden = self.hidden(torch.cat((vision, sound), 1)).relu()
        return self.action(hidden).tanh(), self.confidence(hidden).sigmoid().squeeze(1)


def frozen(make: Callable[[], Module], seed: int, weights: str, device: torch.device) -> Module:
    """Return a network for inference alone, with weights drawn from ``seed`` or of a file.

    ``weights``: a safetensors file, "" for none.  Raises ValueError naming what is wrong with
    it.  torch's own random state stays as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make()
    if weights:
        _load(network, Path(weights))
    return network.eval().requires_grad_(False).to(device)


def _load(network: nn.Module, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"weights {path}: expected a safetensors file, found {error}") from None
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    wrong = [f"{name} {expected.get(name, 'nothing')}, found {found.get(name, 'nothing')}"
             for name in sorted(expected.keys() | found.keys())
             if expected.get(name) != found.get(name)]
    if wrong:
        raise ValueError(f"weights {path}: expected {'; '.join(wrong[:5])}")
    network.load_state_dict(tensors)
