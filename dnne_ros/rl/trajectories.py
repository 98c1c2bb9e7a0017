"""Rows of a rollout as what followed what: back propagation through time needs them in order."""

from __future__ import annotations

import torch
from torch import Tensor


class Trajectories:
    """The stretches of episodes in the steps of some environments, padded to the longest.

    Rows are steps after steps of n environments: row t·n + e is step t of environment e.  A
    stretch begins with the first step and behind each end of an episode.  Nothing that is padded
    reaches a row: it comes behind the stretch, and is dropped.
    """

    def __init__(self, done: Tensor):
        """Find them by ``done``, bool (steps, n): episodes that ended with a step."""
        steps, count = done.shape
        begins = torch.cat([torch.ones_like(done[:1]), done[:-1]])
        # Environment by environment, so that a stretch is a run of neighbours.
        starts = begins.T.flatten().nonzero().squeeze(1)
        number = begins.T.flatten().cumsum(0) - 1
        position = torch.arange(steps * count, device=done.device) - starts[number]
        self._longest = int(position.max()) + 1
        row = torch.arange(steps * count, device=done.device).view(steps, count).T.flatten()
        self._rows = torch.zeros(self._longest * len(starts), dtype=torch.int64,
                                 device=done.device)
        place = position * len(starts) + number
        self._rows[place] = row
        self._places = torch.empty_like(row)
        self._places[row] = place
        self._first = starts % steps == 0

    def __len__(self) -> int:
        return len(self._first)

    def padded(self, rows: Tensor) -> Tensor:
        """Return ``rows`` (m, size) as (longest, stretches, size)."""
        return rows[self._rows].view(self._longest, len(self), -1)

    def unpadded(self, padded: Tensor) -> Tensor:
        """Undo `padded`, of any size."""
        return padded.flatten(0, 1)[self._places]

    def beginnings(self, memory: Tensor) -> Tensor:
        """Return what each begins with (stretches, width), of an environment's ``memory`` each.

        Those that begin with an episode begin with zeros.
        """
        states = torch.zeros(len(self), memory.shape[1], device=memory.device)
        states[self._first] = memory
        return states
