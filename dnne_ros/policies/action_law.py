"""The likeliest action, given what a network gives: `dnne_ros.rl.distributions` without torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_LEAST_STD = 1e-6
_EDGE = np.float32(1.0 - 1e-6)

Law = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray | None]]
"""Outputs float32 (n, outputs) → actions (n, size), log π of them (n,), deviations or None."""


def action_law(architecture: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Law:
    """Return the law by which a saved policy acts; see `dnne_ros.rl.policy_spec`."""
    if architecture["discrete"]:
        sizes = architecture.get("choices") or [architecture["action_size"]]
        return partial(_choose, np.cumsum(sizes)[:-1])
    if architecture.get("std_type", "log") == "log":
        log_std = np.asarray(weights["log_std"], np.float32)
    else:
        log_std = np.log(np.maximum(np.asarray(weights["std"], np.float32), _LEAST_STD))
    return partial(_centre, log_std, bool(architecture.get("squash")))


def _choose(ends: np.ndarray, logits: np.ndarray
            ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    actions, log_prob = [], np.zeros(len(logits), np.float32)
    for part in np.split(logits, ends, axis=1):
        choices = part.argmax(axis=1, keepdims=True)
        above = part - part.max(axis=1, keepdims=True)
        log_probs = above - np.log(np.exp(above).sum(axis=1, keepdims=True))
        actions.append(choices.astype(np.float32))
        log_prob = log_prob + np.take_along_axis(log_probs, choices, axis=1)[:, 0]
    return np.concatenate(actions, axis=1), log_prob, None


def _centre(log_std: np.ndarray, squash: bool, mean: np.ndarray
            ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    constant = -(log_std.sum() + np.float32(log_std.size * _HALF_LOG_2PI))
    log_prob = np.full(len(mean), constant, np.float32)
    std = np.tile(np.exp(log_std), (len(mean), 1))
    if not squash:
        return mean, log_prob, std
    inside = np.tanh(mean).clip(-_EDGE, _EDGE)
    distance = np.square((np.arctanh(inside) - mean) / std).sum(axis=1)
    log_prob = log_prob - 0.5 * distance - np.log(1.0 - np.square(inside)).sum(axis=1)
    return np.tanh(mean), log_prob.astype(np.float32), std
