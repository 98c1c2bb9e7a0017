"""The folder of a job: what it was asked for, and what it leaves."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dnne_ros import strict_json
from dnne_ros.durable_files import Folder, make_folder, write_file
from dnne_ros.jobs.description.spec import JobSpec

_LINES = 65_536  # bytes of a log's end in which its last lines are looked for


class JobFolder:
    """The files of one job in a store's folder."""

    def __init__(self, top: Path, job: int):
        """Name them; nothing is made."""
        self.path = top / str(job)
        self.workflow = self.path / "workflow.json"
        self.log = self.path / "log.txt"
        self.report = self.path / "report.json"
        self.checkpoint = self.path / "checkpoint"
        self.progress = self.path / "progress.json"
        self.output = self.path / "output"

    def prepare(self, spec: JobSpec) -> None:
        """Make the folder with what the job reads; an earlier report is none of this try's."""
        make_folder(self.path)
        with Folder(self.path) as folder:
            if spec.task.workflow:
                folder.write(self.workflow.name, spec.task.workflow.encode())
            folder.remove(self.report.name)
            folder.remove(self.progress.name)
            folder.sync()

    def describe(self, job: int, spec: JobSpec) -> None:
        """Put all that the job is into its folder, for people: the store has it too."""
        write_file(self.path / "job.json", (strict_json.dumps(
            {"job": job, **asdict(spec)}, indent=1) + "\n").encode())

    def figures(self) -> dict[str, Any]:
        """Return the report's single figures, without curves and lists; empty without a report."""
        found = _read(self.report)
        plain = {name: value for name, value in found.items()
                 if isinstance(value, (int, float, str, bool))}
        metrics = found.get("metrics")
        if isinstance(metrics, dict):
            plain = {**{name: value for name, value in metrics.items()
                        if isinstance(value, (int, float))}, **plain}
        return plain

    def live(self) -> dict[str, Any]:
        """Return what a function said of its progress, or a run printed last."""
        return _read(self.progress) or figures_of_lines(self.last_words())

    def last_words(self) -> str:
        """Return the end of the log."""
        try:
            with self.log.open("rb") as log:
                log.seek(0, 2)
                log.seek(max(0, log.tell() - _LINES))
                return log.read().decode(errors="replace")
        except OSError:
            return ""


def figures_of_lines(text: str) -> dict[str, Any]:
    """Return the figures of the last line of progress that a run without a terminal prints.

    Its names and values are ``mean return 23.1  updates 4``, two spaces apart.
    """
    for line in reversed(text.splitlines()):
        if "  elapsed " in line:
            found = {}
            for pair in line.split("  "):
                name, _, value = pair.rpartition(" ")
                try:
                    found[name] = float(value.replace(",", "").rstrip("%"))
                except ValueError:
                    continue
            return found
    return {}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
