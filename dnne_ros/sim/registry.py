"""Which back end does which task.  A back end is imported when it is asked for."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError
from dnne_ros.sim.simulator_settings import IsaacOptions, SimulatorSettings

if TYPE_CHECKING:
    from dnne_ros.sim.simulator import Simulator


@dataclass(frozen=True)
class Backend:
    """Where a simulator is, what it imports, how to get that, and which tasks it does.

    ``make`` of ``module`` is called with `SimulatorSettings` and returns the `Simulator`; it
    raises InputError for an environment that it does not have.  ``tasks`` are the names that it
    is known to do; a back end with an open list says in ``pattern`` what its names look like
    (a regular expression; empty: it is taken only when it is asked for), and in ``about`` where
    they are listed.  ``variable``: the environment variable that names it, of one that is not
    installed here but elsewhere.  ``randomizes``: it takes ``settings.randomization``.
    """

    module: str
    requires: str
    install: str
    tasks: tuple[str, ...] = ()
    open: bool = False
    pattern: str = ""
    about: str = ""
    variable: str = ""
    randomizes: bool = False

    @property
    def installed(self) -> bool:
        """Whether what it imports is there.  Nothing is imported to find out."""
        if self.variable:
            return bool(os.environ.get(self.variable))
        try:
            return importlib.util.find_spec(self.requires) is not None
        except ValueError:  # a module that is there but says nothing of itself
            return False

    def suits(self, task: str) -> bool:
        """Tell whether ``task`` looks like one of its own."""
        return task in self.tasks or bool(self.pattern and re.fullmatch(self.pattern, task))


BACKENDS: Mapping[str, Backend] = {
    "mujoco": Backend(
        "dnne_ros.sim.mujoco_cartpole", "mujoco", "pip install 'mujoco>=3.2'",
        tasks=("Cartpole",), randomizes=True),
    "torch": Backend(
        "dnne_ros.sim.torch_cartpole", "torch", "pip install torch", tasks=("Cartpole",)),
    "mujoco_warp": Backend(
        "dnne_ros.sim.mujoco_warp_cartpole", "mujoco_warp", "pip install 'mujoco-warp>=4'",
        tasks=("Cartpole",)),
    "gymnasium": Backend(
        "dnne_ros.sim.gymnasium_envs", "gymnasium", "pip install 'gymnasium[mujoco]>=1.1'",
        open=True, pattern=r"(?:[\w:-]+/)?[\w:.-]+-v\d+",
        about="every registered environment by its id, such as HalfCheetah-v5"),
    "isaacgym": Backend(
        "dnne_ros.sim.isaac_gym", "", "ISAACGYM_PYTHON=<its interpreter>, see docs/isaac_gym.md",
        open=True, variable="ISAACGYM_PYTHON", about="every task of IsaacGymEnvs, such as Ant"),
}
"""Back ends by name.  A task's default is the first one that suits it and is installed."""


def make_simulator(task: str, num_envs: int, *, backend: str = "", seed: int,
                   threads: int | None = None, device: str = "cpu", randomization: str = "",
                   isaac: IsaacOptions = IsaacOptions()) -> Simulator:
    """Make ``num_envs`` environments of ``task``, reset and ready.

    Args:
        task: the environment's name; a back end and a colon may come before it, as in
            ``gymnasium:HalfCheetah-v5``.
        num_envs: environments side by side, at least 1.
        backend: one of `BACKENDS`; empty: the first that suits the task and is installed.
        seed: of everything random, from 0 to 2**63 - 1.
        threads: threads of the physics; None: as many as there are cores.
        device: torch device for the tensors.
        randomization: how environments differ (`dnne_ros.sim.randomization`); empty: not at all.
        isaac: where Isaac Gym is, for its back end alone.

    Raises:
        InputError: unknown task or back end, with those that there are and how to install
            them; fewer than one environment; a package that is not installed; or settings that
            the back end does not take.

    """
    source = f"simulator {task}"
    prefix, colon, rest = task.partition(":")
    if colon and prefix in BACKENDS:
        if backend not in ("", prefix):
            raise InputError(source, [f"the environment's name asks for the back end {prefix!r}, "
                                      f"the widget for {backend!r}"])
        backend, task = prefix, rest
    name = _choose(task, backend, source)
    chosen = BACKENDS[name]
    if num_envs < 1:
        raise InputError(source, [f"expected at least 1 environment, found {num_envs}"])
    if randomization and not chosen.randomizes:
        able = ", ".join(other for other, its in BACKENDS.items() if its.randomizes)
        raise InputError(source, [f"back end {name!r} cannot vary the physics "
                                  f"({randomization!r:.60}); those that can: {able}"])
    try:
        module = importlib.import_module(chosen.module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != chosen.requires:
            raise
        raise InputError(source, [f"back end {name!r} needs {chosen.requires}, which is not "
                                  f"installed: {chosen.install}"]) from error
    simulator: Simulator = module.make(SimulatorSettings(
        task, num_envs, seed, threads=threads, device=device, randomization=randomization,
        isaac=isaac))
    return simulator


def _choose(task: str, backend: str, source: str) -> str:
    """Return the name of the back end for ``task``; InputError if there is none."""
    suitable = [name for name, its in BACKENDS.items() if its.suits(task)]
    if backend:
        if backend not in BACKENDS:
            raise InputError(source, [f"unknown back end {backend!r}; there are:\n{_listing()}"])
        if backend not in suitable and not BACKENDS[backend].open:
            raise InputError(source, [f"back end {backend!r} does not do {task!r}; "
                                      f"there are:\n{_listing()}"])
        return backend
    if not suitable:
        raise InputError(source, [f"unknown environment {task!r}; there are:\n{_listing()}"])
    return next((name for name in suitable if BACKENDS[name].installed), suitable[0])


def _listing() -> str:
    """Say what each back end does, and how to install those that are missing."""
    lines = []
    for name, its in BACKENDS.items():
        state = "" if its.installed else f" (not installed: {its.install})"
        lines.append(f"    {name}: {', '.join(its.tasks) or its.about}{state}")
    return "\n".join(lines)
