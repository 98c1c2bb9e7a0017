"""What a run tells the program that has started it."""

import asyncio
import json
import os
import socket

import pytest
from patience import patiently

from dnne_ros.cli.report import RunReport
from dnne_ros.cli.status_lines import StatusLines
from dnne_ros.errors import InputError


@pytest.fixture
def ends():
    """Return the reader's socket and what says something to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        ours.setblocking(False)
        yield ours, StatusLines(theirs.detach())


def heard(ours):
    return json.loads(ours.recv(2**20))


def test_what_processes_say_is_passed_on_with_their_names(ends):
    ours, status = ends
    status.running()
    status.note("main", {"kind": "progress", "metrics": {"loss": float("nan")}})
    status.note("main", {"kind": "edges", "edges": []})  # for the report alone
    assert heard(ours) == {"kind": "running"}
    assert heard(ours) == {"kind": "progress", "metrics": {"loss": None}, "process": "main"}
    report = RunReport(["main"])
    report.finish("duration", "", 0)
    status.ended(report)
    assert heard(ours) == {"kind": "ended", "reason": "duration", "failure": "", "exit_code": 0,
                           "checkpoint": None, "checkpoint_error": None}


def test_a_reader_that_does_not_keep_up_holds_nobody_up(ends):
    ours, status = ends
    for number in range(5_000):
        status.note("main", {"kind": "warning", "message": f"{number} {'x' * 500}"})
    assert heard(ours)["message"].startswith("0 ")
    ours.close()
    status.running()


def test_it_is_noticed_that_the_reader_is_gone(ends):
    ours, status = ends

    async def until_gone():
        gone = asyncio.Event()
        status.on_left(gone.set)
        ours.close()
        await patiently(gone.wait())
    asyncio.run(until_gone())


def test_without_a_descriptor_nothing_is_said():
    status = StatusLines(None)
    status.on_left(lambda: pytest.fail("nobody can leave"))
    status.running()


def test_a_descriptor_that_is_no_socket_is_refused(tmp_path):
    with open(tmp_path / "file", "wb") as file, pytest.raises(InputError, match="--status-fd"):
        StatusLines(os.dup(file.fileno()))
    with pytest.raises(InputError, match="--status-fd 987"):
        StatusLines(987)
