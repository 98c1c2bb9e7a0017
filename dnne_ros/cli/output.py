"""What a command prints: it shows what is in it, and it never harms what the command is for."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

from dnne_ros.errors import DnneError, printable

_STANDARD_ERROR = 2


class OutputError(DnneError):
    """What a command has to say cannot be written, on a full disk for instance."""


def prepare_output() -> None:
    r"""See that printing fails on no character: an ASCII terminal is shown ``\u2192`` for an →.

    A standard stream that is closed becomes one that goes nowhere, or the next file that is opened
    would take its number and be written to.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(number)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - for as long as we live
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, *, error: bool = False, flush: bool = False) -> None:
    """Print a text in which no name from a file gives the terminal an order."""
    with _named_errors():
        print(printable(text), file=sys.stderr if error else sys.stdout, flush=flush)


def finish_output() -> None:
    """Write what was printed, while it can still be told that this fails."""
    with _named_errors():
        sys.stdout.flush()


@contextlib.contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # nobody reads on, which is no error
        raise
    except OSError as error:
        raise OutputError(f"cannot write the output: {error.strerror}") from None


@contextlib.contextmanager
def lasting_output() -> Iterator[None]:
    """Let what is printed meanwhile go nowhere once it cannot be written.

    The reader of a pipe may be gone, a terminal may be closed, a disk may be full: a run that has
    trained for hours goes on, saves, and ends as it would have without that.
    """
    streams = sys.stdout, sys.stderr
    lasting: list[Any] = [_LastingStream(stream) for stream in streams]
    sys.stdout, sys.stderr = lasting
    try:
        yield
    finally:
        for stream in lasting:
            stream.flush()
        sys.stdout, sys.stderr = streams


class _LastingStream:
    """A text stream that no error of writing comes out of."""

    def __init__(self, stream: Any):
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._dropping_errors():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._dropping_errors():
            self._stream.flush()

    @contextlib.contextmanager
    def _dropping_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            # What is buffered goes there, too, or leaving the interpreter would fail with it.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
