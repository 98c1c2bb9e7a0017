"""Steps of an update as CUDA graphs: one call for each minibatch instead of some hundreds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dnne_ros.cuda_graphs import WARM_UPS, aside, capture
from dnne_ros.rl.ppo_config import PPOConfig
from dnne_ros.rl.rollout import Minibatch

Figures = tuple[Tensor, ...]
Step = Callable[[Minibatch, PPOConfig], Figures]


class _Captured(NamedTuple):
    """A step with minibatches of one size: where they are read, and where its figures are."""

    given: list[Tensor]
    figures: Figures
    launch: Callable[[], None]


class CapturedSteps:
    """Takes the steps that ``step(batch, config)`` would, captured for each size of minibatch.

    The first steps of each size are taken one operation after the other.  Other settings are
    captured anew, as they are constants of what is captured.  Figures are those of the newest
    step: the next one writes over them.
    """

    def __init__(self, step: Step, device: torch.device, *, aside: Callable[..., Any] = aside,
                 capture: Callable[..., Any] = capture):
        """Take steps of ``device``, a CUDA device unless both functions are others."""
        self._step, self._device = step, device
        self._aside, self._capture = aside, capture
        self._config: PPOConfig | None = None
        self._warm_ups: Counter[int] = Counter()
        self._by_size: dict[int, _Captured] = {}

    def __call__(self, batch: Minibatch, config: PPOConfig) -> Figures:
        """Take a step."""
        if config != self._config:
            self._config = config
            self._warm_ups.clear()
            self._by_size.clear()
        given = [part for part in batch if isinstance(part, Tensor)]
        size = len(batch.observations)
        if size not in self._by_size:
            if self._warm_ups[size] < WARM_UPS:
                self._warm_ups[size] += 1
                figures: Figures = self._aside(self._device, partial(self._step, batch, config))
                return figures
            self._by_size[size] = self._captured(batch, config)
        captured = self._by_size[size]
        torch._foreach_copy_(captured.given, given)
        captured.launch()
        return captured.figures

    def _captured(self, batch: Minibatch, config: PPOConfig) -> _Captured:
        kept: list[Any] = [torch.empty_like(part) if isinstance(part, Tensor) else part
                           for part in batch]
        figures, launch = self._capture(partial(self._step, Minibatch(*kept), config))
        return _Captured([part for part in kept if isinstance(part, Tensor)], figures, launch)
