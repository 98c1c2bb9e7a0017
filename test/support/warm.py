"""A process that has imported what is slow to import, and forks for each command of a test.

`python -m dnne_ros …` from a new interpreter spends most of its time on imports.  Those that rclpy
is a part of are left to each process: its libraries start threads, which a fork would lack.
"""

import os
import socket
import struct
import subprocess
import sys
import threading

from python_path import python_path

from dnne_ros.runtime.coordination import fork_server

PRELOAD = (
    "torch", "mujoco", "matplotlib.pyplot", "rich.live", "rich.table", "gymnasium", "safetensors",
    "warm_entry", "dnne_ros.cli.main", "dnne_ros.cli.run", "dnne_ros.cli.check",
    "dnne_ros.cli.plot", "dnne_ros.hosting.host", "dnne_ros.placement.planning")
_SERVE = ("import socket, sys; from dnne_ros.runtime.coordination.fork_server import serve; "
          "serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])")
_NUMBER = struct.Struct("<q")


class WarmProcess:
    """A fork of the warm process, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, ended):
        """Read the process id, and later the exit code, from the file descriptor ``ended``."""
        self._ended = os.fdopen(ended, "rb", 0)
        self.pid = self._number()
        assert self.pid is not None, "the warm process has died"
        self.returncode = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _number(self):
        data = self._ended.read(_NUMBER.size)
        return _NUMBER.unpack(data)[0] if data else None

    def _read(self):
        code = self._number()
        self._ended.close()
        self.returncode = 255 if code is None else code

    def poll(self):
        """Return the exit code, or None while it runs."""
        return self.returncode

    def send_signal(self, number):
        """Send a signal, if it still runs."""
        if self.returncode is None:
            os.kill(self.pid, number)


class WarmServer:
    """Our end of the warm process."""

    def __init__(self, repository):
        """Start it."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = python_path(repository, repository / "test" / "support")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-c", _SERVE, str(theirs.fileno()),
                 *PRELOAD],
                pass_fds=[theirs.fileno()], env={**os.environ, "PYTHONPATH": path})

    def start(self, module, arguments, folder, environment, output, errors="", channel=None):
        """Run ``python -m module arguments``; returns a `WarmProcess`.

        ``output``: a file descriptor for standard output and, unless ``errors`` names a file,
        standard error.  ``channel``: a socket that it inherits as `fork_server.CHANNEL`.
        """
        ended, into_ended = os.pipe()
        passed = output if channel is None else channel.fileno()
        fork_server.request(
            self._control,
            {"name": str(module).removesuffix(".py").replace("/", ".").rpartition(".")[2],
             "entry_point": "warm_entry:run_module",
             "arguments": [errors, str(module), *map(str, arguments)], "folder": str(folder),
             "environment": dict(environment)}, [output, passed, into_ended])
        os.close(into_ended)
        return WarmProcess(ended)

    def close(self):
        """End it."""
        self._control.close()
        self._process.wait()
