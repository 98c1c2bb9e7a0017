"""ROS 2's lifecycle services, which `ros2 lifecycle` and nav2's lifecycle manager speak with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from dnne_ros.node_api.health import Level
from dnne_ros.runtime.lifecycle.bonds import Bonds, bond_type
from dnne_ros.runtime.monitoring.diagnostic_message import Status, encode_array
from dnne_ros.runtime.monitoring.diagnostics import PERIOD, TOPIC

if TYPE_CHECKING:
    from rclpy.context import Context

NAME = "lifecycle"
"""Unless somebody says otherwise.  No node of a graph is called so: their names end with their
ids."""


class ManagedNode(LifecycleNode):
    """One node for a graph, in its namespace, with the standard services and states."""

    def __init__(self, name: str, namespace: str, context: Context, wish: Callable[[str], bool]):
        """Let ``wish(callback)`` make each transition, and say whether it went well.

        It is called in the thread that serves the node.  If it raises, the error is dealt with
        by the callback ``on_error``, as ROS 2 has it.
        """
        super().__init__(name, namespace=namespace, context=context)
        self._wish = wish
        self._status = Status(f"{self.get_namespace()}: {name}",
                              hardware_id=self.get_namespace())
        self.bonds = Bonds(self, bond_type())
        self.say("unconfigured")
        self._statuses = self.create_publisher(DiagnosticArray, TOPIC, 10)
        self.create_timer(PERIOD, self._tell, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def say(self, state: str, trouble: str = "") -> None:
        """Tell ``/diagnostics`` the state and, if it is an unwanted one, the log too why."""
        self._status = replace(self._status, level=Level.ERROR if trouble else Level.OK,
                               message=trouble or state, values={"state": state})
        if trouble:
            self.get_logger().error(trouble)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make and load the graph."""
        return self._make("on_configure")

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run it."""
        return self._make("on_activate")

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop it, and load it anew."""
        return self._make("on_deactivate")

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take it apart."""
        return self._make("on_cleanup")

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop it, take it apart and leave."""
        return self._make("on_shutdown")

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take apart what has failed."""
        return self._make("on_error")

    def deactivate(self) -> None:
        """Make that transition by itself, unless a manager has just done so."""
        if self._status.values["state"] == "active":
            self.trigger_deactivate()

    def _make(self, callback: str) -> TransitionCallbackReturn:
        return TransitionCallbackReturn.SUCCESS if self._wish(callback) \
            else TransitionCallbackReturn.FAILURE

    def _tell(self) -> None:
        if self._statuses.get_subscription_count():
            self._statuses.publish(encode_array(
                self.get_clock().now().nanoseconds, [self._status]))


Call = Callable[[Callable[[], object]], object]
"""Has a function called in the thread that serves a node."""


@contextmanager
def served(node: ManagedNode, context: Context) -> Iterator[Call]:
    """Serve ``node`` in a thread; gives what has a function called there.

    rclpy's callbacks return when a transition is done, which may take long, and is done in the
    event loop: so they wait elsewhere.
    """
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)

    def serve() -> None:
        with suppress(ExternalShutdownException):
            executor.spin()

    thread = threading.Thread(target=serve, name=NAME, daemon=True)
    thread.start()
    try:
        yield lambda function: executor.create_task(function)
    finally:
        executor.shutdown()
        thread.join()
