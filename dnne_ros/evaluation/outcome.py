"""What the episodes of a policy came to."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dnne_ros.evaluation.intervals import Estimate, mean_of, share_of


@dataclass(frozen=True)
class Episode:
    """One that has ended.

    ``length`` is in steps; ``end`` is ``terminated`` or ``time limit``; ``success`` is what the
    task says of it, None where it says nothing.
    """

    seed: int
    environment: int
    returned: float
    length: int
    end: str
    success: bool | None


@dataclass(frozen=True)
class Outcome:
    """All episodes of a policy, in an order that two policies have in common."""

    policy: str
    episodes: Sequence[Episode]

    @property
    def returns(self) -> list[float]:
        """Return what each episode returned."""
        return [each.returned for each in self.episodes]

    @property
    def mean_return(self) -> Estimate:
        """Return the mean of the returns."""
        return mean_of(self.returns)

    @property
    def mean_length(self) -> Estimate:
        """Return the mean of the lengths, in steps."""
        return mean_of([float(each.length) for each in self.episodes])

    @property
    def ends(self) -> Mapping[str, Estimate]:
        """Return how many of the episodes ended of what cause."""
        count = len(self.episodes)
        return {end: share_of(hits, count) for end, hits in sorted(
            Counter(each.end for each in self.episodes).items())}

    def success(self, wanted: float | None) -> Estimate | None:
        """Return how many returned ``wanted`` or, without that, reached the task's goal.

        None where neither is known.
        """
        if wanted is not None:
            return share_of(sum(each >= wanted for each in self.returns), len(self.episodes))
        flags = [each.success for each in self.episodes]
        if None in flags:
            return None
        return share_of(sum(map(bool, flags)), len(flags))

    def of_seed(self) -> Mapping[int, Estimate]:
        """Return the mean return of each seed."""
        return {seed: mean_of([each.returned for each in self.episodes if each.seed == seed])
                for seed in dict.fromkeys(each.seed for each in self.episodes)}

    def as_dict(self, wanted: float | None) -> dict[str, Any]:
        """Return everything as JSON values."""
        success, returns = self.success(wanted), self.returns
        return {
            "policy": self.policy, "episodes": len(returns),
            "mean_return": self.mean_return._asdict(),
            "deviation": statistics.stdev(returns) if len(returns) > 1 else None,
            "least": min(returns), "median": statistics.median(returns), "most": max(returns),
            "mean_length": self.mean_length._asdict(),
            "success": None if success is None else success._asdict(),
            "ends": {end: share._asdict() for end, share in self.ends.items()},
            "seeds": {str(seed): mean._asdict() for seed, mean in self.of_seed().items()},
            "each": [{"seed": each.seed, "environment": each.environment,
                      "return": each.returned, "length": each.length, "end": each.end,
                      "success": each.success} for each in self.episodes]}


@dataclass(frozen=True)
class Comparison:
    """Two policies on the same episodes, one by one."""

    first: Outcome
    other: Outcome

    @property
    def differences(self) -> list[float]:
        """Return by how much the first returned more, in each episode."""
        return [mine - theirs for mine, theirs in zip(
            self.first.returns, self.other.returns, strict=True)]

    @property
    def better(self) -> float:
        """Return in which share of episodes the first returned more; equal ones count half."""
        found = self.differences
        return sum((each > 0) + 0.5 * (each == 0) for each in found) / len(found)

    @property
    def verdict(self) -> str:
        """Say which is better, if the episodes show it."""
        found = mean_of(self.differences)
        if found.low is None or found.high is None or found.low <= 0 <= found.high:
            return "these episodes do not show which is better"
        best = self.first if found.low > 0 else self.other
        return f"{best.policy} is better"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"difference": mean_of(self.differences)._asdict(), "better": self.better,
                "verdict": self.verdict}


def read_outcome(policy: str, reports: Mapping[int, Mapping[str, Any]]) -> Outcome:
    """Return what ``policy`` came to by the reports of its runs, by their seeds."""
    return Outcome(policy, [
        Episode(seed, each["environment"], each["return"], each["length"], each["end"],
                each["success"])
        for seed, report in reports.items() for each in report["metrics"]["evaluation"]])
