"""Keys as they are pressed, without waiting for the end of a line."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from typing import Any

_NAMED = {"\x1b[A": "up", "\x1b[B": "down", "\x1b[5~": "page up", "\x1b[6~": "page down",
          "\x1b[D": "left", "\x1b[C": "right", "\t": "right", "\x1b[Z": "left",
          "k": "up", "j": "down"}


class Keys:
    """Reads standard input, a terminal; a context manager that leaves it as it was."""

    def __enter__(self) -> Keys:
        self._file = sys.stdin.fileno()
        self._saved: list[Any] = termios.tcgetattr(self._file)
        tty.setcbreak(self._file)
        return self

    def __exit__(self, *_: object) -> None:
        termios.tcsetattr(self._file, termios.TCSADRAIN, self._saved)

    def pressed(self) -> list[str]:
        """Return what was pressed since the last call: characters, or names of other keys."""
        text = ""
        while select.select([self._file], [], [], 0)[0]:
            data = os.read(self._file, 1024)
            if not data:  # the terminal is gone
                return ["q"]
            text += data.decode(errors="ignore")
        return split_keys(text)


def split_keys(text: str) -> list[str]:
    """Return the keys in what a terminal sent; escape sequences that mean nothing are left out."""
    keys = []
    while text:
        for sequence, name in _NAMED.items():
            if text.startswith(sequence):
                keys.append(name)
                text = text[len(sequence):]
                break
        else:
            if text[0] != "\x1b":
                keys.append(text[0])
            text = text[1:]
    return keys
