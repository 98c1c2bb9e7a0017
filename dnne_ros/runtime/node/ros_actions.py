"""Implements `dnne_ros.node_api.ros_actions.RosActions` on a node's host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rclpy.exceptions import NameValidationException

from dnne_ros.errors import InputError
from dnne_ros.messages.message_types import action_class
from dnne_ros.node_api.ros_actions import ServedGoal
from dnne_ros.runtime.node.ros_services import RCLError, with_libraries

if TYPE_CHECKING:
    from rclpy.node import Node

    from dnne_ros.runtime.node.action_client import HostActionClient
    from dnne_ros.runtime.node.action_server import HostActionServer


class HostActions:
    """Actions of one node."""

    def __init__(self, host: Node):
        """Call and offer actions as ``host``."""
        self._host = host
        self._clients: list[HostActionClient] = []
        self._servers: list[HostActionServer] = []

    @property
    def awaited(self) -> list[str]:
        """Say what the node waits for outside: actions, their ends, goals."""
        waits = [each for client in self._clients for each in client.awaited]
        return waits + [f"waits for goals of the action {server.name}"
                        for server in self._servers]

    def client(self, action: str, action_type: str) -> HostActionClient:
        """Return what calls an action."""
        from dnne_ros.runtime.node.action_client import HostActionClient

        with self._legal(action, action_type) as type:
            client = HostActionClient(self._host, type, self._full_name(action), action_type)
        self._clients.append(client)
        return client

    def serve(self, action: str, action_type: str, on_goal: Callable[[ServedGoal], None],
              on_cancel: Callable[[ServedGoal], bool], keep_results: float) -> str:
        """Offer an action; return its full name."""
        from dnne_ros.runtime.node.action_server import HostActionServer

        with self._legal(action, action_type) as type:
            server = HostActionServer(self._host, type, self._full_name(action), on_goal,
                                      on_cancel, keep_results)
        self._servers.append(server)
        return server.name

    def close(self) -> None:
        """Give all actions back: the node is made anew."""
        for client in self._clients:
            client.close()
        for server in self._servers:
            server.close()
        self._clients.clear()
        self._servers.clear()

    def _full_name(self, action: str) -> str:
        # Remapping rules are for the action's own name: rcl knows them there since Kilted only.
        return str(self._host.resolve_service_name(action))

    @contextmanager
    def _legal(self, action: str, action_type: str) -> Iterator[Any]:
        try:
            yield with_libraries(action_class(action_type), f"action type {action_type}")
        except (NameValidationException, RCLError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"action {action!r:.80}", [f"{action_type}: {reason}"]) from None
        except ValueError as error:
            raise InputError(f"action {action!r:.80}", [str(error)]) from None
