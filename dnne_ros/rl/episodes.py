"""Returns of finished episodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dnne_ros.arrays import is_on_cpu
from dnne_ros.rl.episode_logs import EpisodeLogs

_MOST_WAITING = 1000


class EpisodeStatistics:
    """Adds up rewards to episode returns, and keeps those of the last ``window`` episodes.

    Steps of a device are looked at together, when somebody asks: to look at each would wait for
    all that is queued there.

    Attributes:
        logs: what the environment says of the episodes.

    """

    def __init__(self, num_envs: int, window: int = 100):
        """Count for ``num_envs`` environments, all at the start of an episode."""
        self._finished = 0
        self._returns: deque[float] = deque(maxlen=window)
        self._lengths: deque[int] = deque(maxlen=window)
        self.logs = EpisodeLogs(window)
        self._running_returns = np.zeros(num_envs)
        self._running_lengths = np.zeros(num_envs, np.int64)
        self._waiting: list[tuple[Tensor, Tensor]] = []

    @property
    def finished(self) -> int:
        """How many episodes have ended since the start."""
        self._count_waiting()
        return self._finished

    @property
    def returns(self) -> deque[float]:
        """Of the last ``window`` finished episodes, oldest first.

        Those that end in the same step are in the order of their environments.
        """
        self._count_waiting()
        return self._returns

    @property
    def lengths(self) -> deque[int]:
        """Of the same episodes, in steps."""
        self._count_waiting()
        return self._lengths

    @property
    def mean_return(self) -> float | None:
        """Mean of ``returns``; None before the first episode has finished."""
        returns = self.returns
        return sum(returns) / len(returns) if returns else None

    @property
    def mean_running_return(self) -> float:
        """Mean, over environments, of what the present episodes have gathered so far."""
        self._count_waiting()
        return float(self._running_returns.mean())

    @property
    def window_full(self) -> bool:
        """Whether ``window`` episodes have finished."""
        return len(self.returns) == self.returns.maxlen

    def add(self, rewards: Tensor, done: Tensor, log: Mapping[str, Any] | None = None) -> None:
        """Count a step: ``rewards`` (num_envs,), ``done`` bool (num_envs,), ended for any reason.

        ``log``: what the environment says of the episodes that ended, as `EpisodeLogs` takes it.
        ValueError for another number of environments.
        """
        if rewards.shape != self._running_returns.shape or done.shape != rewards.shape:
            raise ValueError(f"expected rewards and done {self._running_returns.shape}, found "
                             f"{tuple(rewards.shape)} and {tuple(done.shape)}")
        self.logs.add(log)
        if is_on_cpu(rewards):
            self._count(rewards.numpy(), done.numpy())
            return
        self._waiting.append((rewards, done))
        if len(self._waiting) == _MOST_WAITING:
            self._count_waiting()

    def _count_waiting(self) -> None:
        if self._waiting:
            rewards, done = (torch.stack(steps).cpu().numpy()
                             for steps in zip(*self._waiting, strict=True))
            self._waiting.clear()
            for step in zip(rewards, done, strict=True):
                self._count(*step)

    def _count(self, rewards: np.ndarray, done: np.ndarray) -> None:
        self._running_returns += rewards
        self._running_lengths += 1
        ended = done.nonzero()[0]
        if ended.size:
            self._finished += ended.size
            self._returns.extend(self._running_returns[ended].tolist())
            self._lengths.extend(self._running_lengths[ended].tolist())
            self._running_returns[ended] = 0.0
            self._running_lengths[ended] = 0

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything, as tensors and JSON values."""
        self._count_waiting()
        tensors = {"running_returns": torch.from_numpy(self._running_returns.copy()),
                   "running_lengths": torch.from_numpy(self._running_lengths.copy())}
        return tensors, {"finished": self.finished, "returns": list(self.returns),
                         "lengths": list(self.lengths), "logs": self.logs.state()}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any], *,
                new_episodes: bool = False) -> None:
        """Go back to what `state` returned; with ``new_episodes`` those that ran are forgotten.

        ValueError for another number of environments, which new episodes may have.
        """
        self._waiting.clear()
        if not new_episodes:
            found = tuple(tensors["running_returns"].shape)
            if found != self._running_returns.shape:
                raise ValueError(f"expected running returns {self._running_returns.shape}, "
                                 f"found {found}")
            self._running_returns[:] = tensors["running_returns"].numpy()
            self._running_lengths[:] = tensors["running_lengths"].numpy()
        self._finished = values["finished"]
        self._returns = deque(values["returns"], maxlen=self._returns.maxlen)
        self._lengths = deque(values["lengths"], maxlen=self._lengths.maxlen)
        self.logs.restore(values.get("logs", []))  # a checkpoint of an earlier version has none
