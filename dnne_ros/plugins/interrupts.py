"""Telling Ctrl-C from a KeyboardInterrupt that somebody's code has raised itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def foreign_code() -> Iterator[None]:
    """Run code of others: a KeyboardInterrupt of its own comes as RuntimeError.

    Ctrl-C stays what it is; there is none where the signal is ignored, as in a shell's background.
    Outside of the main thread, and where another handler of the signal is set, the two cannot be
    told apart, and both stay.
    """
    pressed: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        signal.default_int_handler(number, frame)

    handler = signal.getsignal(signal.SIGINT)
    usual = threading.current_thread() is threading.main_thread() \
        and handler is signal.default_int_handler
    if usual:
        signal.signal(signal.SIGINT, note)
    try:
        yield
    except KeyboardInterrupt as error:
        if (usual and not pressed) or handler is signal.SIG_IGN:
            raise RuntimeError("it raises KeyboardInterrupt") from error
        raise
    finally:
        if usual and signal.getsignal(signal.SIGINT) is note:
            signal.signal(signal.SIGINT, signal.default_int_handler)
