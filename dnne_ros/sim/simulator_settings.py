"""What a simulator is asked for, in one record that every back end understands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class IsaacOptions:
    """What is special to the Isaac Gym back end.

    ``python`` is the interpreter that has Isaac Gym; empty: that of ``ISAACGYM_PYTHON``.
    ``gym_path`` and ``gym_envs_path`` are the folders of Isaac Gym and IsaacGymEnvs where they are
    not installed in it; ``physics_engine`` is ``physx`` or ``flex``.  ``device`` is where it
    simulates: ``cuda`` if that interpreter has it, even where the graph is on the CPU.
    """

    python: str = ""
    gym_path: str = ""
    gym_envs_path: str = ""
    headless: bool = True
    physics_engine: str = "physx"
    device: str = "cpu"


@dataclass(frozen=True)
class SimulatorSettings:
    """How to make the environments of a task.

    Attributes:
        task: what a workflow calls the environment, without a back end before it.
        num_envs: environments side by side, at least 1.
        seed: of everything random, from 0 to 2**63 - 1.
        threads: threads of the physics; None: as many as there are cores.  Results don't depend
            on it.
        device: torch device for the tensors, ``cpu`` or ``cuda``; a back end that works on the
            CPU leaves them there.
        randomization: how the environments differ, as `dnne_ros.sim.randomization` reads it;
            empty: not at all.
        drawn: whether a `Simulator.renderer` will be asked for: some have to know it before.
        isaac: for the back ends in a worker process alone.
        still_starting: to be called every few seconds by what takes minutes to make.

    """

    task: str
    num_envs: int
    seed: int
    threads: int | None = None
    device: str = "cpu"
    randomization: str = ""
    drawn: bool = False
    isaac: IsaacOptions = IsaacOptions()
    still_starting: Callable[[], object] = lambda: None
