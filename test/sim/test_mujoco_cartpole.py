"""MuJoCo's Cartpole against equations of motion that are written out here."""

import math

import numpy as np
import pytest
import torch

mujoco_cartpole = pytest.importorskip("dnne_ros.sim.mujoco_cartpole")
MujocoCartpole = mujoco_cartpole.MujocoCartpole

CART, POLE, CENTRE, GRAVITY = 1.0, 1.0, 0.47, 9.81
INERTIA = POLE * (0.06 ** 2 + 1.0 ** 2) / 12  # a box, about its centre, across the hinge
STEP = 1 / 60


def accelerations(state, effort):
    """Return (cart, pole) accelerations of state (x, v, angle, turn).

    Lagrange's equations, with the pole's centre at (x - l·sin θ, l·cos θ):
    (M + m)·x" - m·l·cos θ·θ" + m·l·sin θ·θ'² = F
    -m·l·cos θ·x" + (I + m·l²)·θ" - m·g·l·sin θ = 0
    """
    _, _, angle, turn = state
    coupling = -POLE * CENTRE * math.cos(angle)
    mass = np.array([[CART + POLE, coupling], [coupling, INERTIA + POLE * CENTRE ** 2]])
    force = np.array([effort - POLE * CENTRE * math.sin(angle) * turn ** 2,
                      POLE * GRAVITY * CENTRE * math.sin(angle)])
    return np.linalg.solve(mass, force)


def derivative(state, effort):
    """Return d(x, v, angle, turn)/dt."""
    cart, pole = accelerations(state, effort)
    return np.array([state[1], cart, state[3], pole])


def runge_kutta(state, effort, seconds, substeps=20):
    """Integrate with the classical fourth-order method."""
    h = seconds / substeps
    for _ in range(substeps):
        k1 = derivative(state, effort)
        k2 = derivative(state + h / 2 * k1, effort)
        k3 = derivative(state + h / 2 * k2, effort)
        k4 = derivative(state + h * k3, effort)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


def semi_implicit_euler(state, effort, seconds, substeps=2):
    """Integrate as the simulator does: velocities first, then positions with the new ones."""
    h = seconds / substeps
    for _ in range(substeps):
        cart, pole = accelerations(state, effort)
        v, turn = state[1] + h * cart, state[3] + h * pole
        state = np.array([state[0] + h * v, v, state[2] + h * turn, turn])
    return state


def at(states):
    """Return a simulator whose environments are in ``states`` (n, 4)."""
    simulator = MujocoCartpole(len(states), seed=0)
    tensors, values = simulator.state()
    physics = torch.as_tensor(np.array(states), dtype=torch.float64)
    simulator.restore(tensors | {"physics": physics}, values)
    return simulator


def physics(simulator):
    """Return the state in float64, (n, 4)."""
    return simulator.state()[0]["physics"].numpy()


STARTS = np.array([(0.0, 0.0, 0.0, 0.0), (0.1, -0.2, 0.1, 0.2), (-1.0, 1.0, -0.6, -1.0),
                   (2.0, -2.0, 1.0, 3.0)])


@pytest.mark.parametrize("effort", [0.0, 10.0, -60.0])
def test_masses_inertia_and_gravity(effort):
    """The same integrator on the written-out equations gives the same numbers to rounding."""
    simulator = at(STARTS)
    expected = STARTS
    for _ in range(5):
        simulator.step(torch.full((len(STARTS), 1), effort))
        expected = np.array([semi_implicit_euler(state, effort, STEP) for state in expected])
        assert physics(simulator) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("effort", [0.0, 3.0, -3.0])
def test_follows_the_true_motion(effort):
    """Against an accurate integration, over 10 steps.

    Semi-implicit Euler is of first order.  On the way it misplaces positions by h/2 times the
    change of velocity, and velocities by h/2 times the change of acceleration.  With h = 1/120 s
    and changes up to 2.4/s and 4/s², that is 0.010 and 0.017; half of it is allowed on top.
    """
    simulator = at(STARTS[:3])
    expected = STARTS[:3]
    for _ in range(10):
        simulator.step(torch.full((3, 1), effort))
        expected = np.array([runge_kutta(state, effort, STEP) for state in expected])
    assert np.abs(expected - STARTS[:3]).max() > 1.5  # it moved
    error = np.abs(physics(simulator) - expected).max(axis=0)
    assert (error < [0.015, 0.025, 0.015, 0.025]).all(), error


def conserved(state):
    """Return energy, J, and momentum along the rail, kg·m/s."""
    _, v, angle, turn = state
    momentum = (CART + POLE) * v - POLE * CENTRE * math.cos(angle) * turn
    kinetic = 0.5 * (CART + POLE) * v ** 2 - POLE * CENTRE * math.cos(angle) * v * turn \
        + 0.5 * (INERTIA + POLE * CENTRE ** 2) * turn ** 2
    return kinetic + POLE * GRAVITY * CENTRE * math.cos(angle), momentum


def test_keeps_energy_and_momentum_without_effort():
    """Nothing damps: a pole that falls turns its potential energy, 4.6 J, into motion.

    The integrator is symplectic but of first order, so that both waver by O(h).
    """
    simulator = at(STARTS[1:2])
    energy_before, momentum_before = conserved(physics(simulator)[0])
    for _ in range(24):
        result = simulator.step(torch.zeros(1, 1))
    assert not result.terminated.any()
    assert physics(simulator)[0, 3] > 2.0  # it fell
    energy, momentum = conserved(physics(simulator)[0])
    assert energy == pytest.approx(energy_before, rel=0.01)
    assert momentum == pytest.approx(momentum_before, abs=0.02)


def test_effort_is_clipped_to_the_limit():
    simulator, limited = at(STARTS[:1]), at(STARTS[:1])
    simulator.step(torch.tensor([[1e6]]))
    limited.step(torch.tensor([[400.0]]))
    assert np.array_equal(physics(simulator), physics(limited))


def test_leaning_to_a_positive_angle_is_leaning_to_negative_y():
    simulator = at([(0.0, 0.0, 0.2, 0.0)])
    simulator.step(torch.zeros(1, 1))
    x, _, angle, _ = physics(simulator)[0]
    assert angle > 0.2
    assert x > 0  # the cart gives way to the other side


@pytest.mark.parametrize("at_once", [1, 7, 33])
def test_blocks_and_threads_make_no_difference(monkeypatch, at_once):
    def rollout(threads):
        simulator = MujocoCartpole(33, seed=5, threads=threads)
        generator = torch.Generator()
        generator.manual_seed(1)
        results = [simulator.step(100 * torch.randn(33, 1, generator=generator))
                   for _ in range(40)]
        simulator.close()
        return torch.stack([result.next_observations for result in results])

    expected = rollout(1)
    monkeypatch.setattr(mujoco_cartpole, "BLOCK", at_once)
    assert torch.equal(rollout(1), expected)
    assert torch.equal(rollout(3), expected)


def test_start_states_fill_their_ranges():
    observations = MujocoCartpole(2000, seed=0).observations()
    limits = torch.tensor([0.1, 0.25, 0.1, 0.25])
    assert (observations.abs() <= limits).all()
    assert (observations.amax(dim=0) > 0.98 * limits).all()
    assert (observations.amin(dim=0) < -0.98 * limits).all()
    assert (observations.mean(dim=0).abs() < 0.1 * limits).all()


@pytest.mark.parametrize("state, terminated", [
    ((2.99, 10.0, 0.0, 0.0), True),
    ((0.0, 0.0, 1.56, 5.0), True),
    ((0.0, 0.0, 0.0, 0.0), False),
])
def test_falling_in_the_last_step_is_no_time_out(state, terminated):
    simulator = at([state])
    tensors, values = simulator.state()
    simulator.restore(tensors | {"lengths": torch.tensor([499], dtype=torch.int32)}, values)
    result = simulator.step(torch.zeros(1, 1))
    assert result.terminated.item() == terminated
    assert result.timed_out.item() == (not terminated)
    assert (result.rewards.item() == -2.0) == terminated
    assert (result.observations.abs() <= torch.tensor([0.1, 0.25, 0.1, 0.25])).all()


def test_no_environments_are_refused():
    with pytest.raises(ValueError, match="num_envs: expected at least 1, found 0"):
        MujocoCartpole(0, seed=0)
