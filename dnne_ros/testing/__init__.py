"""What the author of a node type tests it with, without ROS.

`drive` and `NodeDriver` run a node on an `InMemoryContext`; a test class that subclasses
`NodeContract` holds a node type to what every node type promises.
"""

from dnne_ros.testing.clocks import InstantClock, ManualClock
from dnne_ros.testing.context import InMemoryContext, RecordedLog, SavedState
from dnne_ros.testing.driver import NodeDriver, compute, drive, run
from dnne_ros.testing.topics import InMemoryPublisher, InMemoryTopics, TopicEnd

__all__ = [
    "InMemoryContext",
    "InMemoryPublisher",
    "InMemoryTopics",
    "InstantClock",
    "ManualClock",
    "NodeDriver",
    "RecordedLog",
    "SavedState",
    "TopicEnd",
    "compute",
    "drive",
    "run",
]
