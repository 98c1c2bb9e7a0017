"""Cartpole as tensor code: beside MuJoCo's, and on the equations written out."""

from functools import partial

import pytest
import torch

from dnne_ros.cuda_graphs import Captured
from dnne_ros.sim import torch_cartpole
from dnne_ros.sim.simulator import SimulationError, StepResult
from dnne_ros.sim.torch_cartpole import TorchCartpole, advance

STARTS = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.1, -0.2, 0.1, 0.2], [-1.0, 1.0, -0.6, -1.0],
                       [2.0, -2.0, 1.0, 3.0]])


@pytest.mark.parametrize("effort", [0.0, 10.0, -60.0])
def test_the_same_motion_as_mujoco(effort):
    """The same integrator: what differs is float32 against float64.

    One rounding is 6e-8 of values up to 10; in 30 steps of 2 substeps the pole's instability
    (its rate is about 5/s, so a factor of 12 in half a second) carries them to some 1e-4.
    """
    mujoco_cartpole = pytest.importorskip("dnne_ros.sim.mujoco_cartpole")
    simulator = mujoco_cartpole.MujocoCartpole(len(STARTS), seed=0)
    tensors, values = simulator.state()
    simulator.restore(tensors | {"physics": STARTS.double()}, values)
    state, moved = STARTS, 0
    for _ in range(30):
        state = advance(state, torch.full((len(STARTS),), effort))
        result = simulator.step(torch.full((len(STARTS), 1), effort))
        if (result.terminated | result.timed_out).any():
            break
        assert torch.allclose(state, result.next_observations, rtol=1e-4, atol=2e-4)
        moved += 1
    assert moved >= 3


def test_a_whole_training_looks_the_same():
    """Rewards and ends of many episodes under noise: equal within the spread of the mean."""
    mujoco_cartpole = pytest.importorskip("dnne_ros.sim.mujoco_cartpole")
    means = []
    for simulator in (TorchCartpole(500, 1), mujoco_cartpole.MujocoCartpole(500, 1)):
        generator = torch.Generator().manual_seed(0)
        steps = [simulator.step(torch.randn(500, 1, generator=generator) * 5) for _ in range(200)]
        means.append((torch.stack([step.rewards for step in steps]).mean().item(),
                      sum(int(step.terminated.sum()) for step in steps)))
    (reward, ends), (its_reward, its_ends) = means
    assert ends > 1000
    assert ends == pytest.approx(its_ends, rel=0.03)
    assert reward == pytest.approx(its_reward, abs=0.02)


def test_start_states_fill_their_ranges():
    observations = TorchCartpole(2000, seed=0).observations()
    limits = torch.tensor([0.1, 0.25, 0.1, 0.25])
    assert (observations.abs() <= limits).all()
    assert (observations.amax(dim=0) > 0.98 * limits).all()
    assert (observations.amin(dim=0) < -0.98 * limits).all()


def test_each_episode_starts_elsewhere():
    simulator = TorchCartpole(1, seed=0)
    starts = {tuple(simulator.observations()[0].tolist())}
    while len(starts) < 5:
        result = simulator.step(torch.full((1, 1), 400.0))
        if result.terminated.item():
            starts.add(tuple(result.observations[0].tolist()))
    assert len(starts) == 5


def test_a_restored_state_brings_its_seed():
    simulator, other = TorchCartpole(2, seed=1), TorchCartpole(2, seed=2)
    other.restore(*simulator.state())
    for _ in range(60):
        push = torch.full((2, 1), 30.0)
        assert torch.equal(simulator.step(push).observations, other.step(push).observations)


def test_diverged_physics_names_step_and_environment():
    simulator = TorchCartpole(3, seed=0)
    tensors, values = simulator.state()
    tensors["physics"][1, 3] = 1e30
    simulator.restore(tensors, values)
    with pytest.raises(SimulationError, match=r"step 1: the physics has diverged in "
                                              r"environment 1"):
        simulator.step(torch.zeros(3, 1))


def test_what_a_capture_would_give_is_what_the_steps_give(monkeypatch):
    """A function of the same form plays it: work is done when it is launched."""
    simulator, other = TorchCartpole(8, 3), TorchCartpole(8, 3)

    def capture(work):
        kept = StepResult(*(torch.zeros_like(part) for part in last))

        def launch():
            for mine, found in zip(kept, work(), strict=True):
                mine.copy_(found)

        return kept, launch

    monkeypatch.setattr(torch_cartpole, "Captured", partial(
        Captured, aside=lambda _, work: work(), capture=capture))
    generator, given = torch.Generator().manual_seed(0), []
    for _ in range(30):
        actions = 20 * torch.randn(8, 1, generator=generator)
        last = simulator._captured_step(actions)
        given.append((last, other.step(actions)))
    assert simulator._captured.is_captured
    for found, expected in given:  # nothing wrote over them later
        assert all(torch.equal(*parts) for parts in zip(found, expected, strict=True))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_graph_gives_what_the_steps_give():
    simulator, other = TorchCartpole(64, 3, "cuda"), TorchCartpole(64, 3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(30):
        actions = 20 * torch.randn(64, 1, generator=generator)
        result, expected = simulator.step(actions.cuda()), other.step(actions)
        assert result.observations.device.type == "cuda"
        assert torch.equal(result.terminated.cpu(), expected.terminated)
        assert torch.allclose(result.observations.cpu(), expected.observations, atol=1e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_bad_action_on_the_device_is_found_later_and_named():
    simulator = TorchCartpole(8, 3, "cuda")
    actions = torch.zeros(8, 1, device="cuda")
    simulator.step(actions)
    actions[5] = torch.nan
    with pytest.raises(SimulationError, match="step 2: .* in environment 5"):
        for _ in range(200):
            simulator.step(actions)
