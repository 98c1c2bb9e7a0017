"""Running means and variances, with which inputs and values are brought to one scale."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RunningNormalization(nn.Module):
    """Mean and variance of all rows seen so far; being buffers, they travel with the weights.

    Batches are combined as Chan et al. 1979 do it, "Updating formulae and a pairwise algorithm
    for computing sample variances", eq. 2.1; the variance is that of a population.
    """

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, size: int, epsilon: float = 1e-2):
        """Begin with mean 0 and variance 1; ``epsilon`` is added to standard deviations."""
        super().__init__()
        self._epsilon = epsilon
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @property
    def scale(self) -> Tensor:
        """Standard deviation and ``epsilon``, float32 (size,): what `forward` divides by."""
        return self.variance.sqrt() + self._epsilon

    def forward(self, rows: Tensor) -> Tensor:
        """Return float32 (n, size) with a mean near 0 and a deviation near 1."""
        return (rows - self.mean) / self.scale

    @torch.no_grad()
    def learn(self, rows: Tensor) -> None:
        """Count ``rows``, float32 (n, size)."""
        self.count += len(rows)
        share = len(rows) / self.count
        variance, mean = torch.var_mean(rows, dim=0, correction=0)
        moved = mean - self.mean
        self.mean += share * moved
        self.variance += share * (variance - self.variance + moved * (mean - self.mean))
