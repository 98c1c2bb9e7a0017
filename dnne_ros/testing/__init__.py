"""What the author of a node type tests it with, without ROS.

`drive` and `NodeDriver` run a node on an `InMemoryContext`; a test class that subclasses
`NodeContract` holds a node type to what every node type promises.
"""

from dnne_ros.testing.cases import Links
from dnne_ros.testing.clocks import InstantClock, ManualClock
from dnne_ros.testing.context import InMemoryContext, RecordedLog, SavedState
from dnne_ros.testing.contract import NOTHING, NodeContract
from dnne_ros.testing.driver import NodeDriver, compute, drive, run
from dnne_ros.testing.topics import InMemoryPublisher, InMemoryTopics, TopicEnd
from dnne_ros.testing.values import Draw, copy_of, difference, example

__all__ = [
    "NOTHING",
    "Draw",
    "InMemoryContext",
    "InMemoryPublisher",
    "InMemoryTopics",
    "InstantClock",
    "Links",
    "ManualClock",
    "NodeContract",
    "NodeDriver",
    "RecordedLog",
    "SavedState",
    "TopicEnd",
    "compute",
    "copy_of",
    "difference",
    "drive",
    "example",
    "run",
]
