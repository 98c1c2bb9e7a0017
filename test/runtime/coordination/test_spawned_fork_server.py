"""Forks for a program that has threads, as that of the tests does."""

import os
import signal
import socket

import pytest
from python_path import python_path

from dnne_ros.runtime.coordination.spawned_fork_server import SpawnedForkServer

ENTRY_POINTS = '''
import socket
import sys

from dnne_ros.runtime.coordination.fork_server import CHANNEL


def answer():
    """Say what there is, and end with what comes back."""
    channel = socket.socket(fileno=CHANNEL)
    channel.sendall(f"{sys.argv[1:]} {'json' in sys.modules}".encode())
    print("said", flush=True)
    return int(channel.recv(1))
'''


@pytest.fixture
def server(tmp_path, repository):
    (tmp_path / "answering.py").write_text(ENTRY_POINTS)
    made = SpawnedForkServer(["json", "answering"], python_path(repository, tmp_path))
    yield made
    made.close()


@pytest.fixture
def start(server, tmp_path):
    """Start `answer`; returns the process and our end of its channel."""
    opened = []

    def start():
        ours, theirs = socket.socketpair()
        opened.append(ours)
        with theirs, (tmp_path / "output").open("ab") as output:
            return server.start({"name": "answering", "entry_point": "answering:answer",
                                 "arguments": ["word"]}, output.fileno(), theirs.fileno()), ours
    yield start
    for each in opened:
        each.close()


def test_a_process_runs_and_its_end_is_told(start, tmp_path):
    process, channel = start()
    assert channel.recv(100) == b"['word'] True"
    assert process.returncode is None and os.getpgid(process.pid)
    channel.sendall(b"7")
    process.ended.wait()
    assert process.returncode == 7
    assert (tmp_path / "output").read_text() == "said\n"


def test_one_that_is_killed_is_told_too(start):
    process, channel = start()
    channel.recv(100)
    os.kill(process.pid, signal.SIGKILL)
    process.ended.wait()
    assert process.returncode == -signal.SIGKILL


def test_a_server_that_is_gone_is_an_error(server, start):
    process, channel = start()
    channel.sendall(b"0")
    process.ended.wait()
    server._process.kill()
    server._process.wait()
    with pytest.raises(OSError):
        start()
