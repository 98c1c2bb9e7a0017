"""What it costs that a graph can be seen from outside, and that somebody looks."""

from __future__ import annotations

import json
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from dnne_ros.bench.children import CaseFailed, Children, child_environment
from dnne_ros.bench.edge_peers.namespaces import namespace_of
from dnne_ros.bench.edge_peers.rally import Job, write_jobs

_ROOM = "dnne_ros.bench.edge_peers"
_SEGMENTS = 20
_SECONDS = 60.0

WATCHED_PAYLOAD = 2**16
"""Bytes of an item on the edge that is watched."""
NOBODY = "nobody"
WATCHERS = ("raw", "typed", "stopped")
"""Who watches: somebody quick, somebody slow with typed messages, somebody who sleeps."""


def measure_view(effort: float) -> Mapping[str, float]:
    """Return round trips/s of a pair whose topics nobody watches, and of one without topics.

    Both are in one process and take turns, so that they see the same machine.
    """
    with tempfile.TemporaryDirectory(prefix="edges_") as name:
        folder = Path(name)
        workflow = {}
        jobs = [Job(16, 200, max(2, round(2000 * effort)), 2)] * _SEGMENTS
        for number, kind in enumerate(("Seen", "Unseen")):
            pair = folder / kind
            pair.mkdir()
            write_jobs(pair, jobs)
            ping, pong = f"{2 * number + 1}", f"{2 * number + 2}"
            workflow[ping] = {"class_type": f"{kind}Ping",
                              "inputs": {"folder": str(pair), "back": [pong, 0]}}
            workflow[pong] = {"class_type": f"{kind}Pong",
                              "inputs": {"folder": str(pair), "ball": [ping, 0]}}
        file = folder / "view.json"
        file.write_text(json.dumps(workflow), encoding="utf-8")
        with Children(folder, child_environment()) as children:
            children.start("graph", [
                sys.executable, "-m", f"{_ROOM}.unseen_nodes", str(file),
                "--nodes", str(Path(__file__).parent / "edge_peers" / "unseen_nodes.py"),
                "--ros-args", "-r", f"__ns:={namespace_of(folder)}"])
            children.wait("graph", _SECONDS)
        return {f"{pair} trips_s": statistics.median(_trips_s(folder / kind))
                for kind, pair in (("Seen", "with topics"), ("Unseen", "without topics"))}


def _trips_s(folder: Path) -> list[float]:
    figures = json.loads((folder / "ping.json").read_text(encoding="utf-8"))
    return [segment["trips_s"] for segment in figures]


def measure_watched(place: str, effort: float) -> Mapping[str, float]:
    """Return items/s of a lossless edge while nobody watches, and with each of `WATCHERS`.

    Beside that, the processor time of the producer's process for each item (``… cpu_us``), which
    does not depend on what the watcher itself takes from the machine.
    `CaseFailed` if an item was lost or a watcher got something malformed.
    """
    with tempfile.TemporaryDirectory(prefix="edges_") as name, \
            Children(Path(name), child_environment()) as children:
        run = WatchedRun(Path(name), children, place, 0.4 * effort)
        run.segment()  # the first one warms up
        found: dict[str, list[dict[str, float]]] = {NOBODY: []}
        for kind in WATCHERS:
            found[NOBODY].append(run.segment())
            run.watch(kind)
            found[kind] = [run.segment()]
            run.stop_watching()
        run.end()
        return {f"{kind} {figure}": statistics.mean(segment[figure] for segment in segments)
                for kind, segments in found.items() for figure in ("items_s", "cpu_us")}


class WatchedRun:
    """A run of a producer and a consumer that somebody watches now and then."""

    def __init__(self, folder: Path, children: Children, place: str, seconds: float):
        """Start it; a stream takes so many ``seconds``."""
        self._folder = folder
        self._children = children
        self._segments = 0
        workflow = folder / "watched.json"
        workflow.write_text(json.dumps({
            "1": {"class_type": "Source", "inputs": {
                "folder": str(folder), "payload": WATCHED_PAYLOAD, "seconds": seconds,
                "total": ["2", 0]}},
            "2": {"class_type": "Sink", "inputs": {"value": ["1", 0]}}}), encoding="utf-8")
        children.start("graph", [
            sys.executable, "-m", "dnne_ros", "run", str(workflow), "--quiet", "--place", place,
            "--nodes", str(Path(__file__).parent / "edge_peers" / "watched_nodes.py"),
            "--duration", "100s", "--ros-args", "-r", f"__ns:={namespace_of(folder)}"])

    def segment(self) -> dict[str, float]:
        """Let the producer send for a while; return its figures, `CaseFailed` if it lost some."""
        done = self._folder / f"done.{self._segments}"
        self._say("go")
        self._children.wait_until(done.exists, _SECONDS, "the end of a stream")
        self._segments += 1
        figures: dict[str, float] = json.loads(done.read_text(encoding="utf-8"))
        if figures["lost"]:
            raise CaseFailed(f"{figures['lost']} items of a lossless edge were lost")
        return figures

    def watch(self, kind: str) -> None:
        """Start a watcher and wait until it has got something."""
        process = self._children.start("watcher", [
            sys.executable, "-m", f"{_ROOM}.watcher", str(self._folder),
            "raw" if kind == "stopped" else kind, f"{namespace_of(self._folder)}/source_1/value"])
        self._children.wait_until((self._folder / "watcher.json").exists, _SECONDS,
                                  f"{kind} watcher")
        if kind == "stopped":
            process.send_signal(signal.SIGSTOP)

    def stop_watching(self) -> None:
        """End the watcher; `CaseFailed` if it got something malformed."""
        self._children.end(["watcher"])
        file = self._folder / "watcher.json"
        counts = json.loads(file.read_text(encoding="utf-8"))
        file.unlink()
        if counts["malformed"]:
            raise CaseFailed(f"a watcher got {counts['malformed']} malformed messages")

    def end(self) -> None:
        """Let the graph end."""
        self._say("stop")
        self._children.wait("graph", _SECONDS)

    def _say(self, word: str) -> None:
        aside = self._folder / "go.part"
        aside.write_text(word, encoding="utf-8")
        aside.replace(self._folder / f"go.{self._segments}")


VIEW = "one process: outside view"
WATCHED = {"one process": "one process: watched", "two processes": "two processes: watched"}
"""Names of the cases."""

WATCHING: dict[str, Callable[[float], Mapping[str, float]]] = {
    VIEW: measure_view,
    WATCHED["one process"]: partial(measure_watched, "fused"),
    WATCHED["two processes"]: partial(measure_watched, "split"),
}
"""All cases, given the effort."""
