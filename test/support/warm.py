"""A process that has imported what is slow to import, and forks for each command of a test.

`python -m dnne_ros …` from a new interpreter spends most of its time on imports.  Those that rclpy
is a part of are left to each process: its libraries start threads, which a fork would lack.
"""

import os

from python_path import python_path

from dnne_ros.runtime.coordination.spawned_fork_server import SpawnedForkServer

PRELOAD = (
    "torch", "mujoco", "matplotlib.pyplot", "rich.live", "rich.table", "gymnasium", "safetensors",
    "warm_entry", "dnne_ros.cli.main", "dnne_ros.cli.run", "dnne_ros.cli.check",
    "dnne_ros.cli.plot", "dnne_ros.hosting.host", "dnne_ros.placement.planning")


class WarmProcess:
    """A fork of the warm process, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, forked):
        """Wrap a `SpawnedFork`."""
        self._forked = forked
        self.pid = forked.pid

    @property
    def returncode(self):
        """The exit code, or None while it runs."""
        return self._forked.returncode

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
        self._server = SpawnedForkServer(
            PRELOAD, python_path(repository, repository / "test" / "support"),
            ("-X", "faulthandler"))

    def start(self, module, arguments, folder, environment, output, errors="", channel=None):
        """Run ``python -m module arguments``; returns a `WarmProcess`.

        ``output``: a file descriptor for standard output and, unless ``errors`` names a file,
        standard error.  ``channel``: a socket that it inherits as `fork_server.CHANNEL`.
        """
        name = str(module).removesuffix(".py").replace("/", ".").rpartition(".")[2]
        return WarmProcess(self._server.start(
            {"name": name, "entry_point": "warm_entry:run_module",
             "arguments": [errors, str(module), *map(str, arguments)], "folder": str(folder),
             "environment": dict(environment)},
            output, output if channel is None else channel.fileno()))

    def close(self):
        """End it."""
        self._server.close()
