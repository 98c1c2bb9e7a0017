"""A run that the debugger starts, paused, and ends when it leaves."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType

from dnne_ros.errors import InputError
from dnne_ros.options.near_misses import unknown_arguments
from dnne_ros.options.run_arguments import add_run_arguments
from dnne_ros.options.workflow_arguments import add_workflow_arguments, load_graph
from dnne_ros.parameter_files.ros_arguments import absolute_namespace


class OwnRun:
    """``dnne-ros run --paused`` beside us; a context manager that ends it in order."""

    def __init__(self, words: Sequence[str], ros_args: Sequence[str]):
        """Check the workflow, whose arguments are ``words``; `InputError` with what is wrong."""
        parser = argparse.ArgumentParser(prog="dnne-ros debug", add_help=False)
        add_workflow_arguments(parser)
        add_run_arguments(parser)
        options, unknown = parser.parse_known_args(list(words))
        ours = {"--quiet", "--report", "--plot", "--log-to", "--tensorboard", "--foxglove"}
        wrong = [word for word in unknown
                 if word.startswith("-") and word.partition("=")[0] not in ours]
        if wrong:
            raise InputError("arguments", unknown_arguments(wrong))
        self.namespace = absolute_namespace(ros_args, load_graph(options))
        self.code = 0
        self._command = [sys.executable, "-m", "dnne_ros", "run", *words, "--paused", *ros_args]

    def has_ended(self) -> bool:
        """Tell whether it is over; it has said why."""
        return self._run.poll() is not None

    def __enter__(self) -> OwnRun:
        # Ctrl-C at the prompt is for what the prompt waits for.
        self._run = subprocess.Popen(self._command, stdin=subprocess.DEVNULL,
                                     start_new_session=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """End the run as Ctrl-C would, if it has not ended by itself, and keep its exit code."""
        ended = self._run.poll()
        if ended is None:
            self._run.send_signal(signal.SIGINT)
            self._run.wait()
        self.code = 0 if ended is None else ended
