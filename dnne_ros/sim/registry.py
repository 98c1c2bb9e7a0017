"""Which simulator does which task.  A back end is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError

if TYPE_CHECKING:
    from dnne_ros.sim.contract import Simulator


@dataclass(frozen=True)
class Backend:
    """Where a simulator is, what it imports, and how to get that.

    ``factory`` in ``module`` is called with ``(num_envs, seed, threads)``.
    """

    module: str
    factory: str
    requires: str
    install: str


TASKS: Mapping[str, Mapping[str, Backend]] = {
    "Cartpole": {
        "mujoco": Backend("dnne_ros.sim.mujoco_cartpole", "MujocoCartpole", "mujoco",
                          "pip install 'mujoco>=3.2'"),
    },
}
"""Task → back end → simulator.  A task's first back end is its default."""


def make_simulator(task: str, num_envs: int, *, backend: str = "", seed: int,
                   threads: int | None = None) -> Simulator:
    """Make ``num_envs`` environments of ``task``, reset and ready.

    Args:
        task: a key of `TASKS`.
        num_envs: environments side by side, at least 1.
        backend: one of the task's back ends; empty: its default.
        seed: of the start states, from 0 to 2**63 - 1.
        threads: threads of the physics; None: as many as there are cores.  Results don't
            depend on it.

    Raises:
        InputError: unknown task or back end, fewer than one environment, or a package that is
            not installed, with the command that installs it.

    """
    source = f"simulator {task}"
    if task not in TASKS:
        raise InputError(source, [f"unknown task {task!r}; there are: {', '.join(TASKS)}"])
    backends = TASKS[task]
    name = backend or next(iter(backends))
    if name not in backends:
        raise InputError(source, [f"unknown back end {backend!r} for task {task!r}; there are: "
                                  f"{', '.join(backends)}"])
    if num_envs < 1:
        raise InputError(source, [f"expected at least 1 environment, found {num_envs}"])
    chosen = backends[name]
    try:
        module = importlib.import_module(chosen.module)
    except ModuleNotFoundError as error:
        if error.name != chosen.requires:
            raise
        raise InputError(source, [f"back end {name!r} needs {chosen.requires}, which is not "
                                  f"installed: {chosen.install}"]) from error
    return getattr(module, chosen.factory)(num_envs, seed, threads)
