"""The shape of an agent's policy, as its widgets say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnne_ros.rl.policy_spec import PolicySpec

_LISTS = ("hidden_sizes", "critic_hidden_sizes", "action_choices")
_SAME = ("activation", "init_log_std", "shared_trunk", "normalize_observations",
         "normalize_values", "memory_size", "memory_layers", "std_type", "squash")
"""Widgets that a `PolicySpec` has under the same name."""


def parse_sizes(text: str) -> tuple[int, ...]:
    """Return ``"64,64"`` as (64, 64); empty means no hidden layer.  ValueError otherwise."""
    try:
        sizes = tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        raise ValueError("not whole numbers with commas between") from None
    if any(not 1 <= size <= 100_000 for size in sizes):
        raise ValueError("a layer has from 1 to 100000 units")
    return sizes


def shape_problems(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the lists of sizes, and what does not go together."""
    problems = []
    for name in _LISTS:
        try:
            parse_sizes(values[name])
        except ValueError as error:
            problems.append(f"widget {name!r}: expected sizes such as 64,64, found "
                            f"{values[name]!r:.60} ({error})")
    if not problems:
        try:
            policy_spec(values, 1, 0)
        except ValueError as error:
            problems.append(f"widget {error}")
    return problems


def policy_spec(values: Mapping[str, Any], observation_size: int, critic_observation_size: int
                ) -> PolicySpec:
    """Return the policy's spec for what actor and critic see; 0: the critic sees the same.

    ValueError for what does not go together.
    """
    from dnne_ros.rl.policy_spec import PolicySpec

    choices = parse_sizes(values["action_choices"])
    critic = values["critic_hidden_sizes"]
    return PolicySpec(
        observation_size=observation_size, critic_observation_size=critic_observation_size,
        action_size=sum(choices) if choices else values["action_dim"],
        hidden_sizes=parse_sizes(values["hidden_sizes"]),
        critic_hidden_sizes=parse_sizes(critic) if critic.strip() else None,
        discrete=values["action_space"] == "discrete", choices=choices,
        memory="" if values["memory"] == "none" else values["memory"],
        **{name: values[name] for name in _SAME})
