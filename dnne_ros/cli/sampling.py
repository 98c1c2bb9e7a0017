"""Samples what a command executes, with py-spy: which code computes, who holds Python's lock."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dnne_ros.errors import printable

INSTALL = "py-spy is not installed: pip install 'dnne_ros[profile]'"
_RATE = 100
_LOOP, _GRAPH, _THREAD = "run_forever (", "GraphProcess.run (", "Thread._bootstrap ("
_LAST_LINES = 3
_MOST = 10


def sampler() -> str:
    """Return the path of py-spy; "" if there is none."""
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy") or ""


def flame_graph(words: Sequence[str], file: Path) -> str:
    """Run a command and draw what it computed; return what went wrong, or ""."""
    return _sample(words, file, "--format", "flamegraph")


def lock_shares(words: Sequence[str], file: Path) -> tuple[dict[str, Any], str]:
    """Run a command; return who held Python's lock, and what went wrong, or "".

    ``loop`` is the share of the event loops, ``others`` that of other threads, by name;
    ``functions`` those in which it was held the most.
    """
    problem = _sample(words, file, "--format", "raw", "--gil", "--threads")
    if problem:
        return {}, problem
    return _shares(file.read_text(encoding="utf-8", errors="replace").splitlines()), ""


def _sample(words: Sequence[str], file: Path, *options: str) -> str:
    done = subprocess.run(
        [sampler(), "record", "--subprocesses", "--rate", str(_RATE), *options,
         "--output", str(file), "--", *words], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, errors="replace", check=False)
    if file.exists() and file.stat().st_size:
        return ""
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return printable("py-spy: " + "; ".join(said[-_LAST_LINES:] or ["it has written nothing"]))


def _shares(lines: Sequence[str]) -> dict[str, Any]:
    """Sum up samples, ``frame;frame;… count``, of while nodes ran."""
    loop, others, functions = 0, Counter[str](), Counter[str]()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if not count.isdecimal():
            continue
        if _LOOP in stack and _GRAPH in stack:
            loop += int(count)
        elif _THREAD in stack:
            others[_thread(frames)] += int(count)
        else:
            continue  # it starts, or ends
        functions[frames[-1]] += int(count)
    whole = max(1, loop + others.total())
    return {"samples": loop + others.total(), "loop": loop / whole,
            "others": {name: count / whole for name, count in others.most_common(_MOST)},
            "functions": {name: count / whole for name, count in functions.most_common(_MOST)}}


def _thread(frames: Sequence[str]) -> str:
    """Return the name of a thread, without its number: ``thread (0x7F…): file watcher``."""
    name = next((frame for frame in frames if frame.startswith("thread (")), "thread")
    return name.rpartition(": ")[2] if ": " in name else "a thread without a name"
