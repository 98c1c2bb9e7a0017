"""What a run is asked for, beside its graph and placement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunSettings:
    """Settings that hold for every process of a run.

    ``seed`` feeds every random generator.  ``until_return`` ends the run once the mean return
    reaches it.  ``peer_timeout`` is how long, in seconds, a process waits at the start for the
    nodes of the others; ``absent_after`` how long one may be silent later.
    """

    seed: int = 0
    inference: bool = False
    until_return: float | None = None
    save_directory: str | None = None
    load_directory: str | None = None
    peer_timeout: float = 60.0
    absent_after: float = 10.0
    run_id: str = ""
