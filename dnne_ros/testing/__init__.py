"""What the author of a node type or a simulator tests it with, without ROS.

`drive` and `NodeDriver` run a node on an `InMemoryContext`; a test class that subclasses
`NodeContract` holds a node type to what every node type promises, one that subclasses
`SimulatorTests` a simulator to its interface.
"""

from typing import TYPE_CHECKING

from dnne_ros.testing.actions import InMemoryActions
from dnne_ros.testing.boundaries import SavedState
from dnne_ros.testing.cases import Links
from dnne_ros.testing.clocks import InstantClock, ManualClock
from dnne_ros.testing.context import InMemoryContext
from dnne_ros.testing.contract import NOTHING, NodeContract
from dnne_ros.testing.driver import NodeDriver, compute, drive, run
from dnne_ros.testing.recorded_log import RecordedLog
from dnne_ros.testing.services import InMemoryServices
from dnne_ros.testing.topics import InMemoryPublisher, InMemoryTopics, TopicEnd
from dnne_ros.testing.values import Draw, copy_of, difference, example

if TYPE_CHECKING:
    from dnne_ros.testing.simulator_tests import SimulatorTests

__all__ = [
    "NOTHING",
    "Draw",
    "InMemoryActions",
    "InMemoryContext",
    "InMemoryPublisher",
    "InMemoryServices",
    "InMemoryTopics",
    "InstantClock",
    "Links",
    "ManualClock",
    "NodeContract",
    "NodeDriver",
    "RecordedLog",
    "SavedState",
    "SimulatorTests",
    "TopicEnd",
    "compute",
    "copy_of",
    "difference",
    "drive",
    "example",
    "run",
]


def __getattr__(name: str) -> object:
    """Load what needs pytest and torch when it is asked for: the rest does without."""
    if name == "SimulatorTests":
        from dnne_ros.testing.simulator_tests import SimulatorTests

        return SimulatorTests
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
