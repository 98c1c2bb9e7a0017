"""Where viewers connect: ``8765``, ``0.0.0.0:8765``, ``[::1]:8765``."""

from __future__ import annotations

import argparse
import importlib.util
import re
import socket
from dataclasses import dataclass

from dnne_ros.errors import InputError

_LOOPBACK = "127.0.0.1"
_TEXT = re.compile(r"(?:(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*)):)?"
                   r"(?P<port>[0-9]{1,5})")
_LARGEST_PORT = 65535


@dataclass(frozen=True)
class Address:
    """A host's address and a port; port 0 is one that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine reaches it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def check(self, option: str) -> None:
        """Raise `InputError`, in the name of ``option``, if nothing could be served here."""
        if importlib.util.find_spec("foxglove") is None:
            raise InputError(option, ["needs foxglove-sdk: pip install 'dnne_ros[foxglove]'"])
        self.bind(option).close()

    def bind(self, option: str) -> socket.socket:
        """Return a socket with this address; `InputError` if that cannot be had."""
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            bound = socket.socket(family, kind, protocol)
            try:
                # What a run that has just ended leaves is in nobody's way.
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                bound.bind(where)
            except OSError:
                bound.close()
                raise
        except OSError as error:
            raise InputError(option, [f"cannot listen at {self}: {error.strerror}"]) from None
        return bound


def address(text: str) -> Address:
    """Read ``[HOST:]PORT``, for argparse; without a host, only this machine reaches it."""
    match = _TEXT.fullmatch(text)
    if match is None or int(match["port"]) > _LARGEST_PORT:
        raise argparse.ArgumentTypeError(
            f"expected PORT or HOST:PORT, a port from 0 to {_LARGEST_PORT}, found {text!r:.80}")
    return Address(match["six"] or match["host"] or _LOOPBACK, int(match["port"]))
