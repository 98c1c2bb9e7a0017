"""Films of one environment, for ``--video``: drawn beside the loop, which waits for it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnne_ros.node_api.context import Log
    from dnne_ros.node_api.video import Video
    from dnne_ros.sim.film_file import FilmFile
    from dnne_ros.sim.renderer import Renderer
    from dnne_ros.sim.simulator import Simulator

WIDTH, HEIGHT = 640, 480
_RATE = 30.0
"""Pictures a second of a film that plays in simulated time, at most."""


class Filming:
    """Takes a picture of every so many steps, and writes each film when it is whole.

    Nobody else touches the simulator meanwhile, as the step node waits; so training goes on with
    the same numbers.  A run that is stopped writes what there is of a film, one that is killed
    nothing.
    """

    def __init__(self, video: Video, simulator: Simulator, log: Log):
        """Film ``simulator`` as ``video`` says; what was written is told to ``log``."""
        seconds = simulator.spec.step_seconds
        self._video, self._simulator, self._log = video, simulator, log
        self._stride = max(1, round(1.0 / (_RATE * seconds)))
        self._pictures = max(1, round(video.seconds / (seconds * self._stride)))
        self._step = 0
        self._begun = 0
        self._file: Path | None = None
        self._film: FilmFile | None = None
        # What is drawn with may belong to the thread that began to.
        self._thread = ThreadPoolExecutor(1, "film")
        self._renderer: Renderer | None = None

    async def start(self, env: int) -> None:
        """Find out that ``env`` can be drawn, and with what; `InputError` if it cannot."""
        from dnne_ros.sim.renderer import renderer_of

        if (last := self._simulator.spec.num_envs - 1) < env:
            raise InputError("--video", [f"shown_env={env}: the last environment is {last}"])
        self._renderer = await self._in_thread(renderer_of, self._simulator, WIDTH, HEIGHT)

    async def step(self, env: int) -> None:
        """Take a picture of environment ``env``, if one is due, before the next step is made.

        The first stands in for one that is not there: a wrong ``ros2 param set`` ends no training.
        """
        env = env if env < self._simulator.spec.num_envs else 0
        if self._file is None and (file := self._video.file_at(self._step)) is not None:
            self._file, self._begun = file, self._step
        is_due = self._file is not None and (self._step - self._begun) % self._stride == 0
        if is_due and await self._in_thread(self._take, env) >= self._pictures:
            await self._write()
        self._step += 1

    async def close(self) -> None:
        """Write what there is of a film, and end what draws."""
        if self._film is not None:
            await self._write()
        if self._renderer is not None:
            await self._in_thread(self._renderer.close)
        self._thread.shutdown()

    def _take(self, env: int) -> int:
        from dnne_ros.sim.film_file import FilmFile

        assert self._renderer is not None  # it has been started
        picture = self._renderer.picture(env)
        if self._film is None:
            self._film = FilmFile(1.0 / (self._simulator.spec.step_seconds * self._stride))
        self._film.add(picture)
        return self._film.pictures

    async def _write(self) -> None:
        film, file, self._film, self._file = self._film, self._file, None, None
        assert film is not None and file is not None  # there is a picture
        try:
            write_file(file, await self._in_thread(film.content))
        except OSError as error:
            raise InputError("--video", [f"{file}: {error.strerror or error}"]) from error
        self._log.info(f"{file}: {film.pictures} pictures")

    def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)
