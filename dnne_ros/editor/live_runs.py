"""Tells the pages what runs do: the state at once, figures each second, pictures as they come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

from dnne_ros.editor.drawn_graph import DrawnGraph
from dnne_ros.editor.figures import figures, progress_state, summary
from dnne_ros.editor.run import Run, State
from dnne_ros.editor.run_queue import RunQueue
from dnne_ros.editor.sockets import Page, Pages
from dnne_ros.top.state import GraphState

_PERIOD = 1.0


class Watch(Protocol):
    """What hears texts and pictures: `dnne_ros.editor.graph_watch.GraphWatch`."""

    def watch(self, drawn: DrawnGraph) -> None:
        """Listen to a graph."""
        ...

    def rest(self) -> None:
        """Listen to nothing."""
        ...


class LiveRuns:
    """Between the queue of runs, what is heard of their graphs, and the pages."""

    def __init__(self, pages: Pages):
        """Tell these pages; queue, watch and graphs are there before anything runs."""
        self.pages = pages
        self.queue: RunQueue
        self.watch: Watch
        self.graphs: Mapping[str, GraphState] = {}
        """What was heard of running graphs, by namespace."""
        self._since = 0.0
        self._figures: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._pictures: dict[str, tuple[str, bytes]] = {}
        self._last: Run | None = None

    def greet(self, page: Page) -> None:
        """Tell a page that has just been opened, or loaded again, all that others know."""
        page.say("status", self._status())
        run = self._last
        if run is None:
            return
        page.say("dnne_ros.run", summary(run))
        if run.state.is_over:
            return
        page.say("execution_start", self._about(run))
        page.say("progress_state", progress_state(run, self._figures.get("nodes", {})))
        if self._figures:
            page.say("dnne_ros.figures", self._figures)
        for node, text in self._texts.items():
            page.show_text(run.id, node, text)
        for node, picture in self._pictures.items():
            page.show_picture(run.id, node, *picture)

    def on_change(self, run: Run) -> None:
        """Tell of a run's new state."""
        if run.state is State.STARTING:
            self._last = run
            self._figures, self._texts, self._pictures = {}, {}, {}
            self._since = time.monotonic()
            self.watch.watch(run.drawn)
            self.pages.say("execution_start", self._about(run))
            self.pages.say("progress_state", progress_state(run, {}))
        if run is self._last:
            self.pages.say("dnne_ros.run", summary(
                run, 0 if run.state.is_over else len(run.curve)))
        if run.state.is_over and run is self._last:
            self.watch.rest()
            self._say_end(run)
        self.pages.say("status", self._status())

    def on_line(self, run: Run, line: str) -> None:
        """Tell what a run has written."""
        self.pages.say("logs", log_of([line]))

    def on_text(self, node: str, text: str) -> None:
        """Show what a node says."""
        run = self.queue.current
        if run is not None and self._texts.get(node) != text:
            self._texts[node] = text
            for page in self.pages:
                page.show_text(run.id, node, text)

    def on_picture(self, node: str, kind: str, picture: bytes) -> None:
        """Show what a node sees."""
        run = self.queue.current
        if run is not None:
            self._pictures[node] = kind, picture
            for page in self.pages:
                page.show_picture(run.id, node, kind, picture)

    async def tick(self) -> None:
        """Tell once a second what nodes and links do, until cancelled."""
        told = 0
        while True:
            await asyncio.sleep(_PERIOD)
            run = self.queue.current
            if run is None:
                told = 0
                continue
            self._figures = figures(run, self.graphs.get(run.drawn.namespace), self._since)
            self.pages.say("dnne_ros.figures", self._figures)
            self.pages.say("progress_state", progress_state(run, self._figures["nodes"]))
            points = len(run.curve)
            if points != told:
                # One that has got shorter says the same with fewer points, or is another run's.
                self.pages.say("dnne_ros.run", summary(run, told if told < points else 0))
                told = points

    def _say_end(self, run: Run) -> None:
        about = self._about(run)
        if run.state is State.FAILED:
            node = run.failed_node or next(iter(run.drawn.shown_at.values()), "")
            self.pages.say("progress_state", progress_state(run, {}))
            self.pages.say("execution_error", {
                **about, "node_id": node, "node_type": _type_of(run, node), "executed": [],
                "exception_message": run.failure, "exception_type": "run failed",
                "traceback": run.last_lines, "current_inputs": {}, "current_outputs": {}})
        else:
            self.pages.say("progress_state", {"prompt_id": run.id, "nodes": {}})
            self.pages.say("execution_success", about)
        self.pages.say("executing", {"node": None, "prompt_id": run.id})

    def _status(self) -> dict[str, Any]:
        remaining = len(self.queue.waiting) + (self.queue.current is not None)
        return {"status": {"exec_info": {"queue_remaining": remaining}}}

    @staticmethod
    def _about(run: Run) -> dict[str, Any]:
        return {"prompt_id": run.id, "timestamp": round(1e3 * time.time())}


def log_of(lines: list[str]) -> dict[str, Any]:
    """Return lines as the front end's console takes them."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S")
    return {"size": {"cols": 120, "rows": 50},
            "entries": [{"t": now, "m": f"{line}\r\n"} for line in lines]}


def _type_of(run: Run, node: str) -> str:
    found = run.drawn.graph.nodes.get(node)
    return "" if found is None else found.type.type_name
