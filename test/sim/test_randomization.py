"""Physics that differ between episodes: the text, and what it does to the motion."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from dnne_ros.sim.randomization import Randomization


def ranges(low):
    bound = st.floats(low, 1e6)
    return st.tuples(bound, bound).map(lambda pair: tuple(sorted(pair)))


@given(ranges(1e-6), ranges(0.0), ranges(0.0))
def test_what_is_written_is_read(mass, damping, gain):
    randomization = Randomization(mass, damping, gain)
    assert Randomization.parse(str(randomization)) == randomization


@given(st.text("mas:.,0123456789 -einfgx", max_size=30))
def test_any_text_is_read_or_refused_with_a_reason(text):
    try:
        found = Randomization.parse(text)
    except ValueError as error:
        assert str(error)
    else:
        assert found is None or isinstance(found, Randomization)


@pytest.mark.parametrize("text, expected", [
    ("", None), ("  ", None),
    ("mass:0.8..1.2", Randomization(mass=(0.8, 1.2))),
    ("gain: 2 , damping:0 .. 0.5", Randomization(damping=(0.0, 0.5), gain=(2.0, 2.0))),
])
def test_texts(text, expected):
    assert Randomization.parse(text) == expected


@pytest.mark.parametrize("text, message", [
    ("mass", "expected entries such as mass:0.8..1.2, found 'mass'"),
    ("friction:0..1", "expected one of mass, damping, gain, found 'friction'"),
    ("mass:0..1", r"mass: expected a range above 0 upwards, found 0\.\.1"),
    ("gain:2..1", r"gain: expected a range from 0 upwards, found 2\.\.1"),
    ("gain:1..inf", "gain: expected a range"),
    ("gain:1..nan", "gain: expected a range"),
    ("gain:a..b", "gain: expected numbers, found 'a' and 'b'"),
    ("gain:1,gain:2", "gain is there twice"),
])
def test_what_is_wrong_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        Randomization.parse(text)


# Numbers of the task, and its equations; see test_mujoco_cartpole.py.
STEP = 1 / 120


def by_hand(state, effort, factors, damping):
    """Return the state after one step: implicit in the damping, as MuJoCo's Euler is.

    (M + h·D)·q" = forces - D·q', so that M·q" = forces - D·(q' + h·q").
    """
    cart, pole, centre = factors[0] * 1.0, factors[1] * 1.0, 0.47
    inertia = pole * (0.06 ** 2 + 1.0 ** 2) / 12 + pole * centre ** 2
    for _ in range(2):
        x, v, angle, turn = state
        coupling = -pole * centre * np.cos(angle)
        mass = np.array([[cart + pole, coupling], [coupling, inertia]])
        force = np.array([effort - pole * centre * np.sin(angle) * turn ** 2 - damping[0] * v,
                          pole * 9.81 * centre * np.sin(angle) - damping[1] * turn])
        acceleration = np.linalg.solve(mass + STEP * np.diag(damping), force)
        v, turn = v + STEP * acceleration[0], turn + STEP * acceleration[1]
        state = np.array([x + STEP * v, v, angle + STEP * turn, turn])
    return state


@pytest.fixture
def cartpole():
    return pytest.importorskip("dnne_ros.sim.mujoco_cartpole")


def make(cartpole, text, num_envs=3, **options):
    return cartpole.MujocoCartpole(
        num_envs, seed=1, randomization=Randomization.parse(text), **options)


def test_masses_damping_and_gain_move_the_cartpole(cartpole):
    simulator = make(cartpole, "mass:0.5..2, damping:0..3, gain:0.5..2")
    tensors, _ = simulator.state()
    state, variations = tensors["physics"].numpy(), tensors["variations"].numpy()
    assert len(np.unique(variations)) == variations.size
    for _ in range(3):
        simulator.step(torch.full((3, 1), 5.0))
        state = np.array([
            by_hand(row, 5.0 * its[4], its[:2], its[2:4])
            for row, its in zip(state, variations, strict=True)])
    assert simulator.state()[0]["physics"].numpy() == pytest.approx(state, rel=1e-8, abs=1e-8)


def test_each_episode_draws_within_the_ranges(cartpole):
    simulator = make(cartpole, "mass:0.8..1.2", num_envs=40)
    before = simulator.state()[0]["variations"]
    for _ in range(20):
        result = simulator.step(torch.full((40, 1), 400.0))
    done = result.terminated | (simulator.state()[0]["variations"] != before).any(dim=1)
    after = simulator.state()[0]["variations"]
    assert done.all()
    assert (after[:, :2] != before[:, :2]).all()
    assert (after[:, :2] >= 0.8).all() and (after[:, :2] <= 1.2).all()
    assert (after[:, 2:] == torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)).all()


def test_nothing_changes_where_it_is_off(cartpole):
    simulator, other = make(cartpole, ""), cartpole.MujocoCartpole(3, seed=1)
    push = torch.full((3, 1), 30.0)
    for _ in range(60):
        assert torch.equal(simulator.step(push).observations, other.step(push).observations)


def test_the_seed_decides_and_a_state_goes_on(cartpole, monkeypatch):
    text = "mass:0.8..1.2, gain:0.9..1.1"
    simulator, other = make(cartpole, text, 33), make(cartpole, text, 33)
    push = torch.full((33, 1), 30.0)
    for _ in range(50):
        assert torch.equal(simulator.step(push).observations, other.step(push).observations)
    state = simulator.state()
    expected = [simulator.step(push).observations for _ in range(50)]
    monkeypatch.setattr(cartpole, "BLOCK", 7)
    restored = make(cartpole, text, 33, threads=2)
    restored.restore(*state)
    for wanted in expected:
        assert torch.equal(restored.step(push).observations, wanted)
    restored.close()
