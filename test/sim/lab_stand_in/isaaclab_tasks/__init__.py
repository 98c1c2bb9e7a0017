"""Registers its tasks with Gymnasium."""

import gymnasium
from isaaclab.app import AppLauncher
from lab_point import Point

assert AppLauncher.started


class IsaacPoint(Point, gymnasium.Env):
    """The groups of Isaac Lab have other names."""

    action_space = observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,))

    def __init__(self, cfg, render_mode=None):
        super().__init__(cfg, render_mode=render_mode, names=("policy", "critic"))


gymnasium.register("Isaac-Point-v0", IsaacPoint, disable_env_checker=True,
                   order_enforce=False)
