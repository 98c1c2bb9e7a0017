"""What a node type says of its dealings with ROS beside its ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from dnne_ros.node_api.ros_actions import ActionUse
    from dnne_ros.node_api.ros_services import ServiceUse
    from dnne_ros.node_api.ros_topics import TopicUse


class RosFacts:
    """The part of `dnne_ros.Node` about topics, services and actions."""

    acts_outside: ClassVar[bool] = False
    """What it is given is obeyed by somebody outside of the graph, a robot, say.  A run with such
    a node cannot be paused, as what is on its way would be obeyed when it goes on."""

    @classmethod
    def message_types(cls, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the message types of topics beside its ports, ``sensor_msgs/msg/Imu``.

        An exported package declares what they are installed with.
        """
        return tuple(dict.fromkeys(use.type for use in cls.ros_topics(values)))

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Return the topics beside its ports: a policy of ``dnne-ros security`` allows these."""
        return ()

    @classmethod
    def ros_services(cls, values: Mapping[str, Any]) -> tuple[ServiceUse, ...]:
        """Return the services that it calls or offers: `check` shows and exports declare them."""
        return ()

    @classmethod
    def ros_actions(cls, values: Mapping[str, Any]) -> tuple[ActionUse, ...]:
        """Return the actions that it calls or offers: `check` shows and exports declare them."""
        return ()

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether it gives nothing before other ROS nodes publish, offer or call something.

        The test of an exported package does not wait for it.
        """
        return False
