"""The five graphs of ``dnne-ros bench place``, and three placements by hand of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnne_ros.bench import curves_setting, mnist, ppo_setting
from dnne_ros.bench.ppo_setting import node

_CARTPOLE_ENVS, _CHEETAH_ACTIONS, _ENDLESS = 64, 6, 10**6
_PICTURES = 8000

Processes = Mapping[str, list[str]]


@dataclass(frozen=True)
class PlacedGraph:
    """A graph and how somebody who knows it would place it.

    ``workflow``: writes what it needs into a folder and returns it in the API format.
    """

    workflow: Callable[[Path], dict[str, Any]]
    by_hand: Mapping[str, Processes]


def _mnist(folder: Path) -> dict[str, Any]:
    mnist.write_random_digits(folder, "train", _PICTURES)
    return mnist.workflow(folder, _ENDLESS)


def _sensors(_: Path) -> dict[str, Any]:
    return {
        "1": node("PictureSourceNode"),
        "2": node("SlowVisionNode", picture=["1", 0]),
        "3": node("RateSourceNode"),
        "4": node("SteeringNode", number=["3", 0], seen=["2", 0]),
        "5": node("SteeringNode", number=["4", 0], seen=["2", 0]),
    }


def _calls(_: Path) -> dict[str, Any]:
    return {
        "1": node("AskingNode"),
        **{id: node("SlowCallNode", number=["1", 0]) for id in ("2", "3", "4", "5")},
        "6": node("AllAnswersNode", first=["2", 0], second=["3", 0], third=["4", 0],
                  fourth=["5", 0]),
    }


def _ppo(simulating: Sequence[str]) -> Mapping[str, Processes]:
    """Return placements of a PPO loop; nodes that hold the simulator cannot be separated."""
    acting = [id for id in ("2", "3", "5") if id not in simulating]
    return {
        "simulate, act, learn": {"simulate": [*simulating], "act": acting, "learn": ["6"]},
        "learning apart": {"learn": ["6"]},
        "simulator apart": {"simulate": [*simulating]},
    }


GRAPHS: Mapping[str, PlacedGraph] = {
    "Cartpole": PlacedGraph(lambda _: ppo_setting.workflow(_CARTPOLE_ENVS),
                            _ppo(("1", "4"))),
    "HalfCheetah": PlacedGraph(lambda _: curves_setting.workflow(
        "gymnasium", "HalfCheetah-v5", _CHEETAH_ACTIONS, _ENDLESS), _ppo(("1", "4", "5"))),
    "MNIST": PlacedGraph(_mnist, {
        "data apart": {"data": ["1", "2", "3"]},
        "figures apart": {"figures": ["11"]},
        "data, learning, figures": {"data": ["1", "2", "3"], "figures": ["11"]},
    }),
    "slow vision": PlacedGraph(_sensors, {
        "vision apart": {"vision": ["2"]},
        "camera and vision apart": {"vision": ["1", "2"]},
        "control apart": {"control": ["3", "4", "5"], "driver": ["1"]},
    }),
    "slow calls": PlacedGraph(_calls, {
        "two and two": {"first": ["2", "3"], "second": ["4", "5"]},
        "all calls apart": {"calls": ["2", "3", "4", "5"]},
        "one each": {"a": ["2"], "b": ["3"], "c": ["4"], "d": ["5"]},
    }),
}
