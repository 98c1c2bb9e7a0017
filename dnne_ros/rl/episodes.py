"""Returns of finished episodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dnne_ros.rl.episode_logs import EpisodeLogs


class EpisodeStatistics:
    """Adds up rewards to episode returns, and keeps those of the last ``window`` episodes.

    Attributes:
        finished: how many episodes have ended since the start.
        returns: of the last ``window`` finished episodes, oldest first.  Those that end in the
            same step are in the order of their environments.
        lengths: their lengths, in steps.
        logs: what the environment says of them.

    """

    def __init__(self, num_envs: int, window: int = 100):
        """Count for ``num_envs`` environments, all at the start of an episode."""
        self.finished = 0
        self.returns: deque[float] = deque(maxlen=window)
        self.lengths: deque[int] = deque(maxlen=window)
        self.logs = EpisodeLogs(window)
        self._running_returns = np.zeros(num_envs)
        self._running_lengths = np.zeros(num_envs, np.int64)

    @property
    def mean_return(self) -> float | None:
        """Mean of ``returns``; None before the first episode has finished."""
        return sum(self.returns) / len(self.returns) if self.returns else None

    @property
    def mean_running_return(self) -> float:
        """Mean, over environments, of what the present episodes have gathered so far."""
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
        self._running_returns += rewards.cpu().numpy()
        self._running_lengths += 1
        self.logs.add(log)
        ended = done.cpu().numpy().nonzero()[0]
        if ended.size:
            self.finished += ended.size
            self.returns.extend(self._running_returns[ended].tolist())
            self.lengths.extend(self._running_lengths[ended].tolist())
            self._running_returns[ended] = 0.0
            self._running_lengths[ended] = 0

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything, as tensors and JSON values."""
        tensors = {"running_returns": torch.from_numpy(self._running_returns.copy()),
                   "running_lengths": torch.from_numpy(self._running_lengths.copy())}
        return tensors, {"finished": self.finished, "returns": list(self.returns),
                         "lengths": list(self.lengths), "logs": self.logs.state()}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any], *,
                new_episodes: bool = False) -> None:
        """Go back to what `state` returned; with ``new_episodes`` those that ran are forgotten.

        ValueError for another number of environments, which new episodes may have.
        """
        if not new_episodes:
            found = tuple(tensors["running_returns"].shape)
            if found != self._running_returns.shape:
                raise ValueError(f"expected running returns {self._running_returns.shape}, "
                                 f"found {found}")
            self._running_returns[:] = tensors["running_returns"].numpy()
            self._running_lengths[:] = tensors["running_lengths"].numpy()
        self.finished = values["finished"]
        self.returns = deque(values["returns"], maxlen=self.returns.maxlen)
        self.lengths = deque(values["lengths"], maxlen=self.lengths.maxlen)
        self.logs.restore(values.get("logs", []))  # a checkpoint of an earlier version has none
