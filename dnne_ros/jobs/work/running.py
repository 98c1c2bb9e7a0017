"""One start of a job, as its worker sees it: the process, its limits, its end."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from dnne_ros.errors import shortened, signal_name
from dnne_ros.jobs.description.folder import JobFolder
from dnne_ros.jobs.description.functions import home
from dnne_ros.jobs.description.references import FILES, with_folders
from dnne_ros.jobs.description.spec import TRAINS
from dnne_ros.jobs.work.ending import INPUT_IS_WRONG, Outcome
from dnne_ros.jobs.work.job_span import job_span
from dnne_ros.jobs.work.processes import TOKEN, end_processes, processes_with, python_path
from dnne_ros.jobs.work.starting import Claim

_LOOK_SECONDS = 0.25
TIMED_OUT = 124
"""The exit code of a job that took too long, as that of ``timeout``."""
_CANNOT_START = 126
_LAST_LINE = 200
_NO_STATE = "without a checkpoint: no node of its graph keeps a state"
_CHECKPOINT = re.compile(re.escape(FILES["checkpoint"]).replace("%d", r"(\d+)"))


def run_claim(claim: Claim, folder: JobFolder, has_gpus: bool, asked_to_end: Callable[[], str]
              ) -> Outcome:
    """Run a claimed job to its end, as a span of its own where ``OTEL_*`` variables ask for that.

    ``asked_to_end()`` is looked at four times a second: ``cancel``, ``give back`` or nothing.
    What an earlier start has left is ended first.
    """
    if claim.start > 1:
        token = str(folder.path)
        end_processes(token, claim.spec.grace, lambda: _interrupt_all(token))
    with job_span(claim) as (variables, note):
        outcome = _run(claim, folder, {
            **_environment(claim, str(folder.path), has_gpus), **variables}, asked_to_end)
        note(outcome)
    return outcome


def _run(claim: Claim, folder: JobFolder, environment: Mapping[str, str],
         asked_to_end: Callable[[], str]) -> Outcome:
    token = environment[TOKEN]
    try:
        if lacking := _lacking_checkpoint(claim, folder):
            return Outcome(INPUT_IS_WRONG, lacking)
        folder.prepare(claim.spec)
        with folder.log.open("ab") as log:
            log.write(f"--- try {claim.attempt}, start {claim.start}, "
                      f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n".encode())
            log.flush()
            process = subprocess.Popen(
                _words(claim, folder), cwd=_directory(claim, folder), stdout=log,
                stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True,
                env=environment)
    except OSError as error:  # a full disk, for one
        return Outcome(_CANNOT_START, f"cannot be started: {error}")
    with suppress(OSError):  # a full disk keeps no job from running
        folder.describe(claim.job, claim.spec)
    why = _watch(process, claim, asked_to_end)
    if why or processes_with(token):
        end_processes(token, claim.spec.grace if why else 0.0, lambda: _interrupt(process))
    code = process.wait()
    figures = folder.figures()
    if why == "cancel":
        return Outcome(code, "cancelled", figures, cancelled=True)
    if why == "give back":
        return Outcome(code, "its worker was stopped", figures, given_back=True)
    if why:
        return Outcome(TIMED_OUT, why, figures)
    reason = _reason(code, folder)
    if code == 0 and claim.spec.task.command == TRAINS and not claim.spec.task.keeps_state:
        reason += f", {_NO_STATE}"
    return Outcome(code, reason, figures)


def _lacking_checkpoint(claim: Claim, folder: JobFolder) -> str:
    """Tell which checkpoint of another job a job wants that there is none of; '' if none is so."""
    task = claim.spec.task
    for text in (*task.words, *task.arguments.values()):
        for number in _CHECKPOINT.findall(text) if isinstance(text, str) else ():
            other = JobFolder(folder.path.parent, int(number))
            if not other.checkpoint.is_dir() or not any(other.checkpoint.iterdir()):
                return (f"it wants the checkpoint of job {number}, which has left none "
                        f"({other.checkpoint})")
    return ""


def words_of(claim: Claim, folder: JobFolder) -> list[str]:
    """Return the words of a command, with the job's own files and the checkpoint to go on from."""
    task = claim.spec.task
    words = [task.command]
    if task.workflow:
        words.append(str(folder.workflow))
    words += [with_folders(word, folder) for word in task.words]
    if task.command != TRAINS:
        return words
    words += ["--report", str(folder.report)]
    if "--inference" in words or not task.keeps_state:
        return words
    words += ["--save-checkpoint-dir", str(folder.checkpoint)]
    if (folder.checkpoint / "checkpoint.json").is_file():
        words += ["--load-checkpoint-dir", str(folder.checkpoint)]  # the last one counts
    return words


def _words(claim: Claim, folder: JobFolder) -> list[str]:
    task = claim.spec.task
    return [sys.executable, "-m", "dnne_ros.jobs.work.child", json.dumps({
        "parent": os.getpid(), "cpus": claim.granted.cpus, "memory": claim.granted.memory,
        "function": task.function, "home": home(task.function) if task.function else "",
        "job": claim.job, "arguments": {
            name: with_folders(value, folder) if isinstance(value, str) else value
            for name, value in task.arguments.items()},
        "attempt": claim.attempt, "start": claim.start, "folder": str(folder.path),
        "words": [] if task.function else words_of(claim, folder)})]


def _directory(claim: Claim, folder: JobFolder) -> Path:
    wanted = Path(claim.spec.directory)
    return wanted if claim.spec.directory and wanted.is_dir() else folder.path


def _environment(claim: Claim, token: str, has_gpus: bool) -> dict[str, str]:
    variables = {**os.environ, TOKEN: token, "PYTHONUNBUFFERED": "1",
                 "PYTHONPATH": python_path()}
    if has_gpus:  # which are handed out by us; without any, a job sees none
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(claim.granted.gpus)
    return variables


def _watch(process: subprocess.Popen[bytes], claim: Claim, asked_to_end: Callable[[], str]
           ) -> str:
    """Wait for the process; returns why it is to be ended, or nothing when it has ended."""
    limit = claim.spec.timeout
    until = None if limit is None else time.monotonic() + limit
    ended = os.pidfd_open(process.pid)
    try:
        while not select.select([ended], [], [], _LOOK_SECONDS)[0]:
            if why := asked_to_end():
                return why
            if until is not None and time.monotonic() > until:
                return f"took longer than {limit:g} s"
    finally:
        os.close(ended)
    return ""


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C: a run saves its checkpoint and ends its own processes."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)


def _interrupt_all(token: str) -> None:
    for pid in processes_with(token):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _reason(code: int, folder: JobFolder) -> str:
    if code == 0:
        return "exit code 0"
    said = signal_name(-code) if code < 0 else f"exit code {code}"
    lines = [line for line in folder.last_words().splitlines()
             if line.strip() and not line.startswith("--- try ")]
    return f"{said}: {shortened(lines[-1].strip(), _LAST_LINE)}" if lines else said
