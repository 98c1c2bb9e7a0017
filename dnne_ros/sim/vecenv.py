"""Vector environments that a function in the user's own file makes, of either kind."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.sim.simulator import Simulator
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.unsaved_simulator import first_seed
from dnne_ros.sim.vecenv_base import MakeEnv, close
from dnne_ros.sim.vecenv_function import call_function, find_function

_NEEDED = ("num_envs", "num_actions", "get_observations", "step")
"""What rsl_rl's ``VecEnv`` has and we call."""


def make(settings: SimulatorSettings) -> Simulator:
    """Have the function make environments, and return the simulator that suits them.

    InputError: the file may not run or has no such function, the function fails, or what it
    returns is no vector environment, or one of another size or with spaces that do not fit.
    """
    source = f"simulator vecenv:{settings.task}"
    function = find_function(settings.task, source)
    taken = {"num_envs": settings.num_envs, "device": settings.device}

    def make_env(seed: int) -> Any:
        return call_function(function, {**taken, "seed": seed}, source)

    with suppress(ModuleNotFoundError):  # without MuJoCo there is nothing to take over
        from dnne_ros.sim.mujoco_warnings import take_over_warnings

        take_over_warnings()
    made = make_env(first_seed(settings.seed, 0))
    try:
        return _simulator(made, make_env, settings, source)
    except BaseException:
        close(made)
        raise


def _simulator(made: Any, make_env: MakeEnv, settings: SimulatorSettings, source: str
               ) -> Simulator:
    count = getattr(made, "num_envs", settings.num_envs)
    if count != settings.num_envs:
        raise InputError(source, [f"expected {settings.num_envs} environments (num_envs), found "
                                  f"{count}"])
    if _is_gymnasiums(made):
        from dnne_ros.sim.vecenv_gymnasium import GymnasiumVectorEnv

        return GymnasiumVectorEnv(made, make_env, settings)
    missing = [name for name in _NEEDED if not hasattr(made, name)]
    if missing:
        raise InputError(source, ["expected Gymnasium's VectorEnv or rsl_rl's VecEnv, found "
                                  f"{type(made).__name__} without {', '.join(missing)}"])
    from dnne_ros.sim.vecenv_rsl_rl import RslRlVecEnv

    return RslRlVecEnv(made, make_env, settings)


def _is_gymnasiums(made: Any) -> bool:
    try:
        from gymnasium.vector import VectorEnv
    except ModuleNotFoundError:  # then it cannot be one
        return False
    return isinstance(made, VectorEnv)
