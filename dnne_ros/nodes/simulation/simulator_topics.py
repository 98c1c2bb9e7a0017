"""What a simulator says to the ROS world beside its ports: time, a robot, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.nodes.simulation import clock_publisher, shown_robot, simulator_camera
from dnne_ros.nodes.simulation.clock_publisher import ClockPublisher
from dnne_ros.nodes.simulation.shown_robot import ShownRobot

if TYPE_CHECKING:
    from dnne_ros.node_api.context import NodeContext
    from dnne_ros.nodes.simulation.simulator_camera import SimulatorCamera
    from dnne_ros.sim.simulator import Simulator

NOBODY = -1


def topic_uses(values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
    """Return the topics that the widgets of a node ask for."""
    uses = [TopicUse(clock_publisher.TOPIC, clock_publisher.TYPE, True, under_sim_time=True)]
    if values["shown_env"] != NOBODY:
        uses += [TopicUse(topic, type, True) for topic, type in shown_robot.TYPES.items()]
    if values["camera"]:
        uses.append(TopicUse(simulator_camera.TOPIC, simulator_camera.TYPE, True))
    return tuple(uses)


class SimulatorTopics:
    """Publishes after each step what is asked for; what nobody asks for has no topic.

    ``/clock`` is published while the node's ``use_sim_time`` is true, ``/joint_states`` and
    ``/robot_description`` once an environment is to be shown.  They are stamped with simulated
    time under ``use_sim_time``.
    """

    def __init__(self, simulator: Simulator, context: NodeContext,
                 camera: SimulatorCamera | None):
        """Speak for ``simulator``, whose time begins now."""
        self._simulator = simulator
        self._context = context
        self._camera = camera
        self._clock = ClockPublisher(context.topics)
        self._robot: ShownRobot | None = None
        self._steps = 0
        self._complained = False

    async def start(self) -> None:
        """Set the camera up."""
        if self._camera is not None:
            await self._camera.start(
                simulator_camera.DrawnEnvironments(self._simulator), self._context)

    def step(self, shown_env: int) -> None:
        """Let time pass by one step, and publish what is due of environment ``shown_env``."""
        self._steps += 1
        simulated, shows = self._context.clock.simulated, shown_env != NOBODY or self._camera
        if not (simulated or shows):
            return
        now = round(self._steps * self._simulator.spec.step_seconds * 1e9)
        if simulated:
            self._clock.publish(now)
        if not shows:
            return
        stamp = now if simulated else self._context.topics.now_ns()
        if reason := self._cannot_show(shown_env):
            self._complain(f"shown_env={shown_env}: {reason}: nothing is shown")
            return
        if shown_env != NOBODY:
            if self._robot is None:
                self._robot = ShownRobot(self._simulator, self._context.topics)
            self._robot.publish(shown_env, stamp)
        if self._camera is not None:
            self._camera.publish(max(shown_env, 0), stamp)

    def _cannot_show(self, env: int) -> str:
        """Return why environment ``env`` cannot be shown; empty: it can."""
        spec = self._simulator.spec
        if env >= spec.num_envs:
            return f"the last environment is {spec.num_envs - 1}"
        if env != NOBODY and not spec.joints:
            return f"the task {spec.name} names no joints"
        return ""

    def _complain(self, message: str) -> None:
        if not self._complained:
            self._complained = True
            self._context.log.warning(message)
