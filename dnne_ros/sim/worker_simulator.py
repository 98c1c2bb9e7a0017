"""What simulators have in common that are in a worker process."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dnne_ros.sim.array_process import ArrayProcess
from dnne_ros.sim.simulator import SimulationError
from dnne_ros.sim.unsaved_simulator import UnsavedSimulator


class WorkerSimulator(UnsavedSimulator):
    """One whose environments are a worker's; tensors come through shared memory.

    A subclass sets ``_device`` and ``_worker``, whose ``hello`` names the ``joints`` of a robot.
    """

    _worker: ArrayProcess
    _device: torch.device

    @property
    def worker_pid(self) -> int:
        """The worker's process id."""
        return self._worker.pid

    def joint_state(self, env: int) -> tuple[list[float], list[float]]:
        """Return positions and velocities of one environment's joints, as the worker has them."""
        if not self._worker.hello["joints"]:
            return super().joint_state(env)
        answer = self._ask("joints", env=env)
        return answer["position"], answer["velocity"]

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    def _take(self, name: str) -> Tensor:
        """Return a copy of a shared array: the next step writes to it."""
        return torch.from_numpy(self._worker.arrays[name].copy()).to(self._device)

    def _ask(self, say: str, **content: Any) -> dict[str, Any]:
        try:
            return self._worker.call(say, **content)
        except SimulationError as error:
            raise SimulationError(f"{self._spec.name}, step {self._steps}: {error}") from None
