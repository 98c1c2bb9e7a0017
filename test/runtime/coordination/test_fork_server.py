"""Processes that are forks of a warm one: what they see, how they end, who is told."""

import json
import os
import signal
import subprocess
import sys

import pytest
from python_path import python_path

ENTRY_POINTS = '''
import json
import os
import signal
import socket
import sys
import time

import numpy.random

from dnne_ros.runtime.coordination.fork_server import CHANNEL


def describe():
    """Tell what there is, over the channel."""
    socket.socket(fileno=CHANNEL).sendall(json.dumps({
        "argv": sys.argv, "name": open("/proc/self/comm").read(), "folder": os.getcwd(),
        "session": os.getsid(0) == os.getpid(), "input": sys.stdin.read(),
        "open": sorted(map(int, os.listdir("/proc/self/fd"))),
        "interruptible": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
        "chance": numpy.random.random(), "loaded": sorted(sys.modules)}).encode())


def say():
    print("said", flush=False)
    print("and complained", file=sys.stderr)
    return 7


def fail():
    raise RuntimeError("it broke")


def leave():
    sys.exit("with a word")


def sleep():
    print("sleeping")
    time.sleep(1000)
'''

# A fork server belongs to a process without threads, which that of the tests is not.
USER = '''
import asyncio
import json
import os
import socket
import sys

from dnne_ros.runtime.coordination.fork_server import ForkServer


async def main(server, entry_points):
    results = []
    for entry_point in entry_points:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await server.start(
                "a_name_of_30_letters_and_digits", "entry_points:" + entry_point,
                ["a", "b"], theirs)
        line = b""
        if entry_point == "sleep":
            line = await process.stdout.readline()
            process.terminate()
        output = line + await process.stdout.read()
        code = await process.wait()
        assert process.returncode == code
        process.kill()  # what has ended is left alone
        with ours:
            results.append([code, output.decode(), ours.recv(2**20).decode()])
    return results

server = ForkServer(["json", "numpy", "no_such_module"])
print(json.dumps(asyncio.run(main(server, sys.argv[1:]))))
server.close()
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("nobody is left")
'''


@pytest.fixture
def run_source(tmp_path, repository):
    """Run a program that has the entry points at hand; returns what it prints."""
    def run(source, *arguments):
        (tmp_path / "entry_points.py").write_text(ENTRY_POINTS)
        done = subprocess.run(
            [sys.executable, "-c", source, *arguments], cwd=tmp_path, text=True,
            env={**os.environ, "PYTHONPATH": python_path(repository, tmp_path)},
            capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run


@pytest.fixture
def run_forks(run_source):
    """Have functions called in forks; returns (exit code, output, what came over the channel)."""
    def run(*entry_points):
        results, last = run_source(USER, *entry_points).splitlines()
        assert last == "nobody is left"
        return json.loads(results)
    return run


def test_a_fork_is_a_process_of_its_own(run_forks, tmp_path):
    (code, output, seen), (_, _, other) = run_forks("describe", "describe")
    seen = json.loads(seen)
    assert (code, output) == (0, "")
    assert seen["argv"] == ["entry_points:describe", "a", "b"]
    assert seen["name"] == "a_name_of_30_le\n" and seen["folder"] == str(tmp_path)
    assert seen["session"] and seen["interruptible"] and seen["input"] == ""
    assert {"numpy", "json"} <= set(seen["loaded"])
    # Nothing of the supervisor or of other processes is kept open; one is that of the listing.
    assert set(seen["open"]) - {0, 1, 2, 100} == {max(set(seen["open"]) - {100})}
    assert seen["chance"] != json.loads(other)["chance"]


@pytest.mark.parametrize("entry_point, code, words", [
    ("say", 7, ["said", "and complained"]), ("fail", 1, ["RuntimeError: it broke"]),
    ("leave", 1, ["with a word"]), ("sleep", -signal.SIGTERM, ["sleeping"]),
    ("nothing_of_this_name", 1, ["AttributeError"])])
def test_the_end_of_a_fork_is_told(run_forks, entry_point, code, words):
    (found, output, _), = run_forks(entry_point)
    assert found == code
    for word in words:
        assert word in output


WITHOUT_SERVER = USER.partition("server = ")[0] + '''
import signal

from dnne_ros.errors import DnneError


async def lose(server):
    _, theirs = socket.socketpair()
    process = await server.start("sleeper", "entry_points:sleep", [], theirs)
    await process.stdout.readline()
    stat = open(f"/proc/{process.pid}/stat").read()
    os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)
    print(await process.wait())
    os.kill(process.pid, signal.SIGKILL)
    try:
        await server.start("another", "entry_points:say", [], theirs)
    except DnneError as error:
        print(error)

server = ForkServer([])
asyncio.run(lose(server))
server.close()
'''


def test_a_server_that_is_killed_is_noticed(run_source):
    code, error = run_source(WITHOUT_SERVER).splitlines()
    assert code == "255"
    assert error.startswith("the process that forks those of the graph ")
