"""The shape of an agent's policy, as its widgets say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnne_ros.rl.policy_spec import Convolution, PolicySpec

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
        raise ValueError("each is from 1 to 100000")
    return sizes


def parse_convolutions(text: str) -> tuple[Convolution, ...]:
    """Return ``"16:8:4, 32:4:2"`` as ((16, 8, 4), (32, 4, 2)); ValueError otherwise."""
    layers = []
    for layer in filter(None, map(str.strip, text.split(","))):
        numbers = parse_sizes(layer.replace(":", ","))
        if len(numbers) != 3:
            raise ValueError("a layer is kernels:size:stride")
        layers.append((numbers[0], numbers[1], numbers[2]))
    return tuple(layers)


def parse_picture(text: str) -> tuple[int, ...]:
    """Return ``"3x64x64"`` as (3, 64, 64); empty: no picture.  ValueError otherwise."""
    try:
        sizes = parse_sizes(text.replace("x", ","))
    except ValueError:
        sizes = (0,)
    if sizes and (len(sizes) != 3 or not all(sizes)):
        raise ValueError("channels, height and width")
    return sizes


_LISTS = (
    ("hidden_sizes", "sizes such as 64,64", parse_sizes),
    ("critic_hidden_sizes", "sizes such as 64,64", parse_sizes),
    ("action_choices", "numbers of choices such as 3,2", parse_sizes),
    ("picture", "3x64x64", parse_picture),
    ("convolutions", "16:8:4, 32:4:2", parse_convolutions))
"""Widgets that are lists, what one looks like, and what reads it."""


def shape_problems(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the lists of sizes, and what does not go together."""
    problems = []
    for name, example, parse in _LISTS:
        try:
            parse(values[name])
        except ValueError as error:
            problems.append(f"widget {name!r}: expected {example}, found {values[name]!r:.60} "
                            f"({error})")
    if values["action_choices"].strip() and values["action_space"] != "discrete":
        problems.append("widget 'action_choices': expected none with action_space="
                        f"{values['action_space']}, found {values['action_choices']!r:.60}")
    if not problems:
        try:
            policy_spec(values, 2**31, 0)
        except ValueError as error:
            name, _, problem = str(error).partition(": ")
            problems.append(f"widget {name!r}: {problem}")
    return problems


def policy_spec(values: Mapping[str, Any], observation_size: int, critic_observation_size: int
                ) -> PolicySpec:
    """Return the policy's spec for what actor and critic see; 0: the critic sees the same.

    ValueError for what does not go together.
    """
    from dnne_ros.rl.policy_spec import PolicySpec

    choices = parse_sizes(values["action_choices"])
    picture = parse_picture(values["picture"])
    critic = values["critic_hidden_sizes"]
    return PolicySpec(
        observation_size=observation_size, critic_observation_size=critic_observation_size,
        action_size=sum(choices) if choices else values["action_dim"],
        hidden_sizes=parse_sizes(values["hidden_sizes"]),
        critic_hidden_sizes=parse_sizes(critic) if critic.strip() else None,
        discrete=values["action_space"] == "discrete", choices=choices,
        picture=picture,
        convolutions=parse_convolutions(values["convolutions"]) if picture else (),
        memory="" if values["memory"] == "none" else values["memory"],
        **{name: values[name] for name in _SAME})
