"""The prompt of ``dnne-ros debug``: a line in, some lines out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress

from dnne_ros.cli.output import say
from dnne_ros.debugger.words import HELP, Words, read
from dnne_ros.errors import DnneError

_PROMPT = "(debug) "


def talk(do: Callable[[Words], Iterable[str]], help: str = HELP,
         parse: Callable[[str], Words] = read) -> None:
    """Do what is said until `quit` or the end of input; an empty line repeats the last step.

    ``do`` raises `DnneError` for what cannot be done, and KeyboardInterrupt (Ctrl-C) ends what it
    waits for.
    """
    with suppress(ImportError):  # Python may be built without it: then there is no history
        import readline  # noqa: F401 - input() reads with it once it is loaded
    last = ""
    while True:
        try:
            line = _line()
        except KeyboardInterrupt:
            say("")
            continue
        if line is None:
            return
        line = line.strip() or (last if last.startswith(("s", "n")) else "")
        if not line:
            continue
        last = line
        try:
            words = parse(line)
            if words.action == "quit":
                return
            for text in [help] if words.action == "help" else do(words):
                say(text)
        except KeyboardInterrupt:
            say("interrupted: it goes on; `pause` stops it")
        except DnneError as error:
            say(str(error))


def _line() -> str | None:
    """Return the next line, None at the end; a pipe gets no prompt."""
    if sys.stdin.isatty():
        try:
            return input(_PROMPT)
        except EOFError:
            say("")
            return None
    return sys.stdin.readline() or None
