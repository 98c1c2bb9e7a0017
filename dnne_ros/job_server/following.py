"""A job as the action's feedback and result have it: whole numbers in an order."""

from __future__ import annotations

from collections.abc import Mapping

from dnne_ros.jobs.commands.views import running_seconds
from dnne_ros.jobs.description.states import CANCELLED, STATES, SUCCEEDED
from dnne_ros.jobs.store.records import Job
from dnne_ros.jobs.store.store import JobStore

UNKNOWN = -1
"""A number that nobody knows: how far a job is that does not say, an exit code before the end."""
STATE_NUMBERS: Mapping[str, int] = {state: number for number, state in enumerate(STATES)}


class Following:
    """A job that somebody follows, and the one that takes over from it when it has failed."""

    def __init__(self, store: JobStore, number: int):
        """Follow the job of a number; nothing is looked up yet."""
        self._store = store
        self.number = number
        """That of the job that is followed now."""
        self.cancelled_here = False
        """Whoever follows has asked for the job's end."""
        self._job: Job | None = None

    def look(self) -> list[int]:
        """Return ``[state, percent, try, seconds]`` as they are now; `InputError` without a job.

        The state is the place in `STATES`, from 0; the percentage is `UNKNOWN` unless the job says
        how far it is; seconds are those for which it has run, all tries together.
        """
        job = self._store.job(self.number)
        if not job.is_open and (successor := self._store.successor(self.number)) is not None:
            self.number = successor
            return self.look()
        self._job = job
        fraction = job.progress.get("fraction")
        percent = round(100 * fraction) if isinstance(fraction, (int, float)) else UNKNOWN
        return [STATE_NUMBERS[job.state], percent, job.attempt,
                int(running_seconds(job, self._store.clock()))]

    @property
    def ended(self) -> bool:
        """Tell whether the job had ended at the last look."""
        return self._job is not None and not self._job.is_open

    @property
    def end(self) -> str:
        """Return how the goal ends with the job, in the words of ROS."""
        state = self._job.state if self._job is not None else ""
        if state == CANCELLED and self.cancelled_here:
            return "canceled"
        return "succeeded" if state == SUCCEEDED else "aborted"

    @property
    def result(self) -> list[int]:
        """Return ``[job, state, exit code, tries]`` as of the last look."""
        job = self._job
        if job is None:
            return [self.number, UNKNOWN, UNKNOWN, UNKNOWN]
        return [job.id, STATE_NUMBERS[job.state],
                UNKNOWN if job.exit_code is None else job.exit_code, job.attempt]
