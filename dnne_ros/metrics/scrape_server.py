"""An HTTP server for scrapers, of which none is trusted to ask, to read, or to stay.

Each connection has a thread, beside a graph that runs on.  One that says or takes nothing for a
while is left, so that threads do not pile up; and a scraper that goes away is no matter of the
terminal in which the run says what it does.
"""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

PATIENCE_SECONDS = 10.0
"""How long a scraper may say or take nothing: Prometheus waits as long for an answer."""


class ScrapeServer(ThreadingMixIn, WSGIServer):
    """Serves an application, to many at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, family: socket.AddressFamily, place: Any,
                 application: Callable[..., Iterable[bytes]]):
        """Listen at ``place``; OSError if that cannot be."""
        self.address_family = family
        super().__init__(place, _Handler)
        self.set_app(application)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave a connection; what is not its own fault is told."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    """One connection."""

    def setup(self) -> None:
        """Wait for a while, and not for ever."""
        self.timeout = PATIENCE_SECONDS  # type: ignore[misc]  # typeshed: of the class
        super().setup()
        self.wfile = _Answer(self.wfile)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of requests."""


class _Answer(io.BufferedIOBase):
    """What goes to a scraper; one that does not read has gone, as far as wsgiref is told."""

    def __init__(self, file: io.BufferedIOBase):
        self._file = file

    def write(self, data: Any) -> int:
        """Send all of it."""
        try:
            return self._file.write(data)
        except TimeoutError:
            raise ConnectionAbortedError("the scraper does not read") from None
