"""Kullback-Leibler divergence: how far a policy has moved from the one that acted."""

from __future__ import annotations

import torch
from torch import Tensor


def gaussian_kl(old_mean: Tensor, old_std: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Return KL(old ‖ new) of diagonal Gaussians, (n,).

    log(σ/σ_old) + (σ_old² + (μ_old − μ)²) / 2σ² − ½, summed over dimensions.  Means are float32
    (n, size), standard deviations (n, size) or (size,).
    """
    ratio = old_std / std
    distance = (old_mean - mean) / std
    return (0.5 * (ratio.square() + distance.square() - 1.0) - ratio.log()).sum(-1)


def categorical_kl(old_logits: Tensor, logits: Tensor) -> Tensor:
    """Return KL(old ‖ new) = Σ p_old·(log p_old − log p), (n,), of logits float32 (n, choices)."""
    old = torch.log_softmax(old_logits, -1)
    return (old.exp() * (old - torch.log_softmax(logits, -1))).sum(-1)
