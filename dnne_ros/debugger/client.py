"""Talks to the processes of running graphs by their service ``_debug``.

See `dnne_ros.runtime.debugging.debug_service`.  Used by the terminal and by pages in a browser,
each in the event loop that serves rclpy.
"""

from __future__ import annotations

import asyncio
import difflib
import getpass
import json
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import DnneError, InputError, printable
from dnne_ros.runtime.debugging.debug_service import SERVICE, SERVICE_TYPE
from dnne_ros.runtime.node.ros_services import HostServiceClient, HostServices

if TYPE_CHECKING:
    from rclpy.node import Node

_LOOK_SECONDS = 0.05
_ANSWER_SECONDS = 5.0
_PAGE_SECONDS = 2.0
_START_LOOK_SECONDS = 0.5
_FIRST_POLL, _LONGEST_POLL = 0.005, 0.1
_LONGEST_ANSWER = 8 * 2**20


def own_name(what: str) -> str:
    """Return by which name this program is known to others that debug the same graph."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        user = str(os.getuid())
    return f"{what} of {user}@{socket.gethostname()}, process {os.getpid()}"


class GraphClient:
    """Finds graphs that can be debugged."""

    def __init__(self, node: Node, by: str):
        """Talk as ``node``; ``by`` is what others are told of us."""
        self._node = node
        self._by = by
        self._services = HostServices(node)
        self._callers: dict[str, HostServiceClient] = {}

    def graphs(self) -> dict[str, list[str]]:
        """Return the services of each graph, by its namespace, as far as they are known."""
        found: dict[str, list[str]] = {}
        for name, types in self._node.get_service_names_and_types():
            namespace, _, rest = name.removesuffix(f"/{SERVICE}").rpartition("/")
            if name.endswith(f"/{SERVICE}") and SERVICE_TYPE in types and rest:
                found.setdefault(namespace or "/", []).append(name)
        return found

    async def attach(self, name: str, timeout: float) -> DebuggedGraph:
        """Return the graph of a namespace, or the only one; all its processes have answered.

        `InputError` if there are several, `DnneError` if none has come within ``timeout`` s.
        """
        wanted = f"/{name.strip('/')}" if name.strip("/") else ""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        missing: Sequence[str] = ()
        while True:
            found = self.graphs()
            meant = [each for each in found if each == wanted or not wanted]
            for namespace in meant:
                graph = DebuggedGraph(namespace, [self._caller(each) for each in found[namespace]],
                                      self._by)
                if not (missing := await graph.missing()):
                    others = [each for each in self.graphs() if each != namespace]
                    if not wanted and others:
                        raise InputError("GRAPH", [
                            f"expected one of {', '.join(sorted(self.graphs()))}"])
                    return graph
            if loop.time() >= until:
                raise DnneError(_absence(wanted, list(found), missing, timeout))
            await asyncio.sleep(_LOOK_SECONDS)

    async def await_start(self, name: str, has_ended: Callable[[], bool]) -> DebuggedGraph:
        """Return a graph that is about to start; `DnneError` if ``has_ended()`` comes true."""
        while not has_ended():
            with suppress(DnneError):  # not yet
                return await self.attach(name, _START_LOOK_SECONDS)
        raise DnneError(f"{name} has ended before it could be debugged")

    def known(self, namespace: str) -> DebuggedGraph | None:
        """Return a graph as far as it is known at this moment; None if there is none."""
        services = self.graphs().get(namespace)
        if services is None:
            return None
        return DebuggedGraph(namespace, [self._caller(each) for each in services], self._by,
                             patience=_PAGE_SECONDS)

    def _caller(self, service: str) -> HostServiceClient:
        if service not in self._callers:
            self._callers[service] = self._services.client(service, SERVICE_TYPE)
        return self._callers[service]

    def close(self) -> None:
        """Leave all graphs."""
        self._services.close()


def _absence(wanted: str, others: Sequence[str], missing: Sequence[str], timeout: float) -> str:
    if missing:
        return f"{wanted or 'the graph'}: no answer within {timeout:g} s of {', '.join(missing)}"
    near = difflib.get_close_matches(wanted, others, 1, 0.4) or sorted(others)
    there = f"; there is {', '.join(near)}" if others else ""
    where = f"ROS domain {os.environ.get('ROS_DOMAIN_ID', '0')}"
    return f"no word of {wanted or 'any graph'} within {timeout:g} s ({where}){there}"


class DebuggedGraph:
    """The processes of one graph, and the word with them."""

    def __init__(self, namespace: str, callers: Sequence[HostServiceClient], by: str,
                 patience: float = _ANSWER_SECONDS):
        """Talk to a graph by ``callers``, one a process, which have ``patience`` s to answer."""
        self.namespace = namespace
        self._patience = patience
        self._callers = sorted(callers, key=lambda each: each.name)
        self._by = by

    async def missing(self) -> list[str]:
        """Return which processes of the graph cannot be reached yet."""
        ready = [each for each in self._callers if each.is_ready()]
        if not ready:
            return ["its processes"]
        answers = [each for each in await self._ask_all("state") if each is not None]
        known = {each["process"] for each in answers}
        return sorted({process for each in answers for process in each["processes"]} - known)

    async def do(self, action: str, *words: str) -> dict[str, Any]:
        """Have the graph do something, and return the state in which it is then.

        All that is changed, one process is told, so that two changes are one behind the other.
        `InputError` with what is wrong, `DnneError` if nobody answers.
        """
        for caller in list(self._callers):
            answer = await self._ask(caller, action, *words)
            if answer is not None:
                break
            self._callers.append(self._callers.pop(0))  # that of a process that was killed
        else:
            raise self._silence()
        if "problems" in answer:
            raise InputError(action, answer["problems"])
        return answer

    async def state(self, place: str | None = None) -> dict[str, Any]:
        """Return how the run stands, put together of what all processes say.

        ``place``: with what there is to be seen there; "" is everywhere.
        """
        words = ("state",) if place is None else ("show", place)
        answers = await self._ask_all(*words)
        silent = [each.name for each, answer in zip(self._callers, answers, strict=True)
                  if answer is None]
        found = [each for each in answers if each is not None]
        if not found:
            raise self._silence()
        for each in found:
            if "problems" in each:
                raise InputError("debug", each["problems"])
        return {**_together(found), "silent": silent}

    async def leave(self) -> None:
        """Say that we debug it no more, if anybody hears that."""
        await self._ask_all("leave")

    async def stopped(self, timeout: float | None) -> dict[str, Any]:
        """Wait until the run stands, and return its state; TimeoutError after ``timeout`` s."""
        loop = asyncio.get_running_loop()
        until = None if timeout is None else loop.time() + timeout
        wait = _FIRST_POLL
        while not (await self.do("state"))["paused"]:
            if until is not None and loop.time() >= until:
                raise TimeoutError(f"{self.namespace} has not stopped within {timeout:g} s")
            await asyncio.sleep(wait)
            wait = min(_LONGEST_POLL, 1.5 * wait)
        return await self.state("")

    def _silence(self) -> DnneError:
        return DnneError(f"{self.namespace}: no answer within {self._patience:g} s: it has ended, "
                         "or its event loop does not turn")

    async def _ask_all(self, *words: str) -> list[dict[str, Any] | None]:
        return await asyncio.gather(*(self._ask(each, *words) for each in self._callers))

    async def _ask(self, caller: HostServiceClient, *words: str) -> dict[str, Any] | None:
        """Return what a process answers; None if it does not."""
        from rcl_interfaces.srv import GetParameters

        try:
            if not await caller.appears(0.0 if words[0] == "leave" else self._patience):
                return None
            answer = await caller.call(GetParameters.Request(names=[self._by, *words]),
                                       self._patience)
            text = answer.values[0].string_value
            found = json.loads(text if len(text) <= _LONGEST_ANSWER else "")
        except TimeoutError:
            return None
        except (ValueError, IndexError, RecursionError):
            raise DnneError(f"{caller.name}: its answer means nothing") from None
        if not isinstance(found, dict):
            raise DnneError(f"{caller.name}: its answer means nothing")
        return found


def _together(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one state of those of all processes."""
    first = max(answers, key=lambda each: bool(each["paused"]))
    breakpoints: dict[int, dict[str, Any]] = {}
    for each in answers:
        for one in each["breakpoints"]:
            known = breakpoints.setdefault(one["id"], {**one, "hits": 0})
            known["hits"] += one["hits"]
            known["trouble"] = known["trouble"] or one["trouble"]
            known["last"] = known["last"] if one["last"] is None else one["last"]
    return {**{key: first[key] for key in ("graph", "paused", "why", "until", "place", "steps")},
            "processes": first["processes"], "breakpoints": list(breakpoints.values()),
            "held": [item for each in answers for item in each["held"]],
            "items": [item for each in answers for item in each.get("items", ())],
            "others": sorted({printable(name) for each in answers for name in each["others"]})}
