"""What came of a replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dnne_ros.replaying.differences import Difference
from dnne_ros.replaying.outputs import Checked


@dataclass
class Outcome:
    """How many items were taken and compared, and where they differ."""

    checked: list[Checked] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    """What nodes have reported: losses, say."""
    taken: int = 0
    notes: list[str] = field(default_factory=list)
    """What a user should know of it."""
    interrupted: bool = False
    """Whether somebody has ended it."""

    @property
    def differences(self) -> list[Difference]:
        """Return the first difference of each output that has one, in the order of time."""
        return sorted((each.first for each in self.checked if each.first is not None),
                      key=lambda each: each.seconds)

    @property
    def happened(self) -> bool:
        """Tell whether nodes took or gave anything: else that none differs says nothing."""
        return bool(self.taken) or any(each.compared or each.different for each in self.checked)
