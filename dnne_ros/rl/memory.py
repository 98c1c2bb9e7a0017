"""What a network remembers from one step to the next: the layers of an LSTM or a GRU."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from dnne_ros.rl.trajectories import Trajectories

_CELLS: dict[str, tuple[Callable[..., nn.RNNBase], int]] = {
    "lstm": (nn.LSTM, 2), "gru": (nn.GRU, 1)}
"""The layers by name, and how many states each of them carries on."""


class Memory(nn.Module):
    """Recurrent layers, whose states travel as one row of ``width`` numbers an environment.

    The row has, state by state (h, then an LSTM's c), the layers side by side; zeros at the start
    of an episode.
    """

    def __init__(self, cell: str, inputs: int, size: int, layers: int,
                 generator: torch.Generator | None):
        """Make ``layers`` of ``size`` units; weights are drawn as torch does, from ±1/√size."""
        super().__init__()
        kind, self._states = _CELLS[cell]
        self._shape = (layers, size)
        self.width = self._states * layers * size
        self.layers = kind(inputs, size, layers)
        bound = 1.0 / math.sqrt(size)
        for weight in self.layers.parameters():
            nn.init.uniform_(weight, -bound, bound, generator)

    def step(self, features: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """Return what it gives for ``features`` (n, inputs), and its states after that.

        ``before`` and the states returned are (n, width), what is given is (n, size).
        """
        given, after = self.layers(features.unsqueeze(0), self._split(before))
        return given.squeeze(0), self._joined(after)

    def along(self, features: Tensor, trajectories: Trajectories, before: Tensor) -> Tensor:
        """Return what it gives for ``features`` (m, inputs) along ``trajectories``, (m, size).

        ``before`` (trajectories, width): the states that each of them begins with.
        """
        given, _ = self.layers(trajectories.padded(features), self._split(before))
        return trajectories.unpadded(given)

    def _split(self, rows: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Return rows (n, width) as torch has them, (layers, n, size) for each state."""
        layers, size = self._shape
        states = rows.reshape(len(rows), self._states, layers, size).permute(1, 2, 0, 3)
        parts = tuple(state.contiguous() for state in states)
        return parts if self._states > 1 else parts[0]

    def _joined(self, states: Tensor | tuple[Tensor, ...]) -> Tensor:
        """Undo `_split`."""
        parts = states if isinstance(states, tuple) else (states,)
        return torch.stack([part.transpose(0, 1) for part in parts], 1).flatten(1)
