"""A drawing as a job of a store, for ``dnne-ros jobs work`` to run: it outlives the editor."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dnne_ros.editor.asked import Asked
from dnne_ros.errors import InputError

_SUBMITTED = re.compile(r"job (\d+): ")
# Jobs have folders of their own, and no progress display.
_NOT_OF_JOBS = ("--save-checkpoint-dir=", "--quiet")


@dataclass(frozen=True)
class SubmittedJob:
    """The number of a job, and what was said of it."""

    number: int
    text: str


class DrawnJobs:
    """Submits drawings to a store, each by a command of its own: a database may take its time."""

    def __init__(self, store: str, words: Sequence[str], environment: Mapping[str, str]):
        """Submit to ``store`` with ``words`` behind those of each run."""
        self._store = store
        self._words = words
        self._environment = environment

    async def submit(self, asked: Asked) -> SubmittedJob:
        """Add a job; `InputError` if it is refused."""
        words = [word for word in (*asked.words, *self._words)
                 if not word.startswith(_NOT_OF_JOBS)]
        with tempfile.TemporaryDirectory(prefix="dnne_ros_edit_") as folder:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "dnne_ros", "jobs", "submit",
                *asked.drawn.written(Path(folder)), *words, f"--store={self._store}",
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, env=dict(self._environment))
            said, problems = await process.communicate()
        text = said.decode(errors="replace").strip()
        found = _SUBMITTED.match(text)
        if found is None:
            problem = problems.decode(errors="replace").strip().removeprefix("dnne-ros: ")
            problem = problem.replace(f"{folder}/", "")
            raise InputError("job", [problem or f"exit code {process.returncode}"])
        return SubmittedJob(int(found[1]), text)
