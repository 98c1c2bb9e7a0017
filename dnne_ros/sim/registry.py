"""Which back end does which task.  A back end is imported when it is asked for."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError
from dnne_ros.plugins.installed import SOURCE, InstalledPlugins
from dnne_ros.plugins.kinds import Kind
from dnne_ros.sim.listed_tasks import ListedTask
from dnne_ros.sim.simulator_settings import IsaacOptions, SimulatorSettings
from dnne_ros.sim.unknown_task import UnknownTask, near_to, with_others

if TYPE_CHECKING:
    from dnne_ros.sim.simulator import Simulator


@dataclass(frozen=True)
class Backend:
    """Where a simulator is, what it imports, how to get that, and which tasks it does.

    Attributes:
        name: what workflows call it.
        module: where it is, a full name.
        factory: the class or function of ``module`` that is called with `SimulatorSettings` and
            returns the `Simulator`; it raises InputError for an environment that it does not
            have.
        tasks: the environments that it is known to do.  One with an open list says instead in
            ``pattern`` what its names look like (a regular expression; empty: it is taken only
            when it is asked for), in ``about`` what they are, and gives ``examples``.
        requires: the module that it imports; empty: none that might be missing.
        install: the command that installs it.
        variable: the environment variable that names the interpreter that has it, of one that
            may be installed elsewhere; with nothing in ``requires``, only there.
        randomizes: it takes ``settings.randomization``.
        threaded: it takes ``settings.threads``.
        listing: the function that `listed` asks, as ``module:function``; it returns a list of
            `dnne_ros.sim.listed_tasks.ListedTask`.  Empty: there is none.

    """

    name: str
    module: str
    factory: str = "make"
    tasks: tuple[str, ...] = ()
    pattern: str = ""
    about: str = ""
    examples: tuple[str, ...] = ()
    requires: str = ""
    install: str = ""
    variable: str = ""
    randomizes: bool = False
    threaded: bool = False
    listing: str = ""

    def __post_init__(self) -> None:
        """Refuse one that does nothing (ValueError)."""
        if not self.tasks and not (self.about and self.examples):
            raise ValueError(f"back end {self.name!r}: expected tasks, or what they are (about) "
                             "with examples")

    @property
    def installed(self) -> bool:
        """Whether what it imports is there.  Nothing is imported to find out."""
        if self.variable and (os.environ.get(self.variable) or not self.requires):
            return bool(os.environ.get(self.variable))
        try:
            return not self.requires or importlib.util.find_spec(self.requires) is not None
        except ValueError:  # a module that is there but says nothing of itself
            return False

    def suits(self, task: str) -> bool:
        """Tell whether ``task`` looks like one of its own."""
        return task in self.tasks or bool(self.pattern and re.fullmatch(self.pattern, task))

    @property
    def described(self) -> str:
        """What it does, in a line, and how to install it if it is missing."""
        tasks = ", ".join(self.tasks) or f"{self.about}, such as {', '.join(self.examples)}"
        state = "" if self.installed else f" (not installed: {self.install})"
        return f"{self.name}: {tasks}{state}"

    def listed(self) -> list[ListedTask]:
        """Return what is known of its tasks; nothing of one that keeps no list of them.

        Nothing is made, but what it requires may be imported: it must be there.
        """
        if not self.listing:
            return [ListedTask(name) for name in self.tasks]
        module, _, function = self.listing.partition(":")
        found: list[ListedTask] = getattr(importlib.import_module(module), function)()
        return found

    def make(self, settings: SimulatorSettings) -> Simulator:
        """Import it and make environments; ModuleNotFoundError if what it imports is missing."""
        from dnne_ros.sim.simulator import Simulator

        made = getattr(importlib.import_module(self.module), self.factory)(settings)
        if not isinstance(made, Simulator):
            raise TypeError(f"back end {self.name!r}: expected {self.module}.{self.factory} to "
                            f"return a Simulator, found {type(made).__name__}")
        return made


_CARTPOLE = "dnne_ros.sim.listed_tasks:cartpole"
BUILT_IN: tuple[Backend, ...] = (
    Backend("mujoco", "dnne_ros.sim.mujoco_cartpole", tasks=("Cartpole",), requires="mujoco",
            install="pip install 'mujoco>=3.2'", randomizes=True, threaded=True,
            listing=_CARTPOLE),
    Backend("torch", "dnne_ros.sim.torch_cartpole", tasks=("Cartpole",), requires="torch",
            install="pip install torch", listing=_CARTPOLE),
    Backend("mujoco_warp", "dnne_ros.sim.mujoco_warp_cartpole", tasks=("Cartpole",),
            requires="mujoco_warp", install="pip install 'mujoco-warp>=4'",
            listing=_CARTPOLE),
    Backend("mjlab", "dnne_ros.sim.lab", factory="mjlab", pattern=r"Mjlab-[\w-]+",
            about="mjlab's tasks", examples=("Mjlab-Velocity-Flat-Unitree-Go1",),
            requires="mjlab", variable="MJLAB_PYTHON", listing="dnne_ros.sim.lab:mjlab_tasks",
            install="MJLAB_PYTHON=<an interpreter with pip install mjlab>, see docs/lab.md"),
    Backend("isaaclab", "dnne_ros.sim.lab", factory="isaaclab", pattern=r"Isaac-[\w-]+-v\d+",
            about="Isaac Lab's tasks", examples=("Isaac-Velocity-Flat-Anymal-C-v0",),
            requires="isaaclab", variable="ISAACLAB_PYTHON",
            install="ISAACLAB_PYTHON=<its interpreter>, see docs/lab.md"),
    Backend("gymnasium", "dnne_ros.sim.gymnasium_envs",
            pattern=r"(?:[\w:-]+/)?[\w:.-]+-v\d+",
            about="every registered environment by its id",
            examples=("CartPole-v1", "InvertedPendulum-v5"), requires="gymnasium",
            install="pip install 'gymnasium[mujoco]>=1.1'",
            listing="dnne_ros.sim.listed_tasks:gymnasium_ids"),
    Backend("envpool", "dnne_ros.sim.envpool_envs",
            about="EnvPool's tasks with one observation vector, as envpool:HalfCheetah-v5",
            examples=("CartPole-v1", "InvertedPendulum-v5"), requires="envpool",
            install="pip install 'envpool>=1.2' (Python 3.11 or newer)", threaded=True,
            listing="dnne_ros.sim.listed_tasks:envpool"),
    Backend("vecenv", "dnne_ros.sim.vecenv",
            about="vector environments that a function in your own file makes, by file and "
                  "function", examples=("vecenv:my_envs:make",), requires="torch",
            install="pip install torch"),
    Backend("isaacgym", "dnne_ros.sim.isaac_gym", about="every task of IsaacGymEnvs",
            examples=("Cartpole",), variable="ISAACGYM_PYTHON",
            install="ISAACGYM_PYTHON=<its interpreter>, see docs/isaac_gym.md"),
)
"""The back ends of this package.  A task's default is the first that suits it and is installed;
those of other people come after these."""

# In a copy of this package that is part of an export the group has the copy's name, as the names
# of modules in it have: so it never loads what was made for another copy.
BACKENDS = Kind("dnne_ros.simulators", "back ends (dnne_ros.sim.registry.Backend)",
                lambda value: isinstance(value, Backend))


class Backends:
    """Back ends by name, in order."""

    def __init__(self, backends: Iterable[Backend] = BUILT_IN):
        """Hold ``backends``; ValueError if two have the same name."""
        self._backends: dict[str, Backend] = {}
        for backend in backends:
            self.add(backend)

    def add(self, backend: Backend) -> None:
        """Add one; ValueError if its name is that of another."""
        if self._backends.setdefault(backend.name, backend) != backend:
            raise ValueError(f"the simulator {backend.name!r} is there already: "
                             f"{self._backends[backend.name].module}")

    def __contains__(self, name: str) -> bool:
        return name in self._backends

    def __getitem__(self, name: str) -> Backend:
        return self._backends[name]

    def __iter__(self) -> Iterator[Backend]:
        return iter(self._backends.values())


_registered: dict[str, Backend] = {}


def register(backend: Backend) -> None:
    """Add a back end for this process, as a file given with ``--nodes`` does.

    It takes the place of one that was registered before.  Raises ValueError if its name is that
    of one that is built in or installed.
    """
    _installed().add(backend)
    _registered[backend.name] = backend


def backends() -> Backends:
    """Return all back ends: built in, of installed packages, and of single files.

    `InputError` names every installed package whose entry point is broken.
    """
    found = _installed()
    for backend in _registered.values():
        found.add(backend)
    return found


def _installed() -> Backends:
    found = Backends()
    problems = InstalledPlugins().add(BACKENDS, found.add)
    if problems:
        raise InputError(SOURCE, problems)
    return found


def make_simulator(task: str, num_envs: int, *, backend: str = "", seed: int,
                   threads: int | None = None, device: str = "cpu", randomization: str = "",
                   drawn: bool = False, isaac: IsaacOptions = IsaacOptions(),
                   still_starting: Callable[[], object] = lambda: None) -> Simulator:
    """Make ``num_envs`` environments of ``task``, reset and ready.

    Args:
        task: the environment's name; a back end and a colon may come before it, as in
            ``gymnasium:HalfCheetah-v5``.
        num_envs: environments side by side, at least 1.
        backend: the name of one of `backends`; empty: the first that suits the task and is
            installed.
        seed: of everything random, from 0 to 2**63 - 1.
        threads: threads of the physics, of a back end that has them; None: as many as there are
            cores.
        device: torch device for the tensors.
        randomization: how environments differ (`dnne_ros.sim.randomization`); empty: not at all.
        drawn: whether a renderer will be asked for.
        isaac: where Isaac Gym is, Isaac Lab or mjlab, for their back ends alone.
        still_starting: called every few seconds by back ends that take minutes to make them.

    Raises:
        InputError: unknown task or back end, with those that there are and how to install
            them; fewer than one environment; a package that is not installed; or settings that
            the back end does not take.

    """
    source = f"simulator {task}"
    known = backends()
    prefix, colon, rest = task.partition(":")
    if colon and prefix in known:
        if backend not in ("", prefix):
            raise InputError(source, [f"the environment's name asks for the back end {prefix!r}, "
                                      f"the widget for {backend!r}"])
        backend, task = prefix, rest
    chosen = _choose(known, task, backend, source)
    if num_envs < 1:
        raise InputError(source, [f"expected at least 1 environment, found {num_envs}"])
    if randomization and not chosen.randomizes:
        able = ", ".join(its.name for its in known if its.randomizes)
        raise InputError(source, [f"back end {chosen.name!r} cannot vary the physics "
                                  f"({randomization!r:.60}); those that can: {able}"])
    if threads is not None and not chosen.threaded:
        able = ", ".join(its.name for its in known if its.threaded)
        raise InputError(source, [f"back end {chosen.name!r} has no threads of its own (threads: "
                                  f"{threads}); those that have: {able}"])
    try:
        return chosen.make(SimulatorSettings(
            task, num_envs, seed, threads=threads, device=device, randomization=randomization,
            drawn=drawn, isaac=isaac, still_starting=still_starting))
    except UnknownTask as error:
        others = (its for its in known if its is not chosen)
        raise InputError(source, [
            with_others(error, others, task, chosen=bool(backend))]) from error
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != chosen.requires:
            raise
        raise InputError(source, [f"back end {chosen.name!r} needs {chosen.requires}, which is "
                                  f"not installed: {chosen.install}"]) from error


def _choose(known: Backends, task: str, backend: str, source: str) -> Backend:
    """Return the back end for ``task``; InputError if there is none."""
    if backend:
        if backend not in known:
            raise InputError(source, [f"unknown back end {backend!r}; there are:\n"
                                      f"{_listing(known)}"])
        chosen = known[backend]
        if chosen.tasks and not chosen.suits(task):
            raise _unknown(known, task, source, f"back end {backend!r} does not do {task!r}")
        return chosen
    suitable = [its for its in known if its.suits(task)]
    if not suitable:
        raise _unknown(known, task, source, f"unknown environment {task!r}")
    return next((its for its in suitable if its.installed), suitable[0])


def _unknown(known: Backends, task: str, source: str, what: str) -> InputError:
    near = near_to(task, known)
    return InputError(source, [what + (f"; the nearest are {near}" if near else "")
                               + f"; there are:\n{_listing(known)}"])


def _listing(known: Backends) -> str:
    """Say what each back end does, and how to install those that are missing."""
    return "\n".join(f"    {its.described}" for its in known)
