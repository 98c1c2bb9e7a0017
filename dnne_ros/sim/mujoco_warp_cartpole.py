"""Cartpole in MuJoCo Warp: MuJoCo's physics in parallel worlds on a CUDA device.

It runs on the CPU too, slowly and for tests.  Tensors and Warp's arrays share their memory.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dnne_ros.sim import cartpole
from dnne_ros.sim.mujoco_scene import cartpole_scene
from dnne_ros.sim.mujoco_warnings import take_over_warnings
from dnne_ros.sim.quiet_mujoco import mujoco
from dnne_ros.sim.quiet_warp import mujoco_warp, warp
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.torch_cartpole import TorchCartpole


class MujocoWarpCartpole(TorchCartpole):
    """Cartpole with MuJoCo Warp's physics in float32, one world an environment.

    Start states, rewards and ends are those of `TorchCartpole`, with the same numbers.  On a
    CUDA device, Warp captures the physics of a step in a CUDA graph.
    """

    captures = False

    def __init__(self, num_envs: int, seed: int, device: torch.device | str = "cpu"):
        """Make ``num_envs`` worlds (at least 1, else ValueError) on ``device``."""
        super().__init__(num_envs, seed, device)
        take_over_warnings()
        warp.init()
        model = mujoco.MjModel.from_xml_string(cartpole_scene(1))
        with warp.ScopedDevice(warp.device_from_torch(self._device)):
            self._model = mujoco_warp.put_model(model)
            self._data = mujoco_warp.make_data(model, nworld=num_envs)
            # Views of Warp's memory, (environments, 2): cart and pole.
            self._position = warp.to_torch(self._data.qpos)
            self._velocity = warp.to_torch(self._data.qvel)
            self._force = warp.to_torch(self._data.qfrc_applied)
            self._substeps = self._captured_substeps() if self._device.type == "cuda" \
                else self._take_substeps

    def _advance(self, efforts: Tensor) -> Tensor:
        self._position.copy_(self._physics[:, 0::2])
        self._velocity.copy_(self._physics[:, 1::2])
        self._force[:, 0] = efforts
        self._substeps()
        return torch.stack((self._position, self._velocity), dim=2).flatten(1)

    def _take_substeps(self) -> None:
        for _ in range(cartpole.SUBSTEPS):
            mujoco_warp.step(self._model, self._data)

    def _captured_substeps(self) -> Callable[[], None]:
        self._take_substeps()  # compiles the kernels, which a capture must not do
        with warp.ScopedCapture() as capture:
            self._take_substeps()
        graph = capture.graph

        def replay() -> None:
            # On torch's stream, so that neither has to wait for the other.
            warp.capture_launch(graph, stream=warp.stream_from_torch(
                torch.cuda.current_stream(self._device)))

        return replay


def make(settings: SimulatorSettings) -> MujocoWarpCartpole:
    """Make what the settings ask for."""
    return MujocoWarpCartpole(settings.num_envs, settings.seed, settings.device)
