"""What the future of one of Gymnasium's own environments depends on, read and written.

Gymnasium has no call for it, so this knows where its two families of environments with few
secrets keep their state: MuJoCo's in ``data``, classic control in ``state``.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.wrappers import FlattenObservation, OrderEnforcing, TimeLimit

_TRANSPARENT = (FlattenObservation, OrderEnforcing, TimeLimit)

# What a step leaves in MjData for the next one to look at: Ant measures its speed from where
# xpos says the torso was.  It lags behind qpos, so that it cannot be computed again from it.
_DERIVED = ("xpos", "xquat", "xmat", "xipos", "geom_xpos", "site_xpos", "subtree_com", "cinert",
            "cvel", "cfrc_ext", "qfrc_actuator", "qfrc_constraint", "sensordata")


def can_be_saved(env: gymnasium.Env) -> bool:
    """Tell whether `saved_state` holds everything that the future of ``env`` depends on.

    ``env`` must have been reset: some have no state before.
    """
    while isinstance(env, gymnasium.Wrapper):
        if type(env) not in _TRANSPARENT:
            return False
        env = env.env
    home = type(env).__module__
    return home.startswith("gymnasium.envs.mujoco.") or (
        home.startswith("gymnasium.envs.classic_control.") and hasattr(env, "state"))


def saved_state(env: gymnasium.Env) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return physics as arrays; steps of the episode and random state as JSON values."""
    inner: Any = env.unwrapped
    if hasattr(inner, "data"):
        arrays = {name: getattr(inner.data, name).copy() for name in _DERIVED
                  if getattr(inner.data, name).size}
        arrays["physics"] = _physics(inner)
    else:
        arrays = {"physics": np.array(inner.state, np.float64)}
    limit = _time_limit(env)
    elapsed = None if limit is None else limit._elapsed_steps
    return arrays, {"elapsed": elapsed, "random": inner.np_random.bit_generator.state}


def write_state(env: gymnasium.Env, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
    """Put ``env`` into the state that `saved_state` returned."""
    inner: Any = env.unwrapped
    if hasattr(inner, "data"):
        from dnne_ros.sim.quiet_mujoco import mujoco

        mujoco.mj_setState(inner.model, inner.data, arrays["physics"],
                           mujoco.mjtState.mjSTATE_INTEGRATION)
        for name in arrays.keys() & set(_DERIVED):
            getattr(inner.data, name)[:] = arrays[name]
    else:
        inner.state = arrays["physics"].copy()
    limit = _time_limit(env)
    if limit is not None:
        limit._elapsed_steps = values["elapsed"]
    inner.np_random.bit_generator.state = values["random"]


def _physics(env: Any) -> np.ndarray:
    """Return all that MuJoCo integrates, float64 (size,): positions, velocities, warm start."""
    from dnne_ros.sim.quiet_mujoco import mujoco

    everything = mujoco.mjtState.mjSTATE_INTEGRATION
    physics = np.empty(mujoco.mj_stateSize(env.model, everything))
    mujoco.mj_getState(env.model, env.data, physics, everything)
    return physics


def _time_limit(env: gymnasium.Env) -> TimeLimit | None:
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, TimeLimit):
            return env
        env = env.env
    return None
