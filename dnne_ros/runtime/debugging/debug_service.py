"""The service ``<node>/_debug`` of each process, by which debuggers talk to a graph.

Its type is ``rcl_interfaces/srv/GetParameters``, which every ROS 2 system has: a request is words,
as on the command line of ``dnne-ros debug``, behind the name of who asks; the answer is one text,
a JSON object.  What is changed in one process, all learn (`Pause`); what is at hand in a process,
only that one can show.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters

from dnne_ros import strict_json
from dnne_ros.debugging.condition import Condition
from dnne_ros.debugging.places import Places, Spot
from dnne_ros.debugging.tokens import ConditionError
from dnne_ros.errors import InputError, describe, printable
from dnne_ros.runtime.coordination.pause import AT_BOUNDARY, MOST_BREAKPOINTS, BreakpointWord

if TYPE_CHECKING:
    from dnne_ros.runtime.coordination.pause import Pause
    from dnne_ros.runtime.debugging.stops import Breakpoint, SeenItem, Stops
    from dnne_ros.runtime.node.node_host import NodeHost

SERVICE = "_debug"
SERVICE_TYPE = "rcl_interfaces/srv/GetParameters"
_LONGEST_NAME = 120
_ATTACHED_SECONDS = 5.0
_MOST_STEPS = 10**9


class DebugService:
    """Does what debuggers ask of one process, and says how its run stands."""

    def __init__(self, host: NodeHost, process: str, processes: Sequence[str], pause: Pause,
                 stops: Stops, places: Places, announces: bool):
        """Serve as ``host``, for ``process``, one of the ``processes`` of the run.

        ``announces``: some node of the graph announces boundaries.
        """
        self._process = process
        self._processes = list(processes)
        self._namespace = host.get_namespace()
        self._pause = pause
        self._stops = stops
        self._places = places
        self._announces = announces
        self._attached: dict[str, float] = {}
        self._actions: Mapping[str, Callable[..., None]] = {
            "state": lambda by: None, "leave": lambda by: None,
            "show": lambda by, place="": None, "pause": self._pause_now,
            "boundary": self._to_boundary, "go": self._go, "step": self._step,
            "break": self._break, "watch": self._watch, "clear": self._clear}
        host.create_service(GetParameters, f"{host.graph_node.ros_name}/{SERVICE}", self._answer)

    def _answer(self, request: Any, response: Any) -> Any:
        """Answer; whatever a request is, it must not end the run."""
        try:
            found = self._do([printable(word) for word in request.names])
        except InputError as error:
            found = {"problems": [problem.message for problem in error.problems]}
        except Exception as error:  # anybody may ask anything
            found = {"problems": [describe(error)]}
        response.values = [ParameterValue(type=ParameterType.PARAMETER_STRING,
                                          string_value=strict_json.dumps(found))]
        return response

    def _do(self, words: Sequence[str]) -> dict[str, Any]:
        if len(words) < 2 or words[1] not in self._actions:
            raise InputError("debug", [f"expected who asks and one of {', '.join(self._actions)}"])
        by, action, *rest = words
        by = by[:_LONGEST_NAME]
        act = self._actions[action]
        try:
            signature(act).bind(by, *rest)
        except TypeError:
            raise InputError("debug", [f"{action}: {len(rest)} words are too many or too few"]
                             ) from None
        self._attached[by] = time.monotonic()
        act(by, *rest)
        found = self._state(by)
        if action == "leave":
            del self._attached[by]
        if action == "show":
            spots = self._places.find(rest[0] if rest else "").spots
            found["items"] = [{**_item(each, self._places), "view": each.view()}
                              for each in self._seen(spots if rest and rest[0] else None)]
        return found

    def _pause_now(self, by: str) -> None:
        self._pause.set(True, by)

    def _to_boundary(self, by: str) -> None:
        if not self._announces:
            raise InputError("debug", ["no node of this graph announces boundaries: pause at "
                                       "once, or break on a node"])
        self._pause.set(False, f"by {by}", AT_BOUNDARY)

    def _go(self, by: str) -> None:
        self._pause.set(False, f"by {by}")

    def _step(self, by: str, place: str = "", count: str = "1") -> None:
        if not (count.isascii() and count.isdigit() and 1 <= int(count[:12]) <= _MOST_STEPS):
            raise InputError("debug", [f"step: expected how many items, from 1, found "
                                       f"{count!r:.40}"])
        found = self._places.find(place)
        self._pause.set(False, f"by {by}", "step", found.text, int(count))

    def _break(self, by: str, place: str, condition: str = "") -> None:
        self._add(by, place, condition, True)

    def _watch(self, by: str, place: str, condition: str = "") -> None:
        self._add(by, place, condition, False)

    def _add(self, by: str, place: str, condition: str, stops: bool) -> None:
        found = self._places.find(place)
        try:
            text = Condition(condition).text if condition.strip() else ""
        except ConditionError as error:
            raise InputError("condition", [f"condition {condition!r:.80}: {error}"]) from None
        known = self._pause.breakpoints
        if len(known) >= MOST_BREAKPOINTS:
            raise InputError("debug", [f"there are {len(known)} breakpoints, the most there may "
                                       "be: clear some"])
        number = 1 + max((each.id for each in known), default=0)
        self._pause.set_breakpoints(
            (*known, BreakpointWord(number, found.text, text, stops, by)))

    def _clear(self, by: str, which: str) -> None:
        known = self._pause.breakpoints
        left = () if which == "all" else tuple(each for each in known if str(each.id) != which)
        if which != "all" and left == known:
            numbers = ", ".join(str(each.id) for each in known) or "there are none"
            raise InputError("debug", [f"clear: expected 'all' or the number of a breakpoint "
                                       f"({numbers}), found {which!r:.40}"])
        self._pause.set_breakpoints(left)

    def _state(self, by: str) -> dict[str, Any]:
        """Return how the run stands, and what is at hand in this process."""
        now = time.monotonic()
        self._attached = {name: at for name, at in self._attached.items()
                          if now - at < _ATTACHED_SECONDS}
        state = self._pause.state
        return {
            "graph": self._namespace, "process": self._process, "processes": self._processes,
            **state._asdict(), "turn": self._pause.turns,
            "breakpoints": [_breakpoint(each) for each in self._stops.breakpoints],
            "held": [_item(each, self._places) for each in self._stops.held],
            "others": sorted(name for name in self._attached if name != by)}

    def _seen(self, spots: frozenset[Spot] | None) -> list[SeenItem]:
        """Return items at hand, or else those that watchpoints have seen last, at some spots."""
        watched = [each.last for each in self._stops.breakpoints if each.last is not None]
        found = [*self._stops.held, *watched]
        return found if spots is None else [each for each in found if each.spot in spots]


def _breakpoint(each: Breakpoint) -> dict[str, Any]:
    return {**each.word._asdict(), "hits": each.hits, "trouble": printable(each.trouble),
            "last": None if each.last is None else each.last.number,
            "spots": sorted(map(list, each.place.spots))}


def _item(each: SeenItem, places: Places) -> dict[str, Any]:
    node, port, direction = each.spot
    return {"node": node, "port": port, "direction": direction,
            "edge": places.edge_of(each.spot), "number": each.number, "why": each.why,
            "time": each.time_ns * 1e-9}
