"""Run, Stop, the list of runs, and what a drawing is checked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.asked import Asked, read_asked
from dnne_ros.editor.exports import export
from dnne_ros.editor.jobs import DrawnJobs
from dnne_ros.editor.live_runs import LiveRuns, log_of
from dnne_ros.editor.node_errors import refused_prompt
from dnne_ros.editor.run import Run, State
from dnne_ros.editor.run_options import described
from dnne_ros.errors import InputError
from dnne_ros.web.refusals import json_of

_API, _OURS = "/editor/api", "/editor/dnne_ros"
_STATUS = {State.QUEUED: "pending", State.STARTING: "in_progress", State.RUNNING: "in_progress",
           State.STOPPING: "in_progress", State.ENDED: "completed", State.STOPPED: "completed",
           State.FAILED: "failed"}


class RunRoutes:
    """The routes that have to do with runs."""

    def __init__(self, live: LiveRuns, catalogue: Catalogue, folder: Path,
                 ros_args: Sequence[str] = (), jobs: DrawnJobs | None = None):
        """Run drawings of files of ``folder``, with ``ros_args``.

        With ``jobs``, what is to run beside another becomes one, instead of waiting.
        """
        self.jobs = jobs
        self._ros_args = ros_args
        self._live = live
        self._catalogue = catalogue
        self._folder = folder

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return them."""
        return [
            web.post(f"{_API}/prompt", self._start), web.get(f"{_API}/prompt", self._remaining),
            web.get(f"{_API}/queue", self._queue), web.post(f"{_API}/queue", self._change_queue),
            web.get(f"{_API}/history", self._nothing), web.post(f"{_API}/history", self._done),
            web.get(f"{_API}/jobs", self._jobs), web.get(f"{_API}/jobs/{{id}}", self._job),
            web.post(f"{_API}/jobs/cancel", self._cancel_many),
            web.post(f"{_API}/jobs/{{id}}/cancel", self._cancel),
            web.post(f"{_API}/interrupt", self._interrupt), web.post(f"{_API}/free", self._done),
            web.get("/editor/internal/logs/raw", self._log),
            web.patch("/editor/internal/logs/subscribe", self._done),
            web.get(f"{_OURS}/options", self._options), web.post(f"{_OURS}/check", self._check),
            web.post(f"{_OURS}/export/{{kind}}", self._export),
        ]

    async def _start(self, request: web.Request) -> web.Response:
        body = await json_of(request)
        try:
            asked = self._asked(body)
            if self.jobs is not None and self._live.queue.current is not None:
                job = await self.jobs.submit(asked)
                self._live.pages.say("dnne_ros.job", {"number": job.number, "text": job.text})
                return web.json_response({"prompt_id": f"job-{job.number}", "number": job.number,
                                          "node_errors": {}})
        except InputError as error:
            return web.json_response(refused_prompt(error.problems), status=400)
        run = self._live.queue.submit(asked.drawn, asked.words, asked.duration)
        return web.json_response({"prompt_id": run.id, "number": run.number, "node_errors": {}})

    async def _check(self, request: web.Request) -> web.Response:
        """Say what is wrong with a drawing, in the words of ``dnne-ros check``."""
        try:
            self._asked(await json_of(request))
        except InputError as error:
            return web.json_response(refused_prompt(error.problems))
        return web.json_response({"error": None, "node_errors": {}})

    async def _export(self, request: web.Request) -> web.Response:
        """Make a drawing into a file, which takes its time."""
        asked = self._asked(await json_of(request))
        made = await asyncio.to_thread(
            export, request.match_info["kind"], asked.drawn, asked.place, asked.checkpoint)
        return web.Response(body=made.content, content_type=made.kind, headers={
            "Content-Disposition": f'attachment; filename="{made.name}"'})

    async def _remaining(self, _: web.Request) -> web.Response:
        queue = self._live.queue
        count = len(queue.waiting) + (queue.current is not None)
        return web.json_response({"exec_info": {"queue_remaining": count}})

    async def _queue(self, _: web.Request) -> web.Response:
        queue = self._live.queue
        current = [] if queue.current is None else [queue.current]
        return web.json_response({name: [[run.number, run.id, {}, {}, []] for run in runs]
                                  for name, runs in (("queue_running", current),
                                                     ("queue_pending", queue.waiting))})

    async def _change_queue(self, request: web.Request) -> web.Response:
        body = await json_of(request)
        wanted = body.get("delete")
        for run in self._live.queue.waiting:
            if body.get("clear") is True or (isinstance(wanted, list) and run.id in wanted):
                self._live.queue.stop(run)
        return web.Response()

    async def _jobs(self, request: web.Request) -> web.Response:
        asked = request.query.get("status", "")
        found = [_as_job(run) for run in reversed(self._live.queue.runs)]
        found = [job for job in found if not asked or job["status"] in asked.split(",")]
        return web.json_response({"jobs": found, "pagination": {
            "offset": 0, "limit": len(found), "total": len(found), "has_more": False}})

    async def _job(self, request: web.Request) -> web.Response:
        run = self._found(request.match_info["id"])
        return web.json_response({**_as_job(run), "outputs": {}, "workflow": {
            "extra_data": {"extra_pnginfo": {"workflow": run.drawn.document}}}})

    async def _cancel(self, request: web.Request) -> web.Response:
        self._live.queue.stop(self._found(request.match_info["id"]))
        return web.json_response({})

    async def _cancel_many(self, request: web.Request) -> web.Response:
        ids = (await json_of(request)).get("job_ids")
        for id in ids if isinstance(ids, list) else ():
            self._live.queue.stop(self._found(str(id)))
        return web.json_response({})

    async def _interrupt(self, request: web.Request) -> web.Response:
        body = await json_of(request) if request.can_read_body else {}
        run = self._live.queue.current
        if run is not None and body.get("prompt_id") in (None, run.id):
            self._live.queue.stop(run)
        return web.Response()

    async def _log(self, _: web.Request) -> web.Response:
        runs = [run for run in self._live.queue.runs if run.lines]
        return web.json_response(log_of(list(runs[-1].lines) if runs else []))

    async def _options(self, _: web.Request) -> web.Response:
        return web.json_response(described())

    async def _nothing(self, _: web.Request) -> web.Response:
        return web.json_response({})

    async def _done(self, _: web.Request) -> web.Response:
        return web.Response()

    def _asked(self, body: dict[str, Any]) -> Asked:
        return read_asked(body, self._catalogue, self._folder, self._ros_args)

    def _found(self, id: str) -> Run:
        run = self._live.queue.find(id)
        if run is None:
            raise web.HTTPNotFound
        return run


def _as_job(run: Run) -> dict[str, Any]:
    def milliseconds(seconds: float | None) -> int | None:
        return None if seconds is None else round(1e3 * seconds)

    job = {"id": run.id, "status": _STATUS[run.state], "priority": run.number,
           "create_time": milliseconds(run.created), "outputs_count": 0,
           "execution_start_time": milliseconds(run.started),
           "execution_end_time": milliseconds(run.ended)}
    if run.state is State.FAILED:
        job["execution_error"] = {
            "node_id": run.failed_node, "node_type": "", "executed": [],
            "exception_message": run.failure, "exception_type": "run failed",
            "traceback": run.last_lines, "current_inputs": {}, "current_outputs": {}}
    return job
