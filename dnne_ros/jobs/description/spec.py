"""A job as it was asked for: what is to run, and how the store is to treat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dnne_ros import strict_json
from dnne_ros.jobs.description.needs import Needs
from dnne_ros.jobs.description.states import BASE_SECONDS

LEVELS = {"critical": 0, "high": 2, "normal": 5, "low": 8}
"""Priorities by name; 0 comes first and 9 last."""
LAST_LEVEL = 9
COMMANDS = ("run", "check", "export", "graph", "policy")
"""The `dnne-ros` commands that a job may be."""
TRAINS = "run"
TOPIC = "/dnne_ros/jobs"
"""Who is told by ROS and not by a command."""
METRIC = "mean_return"
"""The figure of a report that counts, unless another is named."""
GRACE_SECONDS = 4.0
NO_NEEDS = Needs()


@dataclass(frozen=True)
class Task:
    """What runs: a `dnne-ros` command, or a function that a package registers.

    ``words`` are the command's arguments without its workflow, whose text is ``workflow``, called
    ``workflow_name``; ``files`` are the SHA-256 sums of files that the arguments name.  Of a
    workflow without a node that ``keeps_state`` there is no checkpoint.  A ``function`` gets
    ``arguments``, which are JSON.
    """

    command: str = ""
    words: tuple[str, ...] = ()
    workflow_name: str = ""
    workflow: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    function: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    keeps_state: bool = True

    @property
    def title(self) -> str:
        """Return what a person calls it."""
        return self.function or " ".join(filter(None, (
            self.command, self.words[0] if self.command == "policy" and self.words else "",
            self.workflow_name)))


@dataclass(frozen=True)
class JobSpec:
    """A task and its treatment; times are in seconds, ``level`` is the priority from 0 to 9.

    ``after`` are jobs that must succeed before, ``after_any`` such that must end.  A retry comes
    at a level that is ``retry_lower`` higher in number.  ``escalate`` is the job that takes over
    when the last retry has failed.  ``notify`` is a command as a list of words, which gets the
    job's record as JSON when it ends or a try of it fails, or `TOPIC` alone.
    ``directory`` is where relative names in the words count from.
    """

    task: Task
    name: str = ""
    queue: str = "default"
    level: int = LEVELS["normal"]
    user: str = ""
    after: tuple[int, ...] = ()
    after_any: tuple[int, ...] = ()
    retries: int = 0
    backoff: str = "exponential"
    backoff_base: float = BASE_SECONDS
    retry_lower: int = 0
    delay: float = 0.0
    timeout: float | None = None
    grace: float = GRACE_SECONDS
    needs: Needs = NO_NEEDS
    dedupe: str | None = None
    escalate: JobSpec | None = None
    notify: tuple[str, ...] = ()
    directory: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    pipeline: int | None = None
    stage: str | None = None
    sweep: int | None = None

    def encode(self) -> str:
        """Return it as JSON."""
        return strict_json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> JobSpec:
        """Return what `encode` has written."""
        plain = dict(values)
        plain["task"] = Task(**{**values["task"], "words": tuple(values["task"]["words"])})
        plain["needs"] = Needs(**values["needs"])
        for name in ("after", "after_any", "notify"):
            plain[name] = tuple(values.get(name, ()))
        if values["escalate"] is not None:
            plain["escalate"] = cls.from_json(values["escalate"])
        return cls(**plain)

    def once_more(self) -> JobSpec:
        """Return the same job for a new start: it waits for nothing and belongs to nothing."""
        return replace(self, after=(), after_any=(), delay=0.0, dedupe=None, pipeline=None,
                       stage=None, sweep=None)


def level_of(text: str) -> int:
    """Return the level of ``high`` or ``3``; ValueError if it is none."""
    found = LEVELS.get(text, int(text) if text.isdecimal() else -1)
    if not 0 <= found <= LAST_LEVEL:
        raise ValueError(f"expected {', '.join(LEVELS)} or 0 (first) to {LAST_LEVEL}, found "
                         f"{text!r:.40}")
    return found
