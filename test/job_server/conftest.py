"""A store in front of which there is a server, and a client that knows nothing of us."""

import asyncio
from importlib.util import find_spec

import pytest
from job_fixtures import clock, empty_store, hands, kit, new_store, store

__all__ = ["clock", "empty_store", "hands", "kit", "new_store", "store"]

if find_spec("dbos") is None:  # the extra jobs
    collect_ignore_glob = ["test_*.py"]
else:
    from dnne_ros.jobs.store.tables import sqlite_fault

    if sqlite_fault():
        collect_ignore_glob = ["test_*.py"]

FIBONACCI = "test_msgs/action/Fibonacci"
LONG = 3600.0


class Served:
    """A server on an event loop, and clients of it by ROS's names and types alone."""

    def __init__(self, ros_loop, store, action_type):
        from dnne_ros.job_server.server import NAME, NAMESPACE, SERVICE_TYPE, JobServer
        from dnne_ros.runtime.node.ros_actions import HostActions
        from dnne_ros.runtime.node.ros_services import HostServices

        self.server = JobServer(ros_loop.node(NAME, namespace=NAMESPACE), store, action_type)
        self.ended = asyncio.Event()
        self.task = ros_loop.loop.create_task(self.server.serve(self.ended))
        client = ros_loop.node("client")
        self._services, self._actions = HostServices(client), HostActions(client)
        self._type = SERVICE_TYPE
        self._caller = None

    @property
    def is_awaited(self):
        """Whether a client has asked for the result of a goal that is under way."""
        return any(goal.askers for server in self.server._actions._servers
                   for goal in server._goals.values())

    async def ask(self, service, text):
        """Call a service; returns (success, message)."""
        from diagnostic_msgs.srv import AddDiagnostics

        caller = self._services.client(f"/dnne_ros/jobs/{service}", self._type)
        await caller.appears(None)
        said = await caller.call(AddDiagnostics.Request(load_namespace=text), LONG)
        return said.success, said.message

    async def follow(self, number, on_feedback=lambda sequence: None):
        """Send a goal; returns it."""
        from test_msgs.action import Fibonacci

        if self._caller is None:
            self._caller = self._actions.client("/dnne_ros/jobs/follow", FIBONACCI)
        await self._caller.appears(None)
        return await self._caller.send(
            Fibonacci.Goal(order=number), LONG, lambda said: on_feedback(list(said.sequence)),
            lambda status: None)

    async def close(self):
        self.ended.set()
        await self.task
        self._services.close()
        self._actions.close()


@pytest.fixture
def served(ros_loop, store):
    """Make a server of the store; it ends with the test."""
    made = []

    def make(action_type=FIBONACCI):
        made.append(Served(ros_loop, store, action_type))
        return made[-1]

    yield make
    for each in made:
        ros_loop.run(each.close())
