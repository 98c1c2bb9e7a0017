"""What Stable-Baselines3 does with a network's output for the bounds of its actions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dnne_ros.policies.interface import ActionTerm

_MOST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Box:
    """Least and greatest action, float64 (actions,) each, infinite where there is no bound."""

    low: np.ndarray
    high: np.ndarray

    def clipped(self, actions: ActionTerm) -> ActionTerm:
        """Return ``actions`` of a network whose output is kept inside the box.

        The bounds become ones of the command, behind scale and offset.
        """
        ends = np.sort([self._commanded(actions, end) for end in (self.low, self.high)], axis=0)
        return _limited(actions, ends[0], ends[1])

    def spread(self, actions: ActionTerm) -> ActionTerm:
        """Return ``actions`` of a network whose output, from -1 to 1, is spread over the box.

        Raises ValueError for a box without bounds.
        """
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise ValueError("expected bounds of the action space, over which its actions are "
                             "spread, found infinite ones")
        half, middle = (self.high - self.low) / 2.0, (self.high + self.low) / 2.0
        scale = np.ones_like(half) if actions.scale is None else np.array(actions.scale)
        spread = replace(actions, clip=None, scale=_floats(half * scale),
                         offset=_floats(self._commanded(actions, middle)))
        if actions.clip is None:
            return spread
        ends = np.sort([self._commanded(actions, np.full_like(half, end))
                        for end in actions.clip], axis=0)
        return _limited(spread, ends[0], ends[1])

    def _commanded(self, actions: ActionTerm, values: np.ndarray) -> np.ndarray:
        """Return ``values`` with scale and offset."""
        scaled = values * (1.0 if actions.scale is None else np.array(actions.scale))
        return scaled + (0.0 if actions.offset is None else np.array(actions.offset))


def _limited(actions: ActionTerm, low: np.ndarray, high: np.ndarray) -> ActionTerm:
    """Return ``actions`` with further bounds of the command; ValueError if none are left."""
    if actions.limits is not None:
        least, greatest = np.array(actions.limits).T
        low, high = np.maximum(low, least), np.minimum(high, greatest)
    if (low > high).any():
        raise ValueError("the bounds of the action space and actions.limits of the interface "
                         "have nothing in common")
    if np.isinf(low).all() and np.isinf(high).all():
        return actions
    pairs = np.clip(np.stack([low, high], axis=1), -_MOST, _MOST)
    return replace(actions, limits=tuple((float(least), float(most)) for least, most in pairs))


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(map(float, values))
