"""Which tasks EnvPool has, and what they look like from outside; nothing is made of them."""

from __future__ import annotations

import difflib
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.sim.step_seconds import step_seconds
from dnne_ros.sim.unknown_task import UnknownTask

ENDLESS = 2**31 - 1
"""What EnvPool calls the limit of episodes that never time out."""
_PICTURES = ("envpool.atari", "envpool.gfootball", "envpool.procgen", "envpool.vizdoom")
_VECTOR, _PRIVILEGED = "state", "privileged_state"
"""What MuJoCo Playground calls, of observations that are a dictionary, those of the actor and
those of the critic."""


@dataclass(frozen=True)
class EnvPoolTask:
    """A task of EnvPool's that is one agent with a vector to observe.

    ``limit``: after how many steps an episode times out; 0: never.  ``key``: of the actor's vector
    in observations that are a dictionary; empty: they are none.  ``critic_key``: of the critic's;
    empty: it sees the same.  ``groups``: how many numbers each part of such a dictionary has, by
    name.  ``observation`` and ``action`` are Gymnasium's spaces, of an
    environment.  ``seconds``: of a step, as far as EnvPool says it; 0:
    it does not.
    """

    name: str
    limit: int
    key: str
    critic_key: str
    observation: Any
    action: Any
    seconds: float
    groups: tuple[tuple[str, int], ...] = ()


def task_names() -> list[str]:
    """Return the names of all tasks that EnvPool has.

    InputError if it cannot be imported, or is the old one that pip has for Python 3.10.
    """
    try:
        import envpool
    except ModuleNotFoundError as error:
        if error.name == "envpool":
            raise
        raise _broken(error) from error
    except (ImportError, OSError) as error:
        raise _broken(error) from error
    if envpool.__version__.startswith("0."):
        raise InputError("simulator envpool", [
            f"expected EnvPool 1.2 or newer, found {envpool.__version__}; newer ones need Python "
            "3.11"])
    return sorted(envpool.list_all_envs())


def names_but_pictures() -> list[str]:
    """Return the names of those tasks whose observations are not known to be pictures.

    To look at an Atari game takes EnvPool a third of a second.  InputError as `task_names`.
    """
    names = task_names()
    from envpool.registration import registry

    return [name for name in names if registry.specs[name][0] not in _PICTURES]


def _broken(error: Exception) -> InputError:
    return InputError("simulator envpool", [
        f"EnvPool is there but cannot be imported: {error}; pip install 'envpool>=1.2' brings "
        "what it needs"])


@contextmanager
def named_errors(task: str) -> Iterator[None]:
    """Say which task EnvPool cannot make, and keep Gymnasium's words about precision away."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*precision lowered by casting.*")
            yield
    except (RuntimeError, ValueError, OSError, ImportError, AssertionError) as error:
        raise InputError(f"simulator {task}", [f"EnvPool cannot make it: {error}"]) from error


def find_task(name: str) -> EnvPoolTask:
    """Return a task by its name; InputError for one that there is not, or that does not fit."""
    names = task_names()
    source = f"simulator {name}"
    if name not in names:
        close = difflib.get_close_matches(name, names, n=5, cutoff=0.6) or names[:5]
        raise UnknownTask(source, [f"EnvPool has no task {name!r}; the nearest of {len(names)} "
                                   f"are {', '.join(close)}"])
    with named_errors(name):
        found = look_at(name)
    if isinstance(found, str):
        raise InputError(source, [found])
    return found


def look_at(name: str) -> EnvPoolTask | str:
    """Return what a task of EnvPool's looks like, or why it does not fit."""
    import envpool
    from gymnasium import spaces

    known = envpool.make_spec(name)
    found, action = known.gymnasium_observation_space, known.gymnasium_action_space
    if known.config.max_num_players > 1:
        return ("expected one agent in each environment, found up to "
                f"{known.config.max_num_players}")
    groups = isinstance(found, spaces.Dict) and isinstance(found.get(_VECTOR), spaces.Box)
    observation = found[_VECTOR] if groups else found
    if not isinstance(observation, spaces.Box) or len(observation.shape) != 1:
        return (f"expected observations that are one vector, or a dictionary with one called "
                f"{_VECTOR!r}, found {found}")
    if not (isinstance(action, spaces.Discrete)
            or (isinstance(action, spaces.Box) and len(action.shape) == 1)):
        return f"expected one vector (Box) or one choice (Discrete) as an action, found {action}"
    limit = known.config.max_episode_steps
    privileged = _PRIVILEGED if groups and _PRIVILEGED in found.spaces else ""
    seconds = float(getattr(known.config, "ctrl_dt", 0.0))
    sizes = tuple((part, math.prod(space.shape)) for part, space in found.items()) \
        if groups else ()
    return EnvPoolTask(name, 0 if limit >= ENDLESS else limit, _VECTOR if groups else "",
                       privileged, observation, action, seconds, sizes)


def seconds_of(task: EnvPoolTask) -> float:
    """Return the time between observations: EnvPool's, or that of Gymnasium's task, or 1 s.

    EnvPool itself says it of MuJoCo Playground's tasks alone.
    """
    if task.seconds > 0:
        return task.seconds
    import gymnasium

    if task.name not in gymnasium.registry:
        return 1.0
    from dnne_ros.sim.mujoco_warnings import take_over_warnings

    take_over_warnings()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there is a newer version
            env = gymnasium.make(task.name, disable_env_checker=True)
    except (gymnasium.error.Error, ImportError):  # an older version's, such as Ant-v3
        return 1.0
    try:
        return step_seconds(env)
    finally:
        env.close()
