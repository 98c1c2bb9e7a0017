"""Runs one after the other: a second one waits until the first has ended."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from dnne_ros.editor.drawn_graph import DrawnGraph
from dnne_ros.editor.run import Run, State
from dnne_ros.editor.run_process import RunProcess
from dnne_ros.errors import DnneError, describe

_MOST_KEPT = 50
_MOST_WAITING = 20

Changed = Callable[[Run], None]


class RunQueue:
    """The runs of a server; it lives as long as that does, whoever looks on."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], on_change: Changed,
                 on_line: Callable[[Run, str], None]):
        """Run with ``words`` behind those of each run, and tell what happens.

        ``on_change`` is called for each new state, ``on_line`` for each line of output.
        """
        self._words = words
        self._environment = environment
        self._on_change = on_change
        self._on_line = on_line
        self._numbers = count(1)
        self._runs: dict[str, Run] = {}
        self._process: RunProcess | None = None
        self._wake = asyncio.Event()

    @property
    def runs(self) -> list[Run]:
        """Return all runs that are known, the oldest first."""
        return list(self._runs.values())

    @property
    def current(self) -> Run | None:
        """Return the run that is at it, if one is."""
        return next((run for run in self.runs
                     if run.state in (State.STARTING, State.RUNNING, State.STOPPING)), None)

    @property
    def waiting(self) -> list[Run]:
        """Return the runs that wait for their turn."""
        return [run for run in self.runs if run.state is State.QUEUED]

    def find(self, id: str) -> Run | None:
        """Return the run of an id."""
        return self._runs.get(id)

    def submit(self, drawn: DrawnGraph, words: Sequence[str], duration: float | None) -> Run:
        """Let a drawing run as soon as it is its turn; `DnneError` if too many wait."""
        if len(self.waiting) >= _MOST_WAITING:
            raise DnneError(f"{_MOST_WAITING} runs wait already")
        run = Run(next(self._numbers), drawn, words, duration)
        self._runs[run.id] = run
        over = [each for each in self.runs if each.state.is_over]
        for each in over[:max(0, len(self._runs) - _MOST_KEPT)]:
            del self._runs[each.id]
        if self.current is None and len(self.waiting) == 1:
            run.state = State.STARTING  # it is told at once, not when its process is there
        self._on_change(run)
        self._wake.set()
        return run

    def stop(self, run: Run) -> None:
        """End a run in order, or take it out of the queue."""
        if run.state is State.QUEUED:
            run.state = State.STOPPED
            run.ended = run.created
            self._on_change(run)
        elif run is self.current and run.state is not State.STOPPING:
            run.state = State.STOPPING
            self._on_change(run)
            if self._process is not None:
                self._process.stop()

    async def work(self) -> None:
        """Run what is queued until cancelled; then the current run is ended in order."""
        while True:
            run = self.current or next(iter(self.waiting), None)
            if run is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._to_its_end(run)

    async def _to_its_end(self, run: Run) -> None:
        running = asyncio.ensure_future(self._run(run))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            self.stop(run)
            await running
            raise

    async def _run(self, run: Run) -> None:
        def note(message: dict[str, object]) -> None:
            before = run.state
            run.note(message)
            if run.state is not before:
                self._on_change(run)

        def write(line: str) -> None:
            run.lines.append(line)
            self._on_line(run, line)

        if run.state is State.QUEUED:
            run.state = State.STARTING
            self._on_change(run)
        process = self._process = RunProcess(write, note)
        if run.state is State.STOPPING:
            process.stop()
        code = 1
        try:
            with tempfile.TemporaryDirectory(prefix="dnne_ros_edit_") as folder:
                words = [*run.drawn.written(Path(folder)), *run.words, *self._words]
                code = await process.run(words, self._environment)
        except OSError as error:  # no room for the file, no process to be had
            run.failure = describe(error)
        finally:
            self._process = None
            run.end(code)
            self._on_change(run)


def environment_of_runs() -> Mapping[str, str]:
    """Return what runs get of the environment: as it is now, before a server changes it."""
    return dict(os.environ)
