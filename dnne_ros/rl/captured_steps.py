"""Steps of an update as CUDA graphs: one call for each minibatch instead of some hundreds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dnne_ros.cuda_graphs import Captured
from dnne_ros.rl.ppo_config import PPOConfig
from dnne_ros.rl.rollout import Minibatch

Figures = tuple[Tensor, ...]
Step = Callable[[Minibatch, PPOConfig], Figures]


class CapturedSteps:
    """Takes the steps that ``step(batch, config)`` would, captured for each size of minibatch.

    Other settings are captured anew, as they are constants of what is captured.  Figures are those
    of the newest step: the next one writes over them.
    """

    def __init__(self, step: Step, device: torch.device,
                 captured: Callable[..., Captured[Figures]] = Captured):
        """Take steps of ``device``; ``captured`` is what captures them."""
        self._step, self._device, self._make = step, device, captured
        self._config: PPOConfig | None = None
        self._by_size: dict[int, Captured[Figures]] = {}

    def forget(self) -> None:
        """Capture anew what comes next: what was captured reads and writes memory of before."""
        self._by_size.clear()

    def __call__(self, batch: Minibatch, config: PPOConfig) -> Figures:
        """Take a step."""
        if config != self._config:
            self._config = config
            self.forget()
        given = {name: part for name, part in batch._asdict().items() if part is not None}
        size = len(batch.observations)
        if size not in self._by_size:
            self._by_size[size] = self._make(
                partial(self._step_of, tuple(given), config), self._device)
        return self._by_size[size](*given.values())

    def _step_of(self, names: tuple[str, ...], config: PPOConfig, *parts: Tensor) -> Figures:
        batch: dict[str, Any] = dict(zip(names, parts, strict=True))
        return self._step(Minibatch(**batch), config)
