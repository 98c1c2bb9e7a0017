"""The policy that an agent of a training run has left in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.errors import InputError

ARCHITECTURE = "architecture"
"""Under which an agent keeps its `PolicySpec`."""


def saved_agent(checkpoint: Checkpoint, node: str = ""
                ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return architecture and weights of the agent ``node``; empty: of the only one.

    Raises `InputError`, about the checkpoint, if there is no such policy, or several.
    """
    source = str(checkpoint.directory)
    states = {id: state for id, state in checkpoint.states().items()
              if ARCHITECTURE in state.values}
    agents = ", ".join(states) or "none"
    if node and node not in states:
        raise InputError(source, [f"node {node!r:.40} has no policy in it; those that have one: "
                                  f"{agents}"])
    if not node and len(states) != 1:
        raise InputError(source, [
            "no node has a policy in it" if not states else
            f"several nodes have a policy in it: {agents}; choose one by its node"])
    state = states[node] if node else next(iter(states.values()))
    return state.values[ARCHITECTURE], state.weights


def read_agent(place: Path, node: str = "") -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what `saved_agent` does, of the checkpoint in the folder ``place``."""
    return saved_agent(Checkpoint.read(place), node)
