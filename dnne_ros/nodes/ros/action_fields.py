"""Goals, feedback and results of an action, as the widgets of a node say what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from dnne_ros.messages.making import MessageMaker
from dnne_ros.messages.message_types import action_class
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.widget import missing_values
from dnne_ros.nodes.ros.service_fields import maker_of, numbers_of
from dnne_ros.nodes.ros.topic_widgets import misfits, topic_misfits

EXAMPLE = "/arm/follow_joint_trajectory"
"""An action's name, for a report."""


def action_misfits(node_type: type[Node], values: Mapping[str, Any], made: Mapping[str, str],
                   read: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the widgets of a node that calls or offers an action.

    ``made`` and ``read``: the part of the action, Goal say, by the widget with the field that it
    is filled at, or read from.  [] where name and type are not given, which is reported without
    being asked.
    """
    if missing_values(node_type.widgets, values):
        return []
    wrong = topic_misfits(values["action"], "action", EXAMPLE)
    if unknown := misfits(lambda each: action_class(each["action_type"]), values):
        return wrong + [f"widget 'action_type': {each}" for each in unknown]
    for widget, part in made.items():
        wrong += misfits(partial(part_maker, part=part, widget=widget), values)
    for widget, part in read.items():
        if values[widget].strip():
            wrong += misfits(partial(part_reader, part=part, widget=widget), values)
    return wrong


def part_maker(values: Mapping[str, Any], part: str, widget: str, *, whole: bool = False
               ) -> MessageMaker:
    """Return what makes a part of the action of what comes into the field that ``widget`` names.

    Or into the ``whole``.  The widget ``field`` goes with the widget ``fixed``.  ValueError for
    fields that the type has not.
    """
    return maker_of(_part(values, part), "" if whole else values[widget],
                    values["fixed"] if widget == "field" else "")


def part_reader(values: Mapping[str, Any], part: str, widget: str) -> Callable[[Any], Any]:
    """Return what takes the numbers that ``widget`` names out of a part, as a tensor (n).

    ValueError, with the field's name, for what is none.
    """
    return numbers_of(_part(values, part), values[widget], values["dtype"])


def _part(values: Mapping[str, Any], part: str) -> type:
    found: type = getattr(action_class(values["action_type"]), part)
    return found
