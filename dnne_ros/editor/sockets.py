"""The pages that are open: each has a WebSocket, on which it is told what happens.

They take no orders: what a page wants done it asks for by POST.
"""

from __future__ import annotations

import asyncio
import struct
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSCloseCode, web

from dnne_ros import strict_json

_TEXT, _PICTURE = 3, 4
_MOST_WAITING = 1_000
_MOST_PICTURES_WAITING = 8
_LONGEST_WORD = 2**16
_ALIVE_SECONDS = 20.0

Greet = Callable[["Page"], None]


class Page:
    """One page.  What it does not take in time is dropped, pictures first, and then the page."""

    def __init__(self, socket: web.WebSocketResponse, id: str):
        """Talk over an open socket; ``id`` is what the front end calls the page."""
        self.id = id
        self._socket = socket
        self._waiting: asyncio.Queue[str | bytes] = asyncio.Queue(_MOST_WAITING)
        self._sending: asyncio.Future[None] | None = None

    def say(self, kind: str, data: Any) -> None:
        """Send a message of the front end's or of our own."""
        self._put(strict_json.dumps({"type": kind, "data": data}))

    def show_text(self, run: str, node: str, text: str) -> None:
        """Put a text on a node."""
        self._put(struct.pack(">I", _TEXT) + _sized(run) + _sized(node) + text.encode())

    def show_picture(self, run: str, node: str, kind: str, picture: bytes) -> None:
        """Put a picture on a node; only the newest ones count."""
        if self._waiting.qsize() < _MOST_PICTURES_WAITING:
            about = strict_json.dumps({
                "node_id": node, "display_node_id": node, "parent_node_id": node,
                "real_node_id": node, "prompt_id": run, "image_type": kind})
            self._put(struct.pack(">I", _PICTURE) + _sized(about) + picture)

    async def talk(self) -> None:
        """Send what is said, until the page is gone."""
        sending = self._sending = asyncio.ensure_future(self._send())
        reading = asyncio.ensure_future(self._read())
        try:
            await asyncio.wait([sending, reading], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, reading):
                task.cancel()
                with suppress(asyncio.CancelledError, ConnectionError):
                    await task
            await self._socket.close()

    async def _read(self) -> None:
        async for _ in self._socket:  # what pages say of themselves
            pass

    async def close(self) -> None:
        """Tell the page that the server ends."""
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def _send(self) -> None:
        while True:
            message = await self._waiting.get()
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)

    def _put(self, message: str | bytes) -> None:
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:  # it takes nothing any more; loaded again, it has all
            if self._sending is not None:
                self._sending.cancel()


class Pages:
    """All pages that are open."""

    def __init__(self) -> None:
        """Know none yet."""
        self._pages: set[Page] = set()

    def __len__(self) -> int:
        return len(self._pages)

    def __iter__(self) -> Any:
        return iter(tuple(self._pages))

    def say(self, kind: str, data: Any) -> None:
        """Tell all pages."""
        for page in self:
            page.say(kind, data)

    def handler(self, greet: Greet) -> Callable[[web.Request], Awaitable[web.WebSocketResponse]]:
        """Return what answers a page that opens its socket; ``greet`` tells it how things are."""
        async def answer(request: web.Request) -> web.WebSocketResponse:
            socket = web.WebSocketResponse(max_msg_size=_LONGEST_WORD, heartbeat=_ALIVE_SECONDS)
            await socket.prepare(request)
            page = Page(socket, request.query.get("clientId") or uuid.uuid4().hex)
            page.say("status", {"status": {"exec_info": {"queue_remaining": 0}},
                                "sid": page.id})
            page.say("feature_flags", {"supports_preview_metadata": True,
                                       "supports_progress_text_metadata": True})
            greet(page)
            self._pages.add(page)
            try:
                await page.talk()
            finally:
                self._pages.discard(page)
            return socket
        return answer

    def greeter(self, greet: Greet) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return what answers a page that asks, as ``?page=ID``, to be told all once more.

        The front end opens its socket before it loads extensions, and drops what nobody of it
        listens to yet.
        """
        async def answer(request: web.Request) -> web.Response:
            for page in self:
                if page.id == request.query.get("page"):
                    greet(page)
            return web.Response(status=204)
        return answer

    async def close(self, _: web.Application | None = None) -> None:
        """Close all, as the server ends."""
        for page in self:
            await page.close()


def _sized(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">I", len(data)) + data
