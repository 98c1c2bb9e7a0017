"""What a run did: collected while it goes on, written as JSON at the end."""

from __future__ import annotations

import time
from typing import Any

from dnne_ros import strict_json
from dnne_ros.transport.stats import joined

HUNG_UP = "hung up"
"""Why a run ended whose terminal was closed."""
_USERS_CODES = {"interrupted": 130, HUNG_UP: 129}
"""What a run ends with that the user has ended: 128 and the signal's number, as in a shell."""
_COUNTERS = ("sent", "received", "lost", "duplicated", "dropped", "blocked_s")


class RunReport:
    """Adds up what the processes of a run say."""

    def __init__(self, processes: list[str], save_directory: str | None = None):
        """Report on a run of these processes, which is to save to ``save_directory``."""
        self.metrics: dict[str, Any] = {}
        self.losses: list[float] = []
        self.curve: list[tuple[int, float]] = []
        """(environment steps, mean return) after each update."""
        self.episode_logs: dict[str, list[tuple[int, float]]] = {}
        """What the task says of its episodes, ``GROUP/NAME``, over environment steps."""
        self.epochs: list[dict[str, Any]] = []
        """Of each epoch of supervised learning: epoch, loss, accuracy, samples, seconds."""
        self.checkpoint: str | None = None
        """Where the run has written one."""
        self.checkpoint_error: str | None = None
        """Why the state at the end of the run is in no checkpoint, although it was to be."""
        self.unrecorded = ""
        """Why nothing more was recorded from some moment on."""
        self.standstill: list[str] = []
        """What the nodes waited for when nothing moved any more."""
        self.flight_records: list[str] = []
        """Where the last seconds before a fault were put aside."""
        self.failure = ""
        self.exit_code = 0
        self.exit_reason = ""
        self._started: float | None = None
        self._seconds = 0.0
        self._solved: dict[str, Any] | None = None
        self._processes = processes
        self._save_directory = save_directory
        self._unsaved = "the run ended before one could be"
        self._edges: dict[str, dict[str, Any]] = {}

    @property
    def seconds(self) -> float:
        """Seconds since all processes were ready."""
        if self._started is None:
            return 0.0
        return self._seconds or time.monotonic() - self._started

    @property
    def env_steps(self) -> int:
        """Environment steps of this run."""
        return int(self.metrics.get("env_steps", 0))

    @property
    def was_ended_by_user(self) -> bool:
        """Whether Ctrl-C, SIGTERM or a closed terminal ended it."""
        return not self.failure and self.exit_reason in _USERS_CODES

    def start(self) -> None:
        """Note that all processes are ready: the clock runs."""
        self._started = time.monotonic()

    def note(self, process: str, message: dict[str, Any]) -> None:
        """Take a status message."""
        if message["kind"] == "progress":
            self._note_progress(message["metrics"])
        elif message["kind"] == "saved":
            self.checkpoint = message["directory"]
            self._unsaved = ""
        elif message["kind"] == "not_saved":
            self._unsaved = message["reason"]
        elif message["kind"] == "unrecorded":
            self.unrecorded = self.unrecorded or message["reason"]
        elif message["kind"] == "flight_record":
            self.flight_records.append(message["path"])
        elif message["kind"] == "standstill":
            self.standstill = message["lines"]
        elif message["kind"] == "over":  # to leave takes up to a second that nobody works in
            self._seconds = self._seconds or self.seconds
        elif message["kind"] == "finished":
            self._seconds = self._seconds or self.seconds
            if message["reason"] == "until_return" and self._solved is None:
                self._solved = {"seconds": round(self.seconds, 3), "env_steps": self.env_steps}
        elif message["kind"] == "edges":
            for edge in message["edges"]:
                self._add_edge(edge)

    def _note_progress(self, metrics: dict[str, Any]) -> None:
        if self._started is None:
            self.start()  # a process may report before the last one says that it is ready
        self.metrics.update(metrics)
        if "completed_epoch" in metrics:
            self.epochs.append(metrics["completed_epoch"])
            self.losses.append(metrics["completed_epoch"]["loss"])
        if "loss" in metrics:
            self.losses.append(metrics["loss"])
        if metrics.get("mean_return") is not None:
            self.curve.append((self.env_steps, metrics["mean_return"]))
        if "loss" in metrics:
            for name, value in metrics.items():
                if "/" in name:
                    self.episode_logs.setdefault(name, []).append((self.env_steps, value))

    def _add_edge(self, edge: dict[str, Any]) -> None:
        known = self._edges.setdefault(edge["name"], {
            "name": edge["name"], "policy": edge["policy"], "transport": edge["transport"],
            **dict.fromkeys(_COUNTERS, 0), "carried": {}})
        for counter in _COUNTERS:
            known[counter] += edge[counter]
        carried = known["carried"]  # both ends have counted the same items
        for name, items in edge["carried"].items():
            carried[name] = max(carried.get(name, 0), items)
        known["transport"] = joined(carried) or known["transport"]

    def finish(self, reason: str, failure: str, exit_code: int) -> None:
        """Stop the clock and note how the run ended.

        A run that was to save and has not is a failure, unless the user ended it.
        """
        self._seconds = self._seconds or self.seconds
        self.exit_reason = f"failed: {failure}" if failure else reason
        self.failure = failure
        self.exit_code = exit_code
        if self._save_directory is not None and self._unsaved:
            kept = f"the checkpoint in {self._save_directory} is an earlier one" \
                if self.checkpoint else f"no checkpoint was written to {self._save_directory}"
            self.checkpoint_error = f"{kept}: {self._unsaved}"
            self.exit_code = exit_code or 1
        if not failure:
            self.exit_code = _USERS_CODES.get(reason, self.exit_code)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "seconds": round(self.seconds, 3),
            **(self._epochs_dict() if self.epochs else self._episodes_dict()),
            "losses": self.losses,
            "metrics": self.metrics,
            "processes": self._processes,
            "edges": sorted(self._edges.values(), key=lambda edge: edge["name"]),
            "checkpoint": self.checkpoint,
            "checkpoint_error": self.checkpoint_error,
            "exit_reason": self.exit_reason,
            "standstill": self.standstill,
            "flight_records": self.flight_records,
        }

    def encode(self) -> bytes:
        """Return the report as the content of a JSON file."""
        return (strict_json.dumps(self.as_dict(), indent=1) + "\n").encode()

    def _epochs_dict(self) -> dict[str, Any]:
        """Return what supervised learning came to; epochs_per_s leaves out the first one."""
        later = self.epochs[1:] or self.epochs
        return {
            "epochs": self.epochs,
            "epochs_per_s": round(len(later) / sum(epoch["seconds"] for epoch in later), 3),
            "loss": self.epochs[-1]["loss"],
            "accuracy": self.epochs[-1].get("accuracy"),
        }

    def _episodes_dict(self) -> dict[str, Any]:
        """Return what reinforcement learning came to."""
        seconds = self.seconds
        return {
            "env_steps": self.env_steps,
            "env_steps_per_s": round(self.env_steps / seconds, 1) if seconds else 0.0,
            "updates": len(self.losses),
            "mean_return": self.metrics.get("mean_return"),
            "episodes": self.metrics.get("episodes", 0),
            "curve": self.curve,
            "episode_logs": self.episode_logs,
            "solved": self._solved,
        }
