"""What a process tells its supervisor or, having none, the person before the screen."""

import json
import socket

import pytest

from dnne_ros.runtime.coordination.status import StatusChannel


@pytest.fixture
def ends():
    """Return a channel and the supervisor's end of it."""
    ours, theirs = socket.socketpair()
    channel = StatusChannel(ours.detach())
    yield channel, theirs
    theirs.close()


def test_messages_go_both_ways_line_by_line(ends):
    channel, theirs = ends
    channel.send("warning", message="two\nlines")
    assert json.loads(theirs.recv(1000)) == {"kind": "warning", "message": "two\nlines"}
    told = []
    for part in (b'{"kind": "st', b'op", "reason": "x"}\n{"kind"', b': "stop", "reason": "y"}\n'):
        theirs.sendall(part)
        channel.read(told.append, lambda: told.append("closed"))
    assert [message["reason"] for message in told] == ["x", "y"]
    theirs.close()
    channel.read(told.append, lambda: told.append("closed"))
    assert told[-1] == "closed"


def test_a_supervisor_that_is_gone_is_no_error(ends, capsys):
    channel, theirs = ends
    theirs.close()
    channel.send("progress", metrics={})
    channel.send("warning", message="nobody hears it")
    assert channel.file_descriptor is None and capsys.readouterr() == ("", "")


def test_without_a_supervisor_warnings_are_printed(capsys):
    channel = StatusChannel(None)
    channel.send("progress", metrics={})
    channel.send("warning", message="process b is gone")
    assert capsys.readouterr() == ("", "warning: process b is gone\n")
