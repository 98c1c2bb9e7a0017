"""The simulator."""

import torch

from dnne_ros.testing import SimulatorTests


class TestCorridor(SimulatorTests):
    backend = "corridor"
    task = "Corridor"

    def survive(self, observations):
        return observations @ torch.tensor([[-12.0], [-6.0]])

    def test_a_push_moves(self, make):
        simulator = make()
        _, before = simulator.observations().unbind(1)
        offset = simulator.observations()[:, 0]
        after = simulator.step(torch.full((5, 1), 100.0)).observations
        assert torch.allclose(after[:, 1], before + (4.0 + 2.0 * offset) * 0.05)
