"""The ROS node ``/dnne_ros/jobs``: services and an action in front of a store.

There is no package of messages of our own, as it would have to be built where nothing is.  The
services have the one type of every ROS installation that takes a text and gives a text back with
a word of success, AddDiagnostics; the action has that of ROS's own examples, Fibonacci, whose goal
is a number and whose feedback and result are lists of numbers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from diagnostic_msgs.srv import AddDiagnostics
from rcl_interfaces.msg import ParameterDescriptor

from dnne_ros.cli.output import say
from dnne_ros.errors import InputError
from dnne_ros.job_server.following import Following
from dnne_ros.job_server.requests import SERVICES, answer
from dnne_ros.jobs.store.store import StoreError
from dnne_ros.jobs.work.orders import cancel
from dnne_ros.messages.message_types import action_class
from dnne_ros.runtime.coordination.name_claims import NameClaims
from dnne_ros.runtime.node.node_host import twins_of
from dnne_ros.runtime.node.ros_actions import HostActions
from dnne_ros.runtime.node.ros_services import HostServices

if TYPE_CHECKING:
    from rclpy.node import Node

    from dnne_ros.jobs.store.store import JobStore
    from dnne_ros.node_api.ros_actions import ServedGoal

NAME, NAMESPACE = "jobs", "/dnne_ros"
SERVICE_TYPE = "diagnostic_msgs/srv/AddDiagnostics"
ACTION_TYPES = ("example_interfaces/action/Fibonacci", "test_msgs/action/Fibonacci")
"""The same fields in two packages: the first comes with ROS's desktop, the second is on PyPI."""
_LOOK_SECONDS = 0.2
_REST_SECONDS = 1.0
_TWIN_SECONDS = 30.0
"""Longer than DDS remembers a node that was killed."""
_KEEP_RESULTS_SECONDS = 900.0
_Found = TypeVar("_Found")


def chosen_action_type(wanted: str) -> str:
    """Return ``wanted``, or the first of `ACTION_TYPES` that is installed; nothing if none is.

    `InputError` for another type.
    """
    if wanted and wanted not in ACTION_TYPES:
        raise InputError("arguments", [f"--action-type: expected {' or '.join(ACTION_TYPES)}, "
                                       f"found {wanted!r:.60}"])
    return wanted or next((each for each in ACTION_TYPES
                           if find_spec(each.partition("/")[0])), "")


class JobServer:
    """Offers the jobs of a store; made and used in the event loop's thread."""

    def __init__(self, node: Node, store: JobStore, action_type: str):
        """Offer them as ``node``, which the event loop serves.

        ``action_type`` is one of `ACTION_TYPES`, or nothing for no action.  `InputError` if it is
        not installed, or another program of this machine is that node.
        """
        self._store = store
        self._node = node
        self.name = node.get_fully_qualified_name()
        self._claims = NameClaims([self.name], node.context.get_domain_id())
        # One thing after the other, as the words of jobs are read by argparse, which prints; and
        # not in the event loop's thread, as a workflow that is checked takes its time.
        self._thread = ThreadPoolExecutor(1, "jobs")
        self._tasks: set[asyncio.Task[None]] = set()
        self._followed: dict[ServedGoal, Following] = {}
        self._services, self._actions = HostServices(node), HostActions(node)
        try:
            self._offer(action_type)
        except InputError:
            self._leave()
            raise

    def _offer(self, action_type: str) -> None:
        if self._claims.held_by_others():
            raise InputError("jobs", [f"another program of this machine is {self.name}, and each "
                                      "request would be answered by both; give this one another "
                                      "namespace: --ros-args -r __ns:=/NAMESPACE"])
        self._node.declare_parameter("store", self._store.named, ParameterDescriptor(
            description="where the jobs are", read_only=True))
        for name in SERVICES:
            self._services.serve(f"~/{name}", SERVICE_TYPE, partial(self._take_request, name))
        if action_type:
            self._actions.serve("~/follow", action_type, self._take_goal, self._take_cancel,
                                _KEEP_RESULTS_SECONDS)
            self._action: Any = action_class(action_type)

    async def serve(self, ended: asyncio.Event) -> None:
        """Serve until ``ended``; then the goals under way end, and their jobs go on."""
        self._begin(self._look_for_twins())
        try:
            await ended.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.to_thread(self._thread.shutdown)
            self._leave()

    def _leave(self) -> None:
        self._services.close()
        self._actions.close()
        self._claims.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, do: Callable[[], _Found]) -> _Found:
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)

    async def _ask_until_answered(self, do: Callable[[], _Found]) -> _Found:
        """Ask a store that may be out of reach for a while."""
        told = False
        while True:
            try:
                return await self._ask(do)
            except (StoreError, sa.exc.SQLAlchemyError) as error:
                if not told:
                    told = True
                    say(f"{self._store.named}: {str(error).partition(chr(10))[0]}", error=True)
                await asyncio.sleep(_REST_SECONDS)

    def _take_request(self, name: str, request: AddDiagnostics.Request,
                      reply: Callable[[AddDiagnostics.Response], None]) -> None:
        self._begin(self._answer(name, request.load_namespace, reply))

    async def _answer(self, name: str, text: str,
                      reply: Callable[[AddDiagnostics.Response], None]) -> None:
        found = await self._ask(lambda: answer(name, self._store, text))
        if not found.success:
            say(f"{name} refused: {found.text}", flush=True)
        elif name != "list":
            say(f"{name}: {found.text}", flush=True)
        reply(AddDiagnostics.Response(success=found.success, message=found.text))

    def _take_goal(self, goal: ServedGoal) -> None:
        self._begin(self._follow(goal))

    def _take_cancel(self, goal: ServedGoal) -> bool:
        following = self._followed.get(goal)
        if following is None:
            return False
        following.cancelled_here = True
        self._begin(self._cancel(following))
        return True

    async def _cancel(self, following: Following) -> None:
        try:
            await self._ask_until_answered(lambda: cancel(self._store, [following.number]))
        except InputError:  # it has just ended, as its follower is about to be told
            return
        say(f"follow: job {following.number} is cancelled", flush=True)

    async def _follow(self, goal: ServedGoal) -> None:
        following = Following(self._store, goal.goal.order)
        try:
            figures = await self._ask_until_answered(following.look)
        except InputError as error:
            say(f"follow refused: {error}", flush=True)
            goal.reject()
            return
        goal.accept()
        self._followed[goal] = following
        try:
            await self._tell(goal, following, figures)
        except InputError as error:  # it was forgotten
            say(f"follow: {error}", flush=True)
        finally:
            del self._followed[goal]
            goal.finish(following.end, self._action.Result(sequence=following.result))

    async def _tell(self, goal: ServedGoal, following: Following, figures: list[int]) -> None:
        """Publish what becomes of a job until it has ended, each time that this is new."""
        told: list[int] = []
        while True:
            if figures != told:
                goal.feedback(self._action.Feedback(sequence=figures))
                told = figures
            if following.ended:
                return
            await asyncio.sleep(_LOOK_SECONDS)
            figures = await self._ask_until_answered(following.look)

    async def _look_for_twins(self) -> None:
        """Say it if another machine's node has the same name, which no claim can prevent."""
        looks = 0
        while looks < 2:
            await asyncio.sleep(_TWIN_SECONDS)
            looks = looks + 1 if twins_of([self._node]) else 0
        say(f"another machine has a node {self.name} too: each request is answered by both, and a "
            "job is submitted twice; give one of them another namespace", error=True, flush=True)
