"""What a process of the graph tells its supervisor, and is told by it: one JSON object a line."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

from dnne_ros.errors import shortened


class StatusChannel:
    """The process' end of a socket to the supervisor.

    Without one, warnings go to the standard error output, that the graph runs to the standard
    output, and everything else is dropped.
    """

    def __init__(self, file_descriptor: int | None):
        """Talk over an inherited socket, or to nobody."""
        self._socket = None if file_descriptor is None else socket.socket(
            fileno=file_descriptor)
        self._received = b""
        self._alone = file_descriptor is None
        self.listeners: list[Callable[[str, Mapping[str, Any]], None]] = []
        """Told of each message, too: whoever counts them."""

    @property
    def file_descriptor(self) -> int | None:
        """Return the descriptor to watch for incoming lines."""
        return None if self._socket is None else self._socket.fileno()

    def send(self, kind: str, **content: Any) -> None:
        """Send a message; a supervisor that is gone is noticed by `read`, not here."""
        for listener in self.listeners:
            listener(kind, content)
        if self._alone and kind == "warning":
            print(f"warning: {content['message']}", file=sys.stderr, flush=True)
        if self._alone and kind == "flight_record":
            print(f"flight record: {content['path']} ({content['reason']})", file=sys.stderr,
                  flush=True)
        if self._alone and kind in ("started", "serving") and content["message"]:
            print(content["message"], flush=True)
        if self._socket is None:
            return
        line = json.dumps({"kind": kind, **{
            key: shortened(value) if isinstance(value, str) else value
            for key, value in content.items()}}) + "\n"
        try:
            self._socket.sendall(line.encode())
        except (BrokenPipeError, ConnectionResetError):
            self._socket = None

    def read(self, on_message: Callable[[dict[str, Any]], None], on_closed: Callable[[], None]
             ) -> None:
        """Take what has come; call ``on_closed`` when the supervisor is gone."""
        data = self._socket.recv(65536) if self._socket is not None else b""
        if not data:
            on_closed()
            return
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            on_message(json.loads(line))
