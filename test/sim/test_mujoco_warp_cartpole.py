"""MuJoCo Warp's Cartpole beside the one that is written out in torch."""

import pytest
import torch

from dnne_ros.sim.torch_cartpole import TorchCartpole

MujocoWarpCartpole = pytest.importorskip("dnne_ros.sim.mujoco_warp_cartpole").MujocoWarpCartpole


def test_the_same_motion_as_torch():
    """Both are float32 and start in the same states; roundings grow with the pole's fall."""
    simulator, other = MujocoWarpCartpole(8, seed=3), TorchCartpole(8, seed=3)
    assert torch.equal(simulator.observations(), other.observations())
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        actions = 5 * torch.randn(8, 1, generator=generator)
        result, expected = simulator.step(actions), other.step(actions)
        assert torch.equal(result.terminated, expected.terminated)
        assert torch.allclose(result.rewards, expected.rewards, atol=1e-3)
        assert torch.allclose(
            result.next_observations, expected.next_observations, rtol=1e-3, atol=1e-3)
