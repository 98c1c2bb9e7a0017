"""Gains of the position control behind a policy, by joint."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from dnne_ros.messages.making import FLOAT64_ARRAY, float64_array
from dnne_ros.node_api.ros_topics import RosTopics, TopicUse
from dnne_ros.nodes.robot.command_limits import json_of
from dnne_ros.nodes.ros.topic_widgets import optional_names, topic_misfits

GAINS = ("kp", "kd")
_PERIOD = 1.0


def gains_by_joint(values: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return ``kp`` and ``kd`` of the widgets of a node, those that are given, by joint.

    Raises ValueError naming the widget that is wrong, or that contradicts another.
    """
    given = {name: values[name] for name in GAINS if values[name].strip()}
    names = optional_names(values["joint_names"])
    for name in given:
        if values["control_type"] != "position":
            raise ValueError(f"widget {name!r}: expected gains with control_type=position only, "
                             f"found control_type={values['control_type']}")
        if not names:
            raise ValueError(f"widget {name!r}: gains are by joint, and joint_names is empty")
    for name in GAINS:
        topic = values[f"{name}_topic"]
        if topic and name not in given:
            raise ValueError(f"widget '{name}_topic': expected {name}, which is empty")
        if topic and (wrong := topic_misfits(topic, f"{name}_topic",
                                             f"/{name}_controller/commands")):
            raise ValueError(wrong[0])
    return {name: by_joint(text, names, name) for name, text in given.items()}


def gain_topics(values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
    """Return the topics on which the widgets of a node have its gains sent."""
    return tuple(TopicUse(topic, FLOAT64_ARRAY, publishes=True) for name in GAINS
                 if (topic := values[f"{name}_topic"]))


def by_joint(text: str, names: tuple[str, ...], widget: str, noun: str = "gain"
             ) -> dict[str, float]:
    """Return a number from 0 for each of ``names``, in their order: ``40``, or by name as JSON.

    ValueError, naming ``widget``, for anything else, and for names that are missing or unknown.
    """
    found = json_of(text, widget)
    gains = dict.fromkeys(names, found) if _is_gain(found) else found
    if not isinstance(gains, dict) or not all(map(_is_gain, gains.values())):
        raise ValueError(f"widget {widget!r}: expected a {noun} from 0, or one for each joint by "
                         f"its name, found {text!r:.80}")
    if gains.keys() != {*names}:
        missing = [name for name in names if name not in gains]
        unknown = [name for name in gains if name not in names]
        wrong = [f"{what} {', '.join(which)}" for what, which in (
            ("none for", missing), ("unknown", unknown)) if which]
        raise ValueError(f"widget {widget!r}: expected a {noun} for each of joint_names: "
                         f"{'; '.join(wrong)}")
    return {name: float(gains[name]) for name in names}


class GainSender:
    """Tells a robot its gains: with the first command, and again every second.

    So a controller that starts later, or again, has them as well.
    """

    def __init__(self, topics: RosTopics, gains: Mapping[str, Mapping[str, float]],
                 values: Mapping[str, Any]):
        """Advertise the topics that ``values`` of a node's widgets name for its ``gains``."""
        self._told = -math.inf
        self._gains = [
            (topics.advertise(topic, FLOAT64_ARRAY, "latched"), np.array(list(each.values())))
            for name, each in gains.items() if (topic := values[f"{name}_topic"])]

    def tell(self, now: float) -> None:
        """Send them, if it is time to; ``now`` is of a steady clock, in seconds."""
        if now - self._told < _PERIOD:
            return
        self._told = now
        for publisher, gains in self._gains:
            publisher.publish(float64_array(gains))


def _is_gain(value: Any) -> bool:
    return type(value) in (int, float) and 0.0 <= value <= sys.float_info.max
