"""The numbers of the Cartpole task, by hand."""

import math

import numpy as np
import pytest
import torch

from dnne_ros.sim import cartpole
from dnne_ros.sim.simulator import ArraySpec, SimulationError

STATES = [
    # x, v, angle, turn, reward, fallen
    (0.0, 0.0, 0.0, 0.0, 1.0, False),
    (1.0, 2.0, 0.5, -4.0, 1.0 - 0.25 - 0.02 - 0.02, False),
    (-1.0, -2.0, -0.5, 4.0, 1.0 - 0.25 - 0.02 - 0.02, False),
    (3.0, 0.0, 1.5, 0.0, 1.0 - 2.25, False),
    (3.001, 0.0, 0.0, 0.0, -2.0, True),
    (-3.001, 0.0, 0.0, 0.0, -2.0, True),
    (0.0, 0.0, 1.571, 0.0, -2.0, True),
    (0.0, 0.0, -1.571, 0.0, -2.0, True),
    (4.0, 9.0, 2.0, 9.0, -2.0, True),
]


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_rewards_and_ends(make):
    observations = make([state[:4] for state in STATES])
    fallen = cartpole.fallen(observations)
    assert fallen.tolist() == [state[5] for state in STATES]
    rewards = cartpole.rewards(observations, fallen)
    assert rewards.tolist() == pytest.approx([state[4] for state in STATES])
    assert rewards.dtype == observations.dtype


def test_numbers_of_the_reference():
    spec = cartpole.task_spec(7)
    assert spec.num_envs == 7
    assert spec.observation.units == ("m", "m/s", "rad", "rad/s")
    assert (spec.action.low, spec.action.high, spec.action.units) == ((-400.0,), (400.0,), ("N",))
    assert spec.max_episode_steps == 500
    assert math.isclose(spec.step_seconds, 1 / 60)
    assert spec.discrete_actions is None


def test_columns_must_fit_each_other():
    with pytest.raises(ValueError, match=r"units: expected 2 entries.*found 1"):
        ArraySpec(("a", "b"), ("m",), (0.0, 0.0), (1.0, 1.0))


def test_diverged_physics_is_named():
    observations = torch.zeros(3, 4)
    observations[2, 3] = torch.nan
    with pytest.raises(SimulationError) as caught:
        cartpole.task_spec(3).check_observations(observations, 12)
    assert str(caught.value) == ("Cartpole, step 12: the physics has diverged in environment 2: "
                                 "pole_velocity is nan rad/s")
