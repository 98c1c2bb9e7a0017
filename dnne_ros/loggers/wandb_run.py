"""A run as one of Weights & Biases."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dnne_ros.loggers.run_logger import RunFacts, RunLogger, Status

if TYPE_CHECKING:
    import wandb

_PROJECT = re.compile(r"(?:(?P<entity>[\w.-]+)/)?(?P<project>[^/\\#?%:]{1,128})")
_ALONE = ("offline", "dryrun", "disabled")
_CODES = {"finished": 0, "failed": 1, "interrupted": 130}


class WandbRun(RunLogger):
    """Writes to a project, or with WANDB_MODE=offline to ./wandb, for ``wandb sync``."""

    def __init__(self, where: str):
        """Write to ``[ENTITY/]PROJECT`` or, if it is empty, to WANDB_PROJECT, or to dnne_ros.

        ValueError if nobody has logged in, of whom Weights & Biases would ask a key in mid-run.
        """
        match = _PROJECT.fullmatch(where or os.environ.get("WANDB_PROJECT", "") or "dnne_ros")
        if match is None:
            raise ValueError("expected [ENTITY/]PROJECT")
        self._entity, self._project = match["entity"], match["project"]
        self._run: wandb.Run | None = None
        if os.environ.get("WANDB_MODE") not in _ALONE:
            import wandb

            if not wandb.login(prompt=False):
                raise ValueError("nobody has logged in: wandb login, WANDB_API_KEY, or "
                                 "WANDB_MODE=offline")

    def start(self, facts: RunFacts) -> str:
        """Go on with the run that ``facts`` continue, or begin one; return its id."""
        import wandb

        # What it would add of its own (the terminal's output, the machine's load, git, the code)
        # is not what a run was asked to tell.
        self._run = wandb.init(
            project=self._project, entity=self._entity, id=facts.continues or uuid.uuid4().hex[:8],
            resume="allow", name=facts.name, config=dict(facts.parameters),
            settings=wandb.Settings(silent=True, console="off", disable_git=True,
                                    disable_code=True, x_disable_stats=True, x_disable_meta=True))
        return str(self._run.id)

    def log(self, figures: Mapping[str, float], step: int, seconds: float) -> None:
        """Add a point to each curve."""
        self._started.log({**figures, "_timestamp": seconds}, step=step)

    def note(self, name: str, value: str) -> None:
        """Put it into the summary."""
        self._started.summary[name] = value

    def keep(self, file: Path) -> None:
        """Put a copy where the files of the run are: all of that folder goes with it."""
        shutil.copy(file, self._started.dir)

    def end(self, status: Status) -> None:
        """Say how it ended."""
        self._started.finish(exit_code=_CODES[status])

    @property
    def _started(self) -> wandb.Run:
        assert self._run is not None  # nothing comes before it has started
        return self._run
