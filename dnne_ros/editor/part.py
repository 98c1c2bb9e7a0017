"""The editor as a part of the server, at ``/editor/``."""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.front_end import front_end_folder
from dnne_ros.editor.graph_watch import GraphWatch
from dnne_ros.editor.jobs import DrawnJobs
from dnne_ros.editor.live_runs import LiveRuns
from dnne_ros.editor.routes.files import file_routes
from dnne_ros.editor.routes.parameters import parameter_routes
from dnne_ros.editor.routes.runs import RunRoutes
from dnne_ros.editor.routes.types import script_paths, type_routes
from dnne_ros.editor.run_queue import RunQueue
from dnne_ros.editor.sockets import Pages
from dnne_ros.editor.state_file import ChangedSettings
from dnne_ros.editor.templates import Templates, template_folder
from dnne_ros.editor.workflow_files import WorkflowFiles
from dnne_ros.web.application import Part
from dnne_ros.web.guards.content_policy import ContentPolicy, script_hash
from dnne_ros.web.page_files import file_routes as script_routes

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.runtime.event_loop import RosEventLoop
    from dnne_ros.web.feed.feed import Feed

_EXTENSION = Path(__file__).with_name("extension")
_EXTENSION_PATH = "/extensions/dnne_ros/"
_MAIN_SCRIPT = f"{_EXTENSION_PATH}main.js"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Editor:
    """What the editor is made of while the server lives."""

    def __init__(self, folder: Path, catalogue: Catalogue, settings: ChangedSettings,
                 run_words: list[str], environment: Mapping[str, str], opened: str = "",
                 ros_args: Sequence[str] = (), store: str = ""):
        """Serve the workflows of ``folder``, the one that is ``opened`` first.

        Runs get ``run_words`` and ``ros_args`` beside their own, and ``environment``.  With a
        ``store``, a second one becomes a job of it.
        """
        jobs = DrawnJobs(store, run_words, environment) if store else None
        self._opened = opened
        self._pages = Pages()
        self.live = LiveRuns(self._pages)
        self.live.queue = RunQueue([*run_words, *ros_args], environment, self.live.on_change,
                                   self.live.on_line)
        self.runs = RunRoutes(self.live, catalogue, folder, ros_args, jobs)
        self.routes: Sequence[web.AbstractRouteDef] = [
            *type_routes(catalogue, settings, Templates(template_folder(), catalogue),
                         [*script_paths(front_end_folder()), _MAIN_SCRIPT]),
            *file_routes(WorkflowFiles(folder), catalogue),
            *self.runs.routes(),
        ]

    def part(self, context: Context, loop: RosEventLoop, feed: Feed) -> Part:
        """Return the part; graphs are heard by ``feed`` and in this context."""
        async def live(application: web.Application) -> AsyncIterator[None]:
            application.on_shutdown.append(self._pages.close)
            watch = GraphWatch(context, loop, self.live.on_text, self.live.on_picture)
            self.live.watch, self.live.graphs = watch, feed.state.graphs
            tasks = [asyncio.ensure_future(each)
                     for each in (self.live.queue.work(), self.live.tick())]
            yield
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            watch.close()

        return Part("editor", contexts=[live], policy=page_policy(front_end_folder()), routes=[
            *self.routes, *parameter_routes(self.live, feed.parameters), *self.page_routes()])

    def page_routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of pages, scripts and the socket."""
        folder = front_end_folder()

        async def index(_: web.Request) -> web.FileResponse:
            return web.FileResponse(folder / "index.html")

        async def opened(_: web.Request) -> web.Response:
            return web.json_response({"file": self._opened})

        async def no_styles(_: web.Request) -> web.Response:
            return web.Response(content_type="text/css")

        return [
            web.get("/editor/ws", self._pages.handler(self.live.greet)),
            web.get("/editor/dnne_ros/greeting", self._pages.greeter(self.live.greet)),
            web.get("/editor/dnne_ros/opened", opened),
            web.get("/editor/user.css", no_styles), web.get("/editor/api/userdata/user.css",
                                                            no_styles),
            *script_routes(f"/editor{_EXTENSION_PATH}", _EXTENSION),
            # Of the pictures that stand for progress in the browser's tab, the paths are absolute.
            web.static("/assets/images", folder / "assets" / "images"),
            web.get("/editor/", index), web.static("/editor", folder),
        ]


def page_policy(front_end: Path) -> ContentPolicy:
    """Return what the front end's page needs beside the least.

    It compiles templates, and puts styles and markup together by itself; its first page has a
    script of its own, which is allowed as it is.
    """
    page = (front_end / "index.html").read_text(encoding="utf-8")
    return ContentPolicy(evaluated_code=True, web_assembly=True, inline_styles=True,
                         blob_workers=True, text_as_markup=True,
                         inline_scripts=tuple(map(script_hash, _INLINE.findall(page))))


def run_words_of(options: argparse.Namespace) -> list[str]:
    """Return the words that each run gets: the node types that the editor knows."""
    return [f"--nodes={Path(file).resolve()}" for file in options.nodes] + ["--quiet"]
