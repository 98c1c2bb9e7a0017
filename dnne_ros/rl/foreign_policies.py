"""Policies that other programs saved, by our names of weights."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

_RULES = tuple((re.compile(pattern), name) for pattern, name in (
    (r"(?:module\.)?(?:a2c_network\.)?(?:shared|shared_layers|actor_mlp)\.(\d+)\.(.+)",
     r"trunk.\1.\2"),
    (r"(?:module\.)?(?:a2c_network\.)?(?:policy_mean|policy_logits|mu|logits)\.(weight|bias)",
     r"actor.0.\1"),
    (r"(?:module\.)?(?:a2c_network\.)?(?:value|value_head)\.(weight|bias)", r"critic.0.\1"),
    (r"(?:module\.)?(?:policy_log_std(?:\.log_std)?|a2c_network\.sigma)", "log_std"),
))
"""Those of a network with shared hidden layers: as DNNE names them, and rl_games."""
_HIDDEN = re.compile(r"trunk\.(\d+)\.weight")


def by_our_names(weights: Mapping[str, Tensor], shared_trunk: bool) -> dict[str, Tensor]:
    """Return ``weights`` with the names that `dnne_ros.rl.policy.ActorCritic` has for them.

    Without a ``shared_trunk``, hidden layers that the file has once are those of the actor and of
    the critic: the policy then does and says what it did.  What no rule knows keeps its name.
    """
    ours = {_ours(name): tensor for name, tensor in weights.items()}
    hidden = [int(match[1]) for name in ours if (match := _HIDDEN.fullmatch(name))]
    if shared_trunk or not hidden:
        return ours
    last = max(hidden) + 2  # an activation lies between two layers
    apart: dict[str, Tensor] = {}
    for name, tensor in ours.items():
        part, _, rest = name.partition(".")
        if part == "trunk":
            apart |= {f"actor.{rest}": tensor, f"critic.{rest}": tensor}
        elif part in ("actor", "critic"):
            apart[f"{part}.{last}.{rest.partition('.')[2]}"] = tensor
        else:
            apart[name] = tensor
    return apart


def _ours(name: str) -> str:
    for pattern, ours in _RULES:
        if match := pattern.fullmatch(name):
            return match.expand(ours)
    return name
