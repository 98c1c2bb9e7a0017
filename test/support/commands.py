"""Commands that tests run as a user does, in processes of their own, and wait for patiently."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from patience import Patience, family_of

_POLL_SECONDS = 0.005


def _words(module):
    if not isinstance(module, (str, Path)):
        return list(module)
    named = [module] if str(module).endswith(".py") else ["-m", module]
    return [sys.executable, "-X", "faulthandler", *named]


def _text(file):
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


class Command:
    """A command that runs in the background; what it says goes into files."""

    def __init__(self, module, arguments, folder, environment, server=None, channel=None,
                 separate=False):
        """Run ``python -m module arguments`` in ``folder``.

        A ``module`` may also be a file or, with no server, the first words of a command line.
        ``server``: the warm process that forks it, instead of a new interpreter.  ``channel``: a
        socket that it inherits.  ``separate``: errors go into a file of their own.
        """
        # They go with this object; the folder is the command's own.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115
        self._errors = tempfile.TemporaryFile() if separate else None  # noqa: SIM115
        if server is not None:
            errors = f"/proc/{os.getpid()}/fd/{self._errors.fileno()}" if separate else ""
            self.process = server.start(module, arguments, folder, environment,
                                        self._output.fileno(), errors, channel)
        else:
            self.process = subprocess.Popen(
                [*map(str, (*_words(module), *arguments))],
                cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=self._output,
                stderr=self._errors or subprocess.STDOUT,
                pass_fds=[channel.fileno()] if channel else [])

    @property
    def output(self):
        """What has been printed so far."""
        return _text(self._output)

    @property
    def lines(self):
        """What has been printed so far, line by line."""
        return self.output.splitlines(keepends=True)

    @property
    def errors(self):
        """What has been printed as errors, where these are kept apart."""
        return _text(self._errors)

    @property
    def returncode(self):
        """The exit code, or None while it runs."""
        return self.process.poll()

    def said(self):
        """Return everything that has been printed, for the message of a test that fails."""
        return self.output + (self.errors if self._errors is not None else "")

    def interrupt(self):
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def terminate(self):
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def family(self):
        """Return the process ids of the command and of all that it has started."""
        return family_of(self.process.pid) if self.returncode is None else []

    def children(self):
        """The processes of the graph, by the name that `ps` shows: that of the graph's process."""
        found = {}
        for process_id in self.family()[1:]:
            with contextlib.suppress(psutil.Error):  # it has just ended
                child = psutil.Process(process_id)
                found[child.name()] = child
        return found

    def child(self, name):
        """Return a process of the graph that runs, or None; `ps` shows 15 letters."""
        return self.children().get(name[:15])

    def until(self, condition, what="", others=(), moved=lambda: None):
        """Wait until ``condition()`` holds; fails at once if this command or ``others`` has ended.

        Returns what it returned.  ``moved()``: something that changes as things go on, beside what
        is printed.
        """
        patience = Patience(lambda: [*self.family(),
                                     *(each for other in others for each in other.family())])
        while not (found := condition()):
            for each in (self, *others):
                if each.returncode is not None and not (found := condition()):
                    raise AssertionError(f"{what}: it has ended with exit code {each.returncode}"
                                         f"\n{each.said()}")
            if found:
                return found
            self._fail_if(patience.spent((len(self.said()), moved())), what)
            time.sleep(_POLL_SECONDS)  # what processes say and leave has no event to wait for
        return found

    def wait(self):
        """Return the exit code, when it has ended."""
        patience = Patience(self.family)
        while self.returncode is None:
            self._fail_if(patience.spent(len(self.said())), "its end")
            time.sleep(_POLL_SECONDS)
        return self.returncode

    def _fail_if(self, reason, what):
        if reason:
            self.abort()
            raise AssertionError(f"{what}: {reason}\n{self.said()}")

    def abort(self):
        """End the command and all that it has started; each prints where it was."""
        for process_id in reversed(self.family()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGABRT)
                time.sleep(0.2)  # what it prints goes through the one that comes next
        self.kill()

    def kill(self):
        """End the command and all that it has started, if they still run."""
        for process_id in self.family():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        while self.returncode is None:
            time.sleep(_POLL_SECONDS)
