"""A simulator whose actor, or critic, sees other groups of observations than its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.sim.group_columns import Part, parse_groups, select
from dnne_ros.sim.simulator import ArraySpec, Simulator, StepResult, TaskSpec

if TYPE_CHECKING:
    from torch import Tensor

    from dnne_ros.sim.episode_log import EpisodeLog
    from dnne_ros.sim.renderer import Renderer


def choose_groups(simulator: Simulator, actor: str, critic: str) -> Simulator:
    """Return ``simulator`` with the groups that are asked for; empty: its own.

    Raises `InputError` for a group or column that it has not.
    """
    for_actor, for_critic = (
        _known(simulator, name, text) for name, text in (("actor_group", actor),
                                                         ("critic_group", critic)))
    if for_actor:
        simulator = _ForActor(simulator, for_actor)
    if for_critic:
        simulator.for_critic = for_critic
    return simulator


def _known(simulator: Simulator, widget: str, text: str) -> tuple[Part, ...]:
    source = f"simulator {simulator.spec.name}, {widget}"
    try:
        parts = parse_groups(text)
    except ValueError as error:
        raise InputError(source, [str(error)]) from None
    groups = simulator.groups() if parts else {}
    for part in parts:
        if part.group not in groups:
            listed = ", ".join(f"{name} ({_shape(group)})" for name, group in groups.items())
            raise InputError(source, [f"there is no group {part.group!r:.60}; there are {listed}"])
        width = groups[part.group][0].numel()
        if part.columns and max(part.columns) >= width:
            raise InputError(source, [f"group {part.group}: there is no column "
                                      f"{max(part.columns)}; they go from 0 to {width - 1}"])
    return parts


def _shape(group: Tensor) -> str:
    return " × ".join(map(str, group.shape[1:]))


class _ForActor(Simulator):
    """A simulator whose observations are chosen from the groups of another."""

    def __init__(self, simulator: Simulator, parts: tuple[Part, ...]):
        self._inner = simulator
        self._parts = parts
        self.for_critic = simulator.for_critic
        self.resets_in_step, self.resumes = simulator.resets_in_step, simulator.resumes
        self._stepped: StepResult
        self._observation = _columns_of(simulator, parts)

    @property
    def spec(self) -> TaskSpec:
        """The task, with the columns that were chosen."""
        return replace(self._inner.spec, observation=self._observation)

    def observations(self) -> Tensor:
        """Return what was chosen of the present groups."""
        return select(self._inner.groups(), self._parts)

    def groups(self) -> Mapping[str, Tensor]:
        """Return all groups."""
        return self._inner.groups()

    def next_groups(self, step: StepResult) -> Mapping[str, Tensor]:
        """Return all groups, before any reset of ``step``."""
        return self._inner.next_groups(self._stepped)

    def step(self, actions: Tensor) -> StepResult:
        """Step, and choose."""
        step = self._inner.step(actions)
        self._stepped = step
        return step._replace(
            observations=self.observations(),
            next_observations=select(self._inner.next_groups(step), self._parts))

    def episode_log(self) -> EpisodeLog | None:
        """Return that of the simulator."""
        return self._inner.episode_log()

    def joint_state(self, env: int) -> tuple[list[float], list[float]]:
        """Return that of the simulator."""
        return self._inner.joint_state(env)

    def renderer(self, width: int, height: int) -> Renderer | None:
        """Return that of the simulator."""
        return self._inner.renderer(width, height)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return that of the simulator."""
        return self._inner.state()

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Restore the simulator."""
        self._inner.restore(tensors, values)

    def close(self) -> None:
        """Close the simulator."""
        self._inner.close()


def _columns_of(simulator: Simulator, parts: Sequence[Part]) -> ArraySpec:
    """Return what is known of the columns that are chosen."""
    known, groups = simulator.spec.observation, simulator.groups()
    signals = known.signals or ("",) * known.size
    as_known = list(zip(known.names, known.units, known.low, known.high, signals, strict=True))
    chosen: list[tuple[str, str, float, float, str]] = []
    for group, columns in parts:
        rows = as_known
        if group != simulator.own_group:
            rows = [(f"{group}_{column}", "", -math.inf, math.inf, "")
                    for column in range(groups[group][0].numel())]
        chosen += rows if columns is None else [rows[column] for column in columns]
    names, units, low, high, signals = zip(*chosen, strict=True)
    return ArraySpec(names, units, low, high, signals if all(signals) else ())
