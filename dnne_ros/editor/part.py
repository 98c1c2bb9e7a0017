"""The editor as a part of the server, at ``/editor/``."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.front_end import front_end_folder
from dnne_ros.editor.graph_watch import GraphWatch
from dnne_ros.editor.live_runs import LiveRuns
from dnne_ros.editor.routes.files import file_routes
from dnne_ros.editor.routes.runs import RunRoutes
from dnne_ros.editor.routes.types import script_paths, type_routes
from dnne_ros.editor.run_queue import RunQueue
from dnne_ros.editor.sockets import Pages
from dnne_ros.editor.state_file import ChangedSettings
from dnne_ros.editor.templates import Templates, template_folder
from dnne_ros.editor.workflow_files import WorkflowFiles
from dnne_ros.web.application import Part
from dnne_ros.web.guards.content_policy import ContentPolicy
from dnne_ros.web.page_files import file_routes as page_routes

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.runtime.event_loop import RosEventLoop

_EXTENSION = Path(__file__).with_name("extension")
_EXTENSION_PATH = "/extensions/dnne_ros/"
_MAIN_SCRIPT = f"{_EXTENSION_PATH}main.js"
# The front end compiles templates and puts styles and markup together by itself.
POLICY = ContentPolicy(evaluated_code=True, web_assembly=True, inline_styles=True,
                       blob_workers=True, text_as_markup=True)


class Editor:
    """What the editor is made of while the server lives."""

    def __init__(self, folder: Path, catalogue: Catalogue, settings: ChangedSettings,
                 run_words: list[str], environment: Mapping[str, str], opened: str = ""):
        """Serve the workflows of ``folder``, the one that is ``opened`` first.

        Runs get ``run_words`` beside their own, and ``environment``.
        """
        self._opened = opened
        self._pages = Pages()
        self.live = LiveRuns(self._pages)
        self.live.queue = RunQueue(run_words, environment, self.live.on_change,
                                   self.live.on_line)
        self._routes = [
            *type_routes(catalogue, settings, Templates(template_folder(), catalogue),
                         [*script_paths(front_end_folder()), _MAIN_SCRIPT]),
            *file_routes(WorkflowFiles(folder), catalogue),
            *RunRoutes(self.live, catalogue, folder).routes(),
        ]

    def part(self, context: Context, loop: RosEventLoop) -> Part:
        """Return the part; graphs are heard in this context."""
        async def live(application: web.Application) -> AsyncIterator[None]:
            application.on_shutdown.append(self._pages.close)
            watch = GraphWatch(context, loop, self.live.on_text, self.live.on_picture)
            self.live.watch = watch
            tasks = [asyncio.ensure_future(each)
                     for each in (self.live.queue.work(), self.live.tick())]
            yield
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            watch.close()

        return Part("editor", routes=[*self._routes, *self._pages_routes()], policy=POLICY,
                    contexts=[live])

    def _pages_routes(self) -> list[web.AbstractRouteDef]:
        folder = front_end_folder()

        async def index(_: web.Request) -> web.FileResponse:
            return web.FileResponse(folder / "index.html")

        async def opened(_: web.Request) -> web.Response:
            return web.json_response({"file": self._opened})

        async def no_styles(_: web.Request) -> web.Response:
            return web.Response(content_type="text/css")

        return [
            web.get("/editor/ws", self._pages.handler(self.live.greet)),
            web.get("/editor/dnne_ros/opened", opened),
            web.get("/editor/user.css", no_styles), web.get("/editor/api/userdata/user.css",
                                                            no_styles),
            *page_routes(f"/editor{_EXTENSION_PATH}", _EXTENSION),
            web.get("/editor/", index), web.static("/editor", folder),
        ]


def run_words_of(options: argparse.Namespace) -> list[str]:
    """Return the words that each run gets: the node types that the editor knows."""
    return [f"--nodes={Path(file).resolve()}" for file in options.nodes] + ["--quiet"]
