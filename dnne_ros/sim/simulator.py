"""The interface of a simulator: many environments of one task, stepped together.

Every tensor has the environment axis first.  A back end subclasses `Simulator`, and
`dnne_ros.testing.simulator_tests` checks it against this page.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from dnne_ros.errors import DnneError
from dnne_ros.sim.group_columns import Part, select

if TYPE_CHECKING:
    from torch import Tensor

    from dnne_ros.sim.episode_log import EpisodeLog
    from dnne_ros.sim.renderer import Renderer


class SimulationError(DnneError):
    """A simulator was given, or has arrived at, something it cannot go on with."""


@dataclass(frozen=True)
class ArraySpec:
    """The columns of observations or actions: names, units and bounds, one entry a column.

    ``signals`` says what a column is on a robot, as joint and quantity:
    ``slider_to_cart.velocity``.  Empty where there is no such thing.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    signals: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse lists of different lengths (ValueError)."""
        for field in ("units", "low", "high", "signals"):
            found = len(getattr(self, field))
            if found != self.size and not (field == "signals" and found == 0):
                raise ValueError(f"{field}: expected {self.size} entries, one for each of "
                                 f"{self.names}, found {found}")

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.names)

    @classmethod
    def unbounded(cls, names: tuple[str, ...], units: tuple[str, ...],
                  signals: tuple[str, ...] = ()) -> ArraySpec:
        """Return a spec whose columns may have any value."""
        return cls(names, units, (-math.inf,) * len(names), (math.inf,) * len(names), signals)


@dataclass(frozen=True)
class TaskSpec:
    """What a task looks like from outside.

    ``discrete_actions``: None when an action is ``action.size`` real numbers; otherwise the
    number of choices, and an action is one column that holds an index from 0; of several choices,
    those of each, and an action has a column for each.
    ``step_seconds``: simulated time between two observations.  ``max_episode_steps``: after how
    many steps an episode times out; 0: never.  ``joints``: their names in the robot's
    description, in the task's order.  ``device``: where every tensor is, as torch writes it.
    ``description``: the robot as URDF; empty where there is none.
    """

    name: str
    num_envs: int
    observation: ArraySpec
    action: ArraySpec
    discrete_actions: int | tuple[int, ...] | None
    step_seconds: float
    max_episode_steps: int
    joints: tuple[str, ...] = ()
    device: str = "cpu"
    description: str = ""

    def check_actions(self, actions: Tensor, step: int) -> None:
        """Raise SimulationError unless ``actions`` is finite float32 (num_envs, action.size).

        Choices are whole numbers.  ``step`` (counted from 1) is the one that the actions are for;
        the message names it, and the environment and column that is not such a number.
        """
        self.check_shape(actions, step)
        if not _all_finite(actions):
            raise SimulationError(
                f"{self.name}, step {step}: the action is not a number in "
                f"{_first_bad(actions, self.action)}")
        if self.discrete_actions is not None and (split := actions != actions.round()).any():
            env, column = split.nonzero()[0].tolist()
            raise SimulationError(
                f"{self.name}, step {step}: expected a choice as a whole number from 0, found "
                f"{actions[env, column].item():.6g} in environment {env}: "
                f"{self.action.names[column]}")

    def check_shape(self, actions: Tensor, step: int) -> None:
        """Raise SimulationError unless ``actions`` is float32 (num_envs, action.size)."""
        expected = (self.num_envs, self.action.size)
        if tuple(actions.shape) != expected or str(actions.dtype) != "torch.float32":
            raise SimulationError(
                f"{self.name}, step {step}: expected actions float32 {expected} (environments, "
                f"actions), found {_dtype(actions)} {tuple(actions.shape)}")

    def check_observations(self, observations: Tensor, step: int) -> None:
        """Raise SimulationError if the physics gave a NaN or an infinity in ``step``."""
        if not _all_finite(observations):
            raise SimulationError(
                f"{self.name}, step {step}: the physics has diverged in "
                f"{_first_bad(observations, self.observation)}")

    def check_rewards(self, rewards: Tensor, step: int) -> None:
        """Raise SimulationError if a reward of ``step`` is NaN or infinite."""
        if not _all_finite(rewards):
            env = int((~rewards.isfinite()).nonzero()[0])
            raise SimulationError(f"{self.name}, step {step}: the reward is "
                                  f"{rewards[env].item()} in environment {env}")

    def check_groups(self, groups: Mapping[str, Tensor], step: int) -> None:
        """Raise SimulationError if a number in a group of observations is NaN or infinite."""
        for name, group in groups.items():
            if not _all_finite(group):
                place = (~group.isfinite()).nonzero()[0].tolist()
                raise SimulationError(
                    f"{self.name}, step {step}: the observations {name!r} are not finite: "
                    f"environment {place[0]} {place[1:]} is {group[tuple(place)].item()}")

    def check_state(self, tensors: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
        """Raise SimulationError unless saved ``tensors`` fit those that the simulator has now.

        Names, dtypes and shapes must be the same, and every number finite.
        """
        if set(tensors) != set(expected):
            raise SimulationError(f"{self.name}: expected a state with {sorted(expected)}, "
                                  f"found {sorted(tensors)}")
        for name, mine in expected.items():
            found = tensors[name]
            if found.shape != mine.shape or found.dtype != mine.dtype:
                raise SimulationError(
                    f"{self.name}, saved {name}: expected {_dtype(mine)} {tuple(mine.shape)}, "
                    f"found {_dtype(found)} {tuple(found.shape)}")
            if not found.isfinite().all():
                raise SimulationError(f"{self.name}, saved {name}: not a finite number")


class StepResult(NamedTuple):
    """What one step gave.  ``n`` is the number of environments.

    Attributes:
        observations: float32 (n, observation.size), after the reset of finished episodes: what
            to act on next.
        rewards: float32 (n,).
        terminated: bool (n,), episodes that ended because of the state they came to.
        timed_out: bool (n,), episodes that ended because ``max_episode_steps`` were over.  Never
            true together with ``terminated``, which wins.
        next_observations: float32 (n, observation.size), before any reset: what the action led
            to.  Equal to ``observations`` where no episode ended.

    """

    observations: Tensor
    rewards: Tensor
    terminated: Tensor
    timed_out: Tensor
    next_observations: Tensor


class Simulator(ABC):
    """Environments of one task.  Finished episodes start again (see `resets_in_step`).

    The same constructor arguments and the same actions give the same numbers, bit for bit, on
    one machine; how many threads work on it makes no difference.  Tensors that were handed out
    are never written again.

    On a CUDA device nothing waits for the device in a step, so that values which are not finite
    are found up to a hundred steps late; the error names the step in which they came up.
    """

    resets_in_step = True
    """Whether finished episodes start again within the same step.  Where it is False, the next
    step resets them, which counts as one of the new episode: ``observations`` where an episode
    ended are those it ended with, and the next action on it is lost."""
    resumes = True
    """Whether `restore` goes on where `state` was taken.  Where it is False, the physics cannot
    be saved: `restore` starts new episodes, the same ones each time."""
    own_group = "observations"
    """What the back end calls those that are the actor's unless other groups are chosen."""
    for_critic: tuple[Part, ...] = ()
    """What a critic sees of the groups; nothing: what the actor sees."""

    @property
    @abstractmethod
    def spec(self) -> TaskSpec:
        """The task, with sizes, names and units."""

    @abstractmethod
    def observations(self) -> Tensor:
        """Return the present observations, float32 (n, observation.size).

        Before the first step they are those of the first reset, after `restore` those of the
        restored state.
        """

    def groups(self) -> Mapping[str, Tensor]:
        """Return all that is observed at present, float32 (n, …), by the back end's own names."""
        return {self.own_group: self.observations()}

    def next_groups(self, step: StepResult) -> Mapping[str, Tensor]:
        """Return all groups as they were before any reset of ``step``, the last one."""
        return {self.own_group: step.next_observations}

    def critic_observations(self) -> Tensor:
        """Return what a critic sees at present, float32 (n, size)."""
        if not self.for_critic:
            return self.observations()
        return select(self.groups(), self.for_critic)

    def next_critic_observations(self, step: StepResult) -> Tensor:
        """Return what a critic would have seen before any reset of ``step``, the last one."""
        if not self.for_critic:
            return step.next_observations
        return select(self.next_groups(step), self.for_critic)

    def episode_log(self) -> EpisodeLog | None:
        """Return what the task says of the episodes that ended with the last step.

        None: none did, or it says nothing of them.
        """
        return None

    @abstractmethod
    def step(self, actions: Tensor) -> StepResult:
        """Act in all environments for ``spec.step_seconds``.

        Args:
            actions: float32 (n, action.size) in ``spec.action.units``.  Values beyond the
                bounds are clipped to them.

        Raises:
            SimulationError: actions of another shape or dtype, or not finite (the state is then
                as before the call); or physics that diverged.

        """

    def joint_state(self, env: int) -> tuple[list[float], list[float]]:
        """Return positions (m, rad) and velocities (m/s, rad/s) of ``spec.joints`` in ``env``.

        Here they are taken from the observations.  A task with joints whose observations don't
        hold them overrides this, or has SimulationError raised.
        """
        spec, row = self.spec, self.observations()[env].tolist()
        columns = {signal: row[at] for at, signal in enumerate(spec.observation.signals)}
        try:
            position, velocity = ([columns[f"{joint}.{quantity}"] for joint in spec.joints]
                                  for quantity in ("position", "velocity"))
            return position, velocity
        except KeyError as error:
            raise SimulationError(f"{spec.name}: no observation is {error.args[0]}") from None

    @abstractmethod
    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything that the future depends on, as tensors and JSON values.

        The random generator is among it; so is ``"num_envs"``, in the values.
        """

    @abstractmethod
    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go back to what `state` returned; what follows is bit-identical (but see `resumes`).

        Raises:
            SimulationError: the state does not fit this simulator, which is then unchanged.

        """

    def renderer(self, width: int, height: int) -> Renderer | None:
        """Return what draws environments, ``width`` x ``height`` unless they say how large.

        None: the robot of ``spec.description`` is drawn, which joints move.  InputError where
        there is nothing to draw with.
        """
        return None

    def close(self) -> None:  # noqa: B027 - many hold nothing
        """Free what the simulator holds.  A second call does nothing."""


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _all_finite(values: Tensor) -> bool:
    """Sum, which is faster than to look at each, and look again at a sum that overflows."""
    return math.isfinite(values.sum().item()) or bool(values.isfinite().all())


def _first_bad(values: Tensor, columns: ArraySpec) -> str:
    env, column = (~values.isfinite()).nonzero()[0].tolist()
    return (f"environment {env}: {columns.names[column]} is {values[env, column].item()} "
            f"{columns.units[column]}")
