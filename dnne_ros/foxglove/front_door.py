"""Who may come in: programs, and pages that viewers are served from; no other web site.

A browser lets each page open a WebSocket to this machine and says, in the header ``Origin``, where
the page is from; to ask for that is the server's business, and foxglove-sdk does not.  So it
listens at an address of this machine that nobody is told, and viewers knock here.  Behind the head
of the first request everything goes through as it is.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import sys
from collections.abc import Collection, Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

FOXGLOVE = "https://app.foxglove.dev"
_LONGEST_HEAD = 16 * 1024
_HEAD_SECONDS = 10.0
_MOST = 1000
"""Connections at a time; a door that is full answers nobody, and holds no memory."""
_PIECE = 256 * 1024
_HERE = re.compile(r"localhost|.+\.localhost|127\.[0-9.]+|::1")
_REFUSED = (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def hidden_host() -> str:
    """Return an address of this machine's own that no page can guess, with a port, by trying.

    All of 127.0.0.0/8 is, on Linux: 24 bits to guess beside those of the port.  Elsewhere it is
    127.0.0.1, and a page would have to find the port alone.
    """
    if sys.platform != "linux":
        return "127.0.0.1"
    return ".".join(("127", *(str(1 + secrets.randbelow(254)) for _ in range(3))))


def is_welcome(head: bytes, origins: Collection[str]) -> bool:
    """Tell whether a request's head is a program's, or of a page that may be a viewer.

    Programs say no origin, or (Electron) one that is no web site.  Pages may be of this machine,
    Foxglove's, or of ``origins``.  ``null`` is any page that hides where it is from.
    """
    lines = head.decode("latin-1").split("\n")
    named = [line.partition(":") for line in lines[1:]]
    found = [value.strip() for name, _, value in named if name.strip().lower() == "origin"]
    return all(_is_viewer(each, {FOXGLOVE, *origins}) for each in found)


def _is_viewer(origin: str, origins: Collection[str]) -> bool:
    if origin in origins:
        return True
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme in ("http", "https"):
        return _HERE.fullmatch(host) is not None
    return parts.scheme in ("file", "app", "lichtblick", "foxglove", "vscode-webview")


class FrontDoor:
    """Listens where viewers connect, and lets through to ``inner`` who is welcome."""

    def __init__(self, inner: tuple[str, int], origins: Collection[str]):
        """Let through to ``inner``, a host and a port; pages of ``origins`` may come in, too."""
        self._inner = inner
        self._origins = origins
        self._visits: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, bound: socket.socket) -> None:
        """Begin to listen with a socket that has its address."""
        self._server = await asyncio.start_server(self._answer, sock=bound, limit=_LONGEST_HEAD)

    async def close(self) -> None:
        """Listen no more, and end what goes through."""
        if self._server is not None:
            self._server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._visits) >= _MOST:
            writer.transport.abort()
            return
        visit = asyncio.get_running_loop().create_task(self._visit(reader, writer))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # Who leaves, says too much or nothing has not asked for anything.
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError,
                          asyncio.TimeoutError):
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
                if is_welcome(head, self._origins):
                    await self._let_through(head, reader, writer)
                else:
                    writer.write(_REFUSED)
                    await writer.drain()
        finally:
            writer.close()

    async def _let_through(self, head: bytes, reader: asyncio.StreamReader,
                           writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(*self._inner, limit=_PIECE)
        try:
            inner_writer.write(head)
            await _until_one_ends(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))
        finally:
            inner_writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on until the end; who does not read holds up who writes, here as without us."""
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()


async def _until_one_ends(*ways: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
