"""What a trainer learns with, made when the first transition shows the sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    import torch

    from dnne_ros.node_api.state import NodeState
    from dnne_ros.rl.episodes import EpisodeStatistics
    from dnne_ros.rl.symmetry import Symmetry

_MIRRORS = ("mirror_observations", "mirror_actions", "mirror_critic_observations")


class Algorithm(Protocol):
    """What changes a policy, with a state of its own beside the policy's weights."""

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Return what `restore` needs, as tensors and JSON values."""

    def restore(self, tensors: dict[str, torch.Tensor], values: dict[str, Any]) -> None:
        """Go back to what `state` returned; ValueError if it is another policy's."""


AlgorithmT = TypeVar("AlgorithmT", bound=Algorithm)
RolloutT = TypeVar("RolloutT")


@dataclass(frozen=True)
class Learner(Generic[AlgorithmT, RolloutT]):
    """The algorithm, what it learns from, and how well the policy does."""

    algorithm: AlgorithmT
    rollout: RolloutT
    episodes: EpisodeStatistics

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Return what `restore` needs, as tensors and JSON values."""
        tensors, values = self.algorithm.state()
        episode_tensors, episode_values = self.episodes.state()
        return ({**{f"optimizer.{name}": tensor for name, tensor in tensors.items()},
                 **{f"episodes.{name}": tensor for name, tensor in episode_tensors.items()}},
                {"optimizer": values, "episodes": episode_values})

    def restore(self, state: NodeState, new_episodes: bool) -> None:
        """Go on from what `state` returned, with ``new_episodes`` or in those that ran.

        It may be from before the first transition.
        """
        if "optimizer" not in state.values:
            return

        def part(prefix: str) -> dict[str, torch.Tensor]:
            return {name.removeprefix(prefix): tensor for name, tensor in state.tensors.items()
                    if name.startswith(prefix)}

        self.algorithm.restore(part("optimizer."), state.values["optimizer"])
        self.episodes.restore(part("episodes."), state.values["episodes"],
                              new_episodes=new_episodes)


def next_seen_by_critic(present: torch.Tensor, info: Mapping[str, Any]) -> torch.Tensor | None:
    """Return what a critic would have seen before any reset, as far as that counts.

    That is at time-outs, of which ``info`` has the rows; None: it has them not.
    """
    timed_out = info.get("time_outs")
    if timed_out is None or not timed_out.any():
        return present
    rows = info.get("next_critic_observations")
    if rows is None:
        return None
    following = present.clone()
    following[timed_out.bool()] = rows
    return following


def mirror_problems(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a trainer's mirrors; torch is imported if there are some."""
    problems = []
    is_wanted = values["augment_mirrored"] or values["mirror_loss_coef"] > 0.0
    for name in _MIRRORS:
        if not values[name].strip():
            if is_wanted and name != "mirror_critic_observations":
                problems.append(f"widget {name!r}: expected columns such as -0, 2, 1, as mirrored "
                                "transitions are to be learned from")
            continue
        from dnne_ros.rl.symmetry import Mirror

        try:
            Mirror.parse(values[name])
        except ValueError as error:
            problems.append(f"widget {name!r}: {error}, found {values[name]!r:.60}")
    return problems


def symmetry_of(values: Mapping[str, Any]) -> Symmetry | None:
    """Return the mirrors that the widgets say; None: none are wanted."""
    if not values["mirror_observations"].strip():
        return None
    from dnne_ros.rl.symmetry import Mirror, Symmetry

    observations, actions, critic = (
        Mirror.parse(values[name]) if values[name].strip() else None for name in _MIRRORS)
    return None if observations is None or actions is None else Symmetry(
        observations, actions, critic)
