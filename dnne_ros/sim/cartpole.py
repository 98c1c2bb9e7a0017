"""Cartpole, the task: its numbers, rewards and ends.  No physics.

The numbers are those of IsaacGymEnvs (``tasks/cartpole.py``, ``cfg/task/Cartpole.yaml`` and
``assets/urdf/cartpole.urdf``), with two differences: the episode that an action ends is over in
that action's own step (there, one step later), and the step lasts 1/60 s exactly (there, 0.0166).
The functions work on NumPy arrays and on torch tensors alike.
"""

from __future__ import annotations

import math
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

from dnne_ros.sim.simulator import ArraySpec, TaskSpec

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Array = TypeVar("Array", "np.ndarray", "Tensor")

STEP_SECONDS = 1.0 / 60.0
SUBSTEPS = 2
MAX_EPISODE_STEPS = 500

GRAVITY = 9.81
"""m/s²"""
CART_MASS = 1.0
"""kg"""
POLE_MASS = 1.0
"""kg"""
POLE_CENTRE = 0.47
"""Distance from the hinge to the pole's centre of mass, m."""
POLE_SIZE = (0.04, 0.06, 1.0)
"""The pole is a homogeneous box, along x (the hinge), y (the rail) and z (up), m."""

MAX_EFFORT = 400.0
"""Limit of the effort on the cart, N."""
RAIL_LIMIT = 3.0
"""An episode ends when the cart is further than this from the middle, m."""
ANGLE_LIMIT = math.pi / 2
"""... or when the pole leans further than this, rad."""
FALLEN_REWARD = -2.0
START_LIMITS = (0.1, 0.25, 0.1, 0.25)
"""Episodes start uniformly within ± these, in the order of the observations."""

JOINTS = ("slider_to_cart", "cart_to_pole")
"""What the reference's robot description calls them."""
OBSERVATION = ArraySpec.unbounded(
    ("cart_position", "cart_velocity", "pole_angle", "pole_velocity"),
    ("m", "m/s", "rad", "rad/s"),
    tuple(f"{joint}.{quantity}" for joint in JOINTS for quantity in ("position", "velocity")))
ACTION = ArraySpec(("effort",), ("N",), (-MAX_EFFORT,), (MAX_EFFORT,), (f"{JOINTS[0]}.effort",))


def task_spec(num_envs: int, device: str = "cpu") -> TaskSpec:
    """Return the task for ``num_envs`` environments, with its tensors on ``device``."""
    return TaskSpec(
        name="Cartpole", num_envs=num_envs, observation=OBSERVATION, action=ACTION,
        discrete_actions=None, step_seconds=STEP_SECONDS, max_episode_steps=MAX_EPISODE_STEPS,
        joints=JOINTS, device=device, description=description())


def description() -> str:
    """Return the robot's description, URDF."""
    return files("dnne_ros.sim").joinpath("assets/cartpole.urdf").read_text(encoding="utf-8")


def fallen(observations: Array) -> Array:
    """Return bool (n,): which states end the episode.  ``observations``: (n, 4)."""
    return (abs(observations[:, 0]) > RAIL_LIMIT) | (abs(observations[:, 2]) > ANGLE_LIMIT)


def rewards(observations: Array, is_fallen: Array) -> Array:
    """Return 1 - θ² - 0.01·|v| - 0.005·|ω| (n,), or -2 where ``is_fallen``.

    ``observations``: (n, 4) before any reset; the result has their dtype.
    """
    speed, angle, turn = observations[:, 1], observations[:, 2], observations[:, 3]
    upright = 1.0 - angle * angle - 0.01 * abs(speed) - 0.005 * abs(turn)
    # One reward beside the other in upright's own dtype: NumPy makes float64 of number · bool.
    result: Array = upright * ~is_fallen + (0.0 * upright + FALLEN_REWARD) * is_fallen
    return result
