"""The pages that listen to the feed, each at its own pace.

Nothing is queued for a page.  It has places in the feed's memories, and when it has taken one
message it gets what is new by then: a page that is slow, asleep or on a bad line costs no memory
and misses no log line.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Iterator
from typing import Any

from aiohttp import WSMsgType, web

from dnne_ros import strict_json
from dnne_ros.web.feed.feed import Feed
from dnne_ros.web.feed.jobs import Jobs

_MOST = 32
"""Pages at once."""
_MOST_BYTES = 64 * 2**10
_MOST_IMAGES = 16
_HEARTBEAT_SECONDS = 20.0
_SILENT_SECONDS = 2.0
"""How often graphs that say nothing are sent, whose silence gets longer."""


class Listeners:
    """Serves the WebSocket of the feed."""

    def __init__(self, feed: Feed, jobs: Jobs | None):
        """Serve what ``feed`` has heard and, where there is a store, its ``jobs``."""
        self._feed = feed
        self._jobs = jobs
        self._listening: dict[web.WebSocketResponse, _Listener] = {}
        feed.on_news.append(self._tell)

    def _tell(self) -> None:
        for listener in self._listening.values():
            listener.news.set()

    async def listen(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one page until it leaves."""
        if len(self._listening) >= _MOST:
            raise web.HTTPServiceUnavailable(text=f"503: {_MOST} pages listen already\n")
        socket = web.WebSocketResponse(max_msg_size=_MOST_BYTES, heartbeat=_HEARTBEAT_SECONDS)
        listener = self._listening[socket] = _Listener(self._feed, self._jobs)
        sending = None
        try:
            await socket.prepare(request)
            sending = asyncio.create_task(_send(socket, listener))
            async for message in socket:
                if message.type is not WSMsgType.TEXT or not listener.want(message.data):
                    await socket.close(code=1003, message=b"no JSON of this feed")
                self._watch_images()
        finally:
            del self._listening[socket]
            self._watch_images()
            if sending is not None:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        return socket

    def _watch_images(self) -> None:
        wanted = {topic for each in self._listening.values() for topic in each.images}
        self._feed.images.watch(wanted, self._feed.image_topics)

    async def close(self, application: web.Application) -> None:
        """Send all pages away."""
        for socket in list(self._listening):
            await socket.close(code=1001, message=b"the server ends")


async def _send(socket: web.WebSocketResponse, listener: _Listener) -> None:
    try:
        while True:
            for message in listener.new_messages():
                if isinstance(message, bytes):
                    await socket.send_bytes(message)
                else:
                    await socket.send_str(message)
            await listener.news.wait()
            listener.news.clear()
    except ConnectionError:  # the page has left
        return


class _Listener:
    """What one page wants to see, and how far it has seen it."""

    def __init__(self, feed: Feed, jobs: Jobs | None):
        self.news = asyncio.Event()
        self.images: tuple[str, ...] = ()
        self._feed = feed
        self._jobs = jobs
        self._graphs: frozenset[str] | None = None
        self._seen: dict[str, Any] = {"logs": 0, "curves": 0.0, "changes": 0}
        self._next_graphs = 0.0

    def want(self, text: str) -> bool:
        """Take up what the page says; False if it makes no sense."""
        try:
            asked = json.loads(text)
        except (ValueError, RecursionError):
            return False
        if not isinstance(asked, dict):
            return False
        images, graphs = asked.get("images", []), asked.get("graphs")
        if not (_are_names(images) and (graphs is None or _are_names(graphs))):
            return False
        self.images = tuple(images[:_MOST_IMAGES])
        self._graphs = None if graphs is None else frozenset(graphs)
        self.news.set()
        return True

    def new_messages(self) -> Iterator[str | bytes]:
        """Yield what has become new since the last call."""
        feed, seen = self._feed, self._seen
        now = asyncio.get_running_loop().time()
        if seen.get("graphs") != (feed.heard, self._graphs) or now >= self._next_graphs:
            seen["graphs"] = feed.heard, self._graphs
            self._next_graphs = now + _SILENT_SECONDS
            yield _text("graphs", graphs=[
                view for view in feed.graphs()
                if self._graphs is None or view["namespace"] in self._graphs])
            yield _text("diagnostics", statuses=feed.foreign.as_list(now))
        if lines := feed.logs.since(seen["logs"]):
            seen["logs"] = feed.logs.count
            yield _text("logs", lines=lines)
        if curves := feed.curves.since(seen["curves"]):
            seen["curves"] = feed.curves.latest()
            yield _text("curves", curves=curves)
        if changes := feed.changes.since(seen["changes"]):
            seen["changes"] = feed.changes.count
            yield _text("parameters", changes=changes)
        if seen.get("topics") != (topics := sorted(feed.image_topics)):
            seen["topics"] = topics
            yield _text("images", topics=topics)
        if self._jobs is not None and seen.get("jobs") != self._jobs.records:
            seen["jobs"] = self._jobs.records
            yield _text("jobs", jobs=self._jobs.records)
        yield from self._new_pictures()

    def _new_pictures(self) -> Iterator[str | bytes]:
        for topic in self.images:
            picture = self._feed.images.latest.get(topic)
            if picture is None or picture.number == self._seen.get(topic):
                continue
            self._seen[topic] = picture.number
            if picture.error:
                yield _text("image", topic=topic, error=picture.error)
                continue
            head = json.dumps({"topic": topic, "type": picture.type}).encode()
            yield struct.pack(">I", len(head)) + head + picture.data


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _text(type: str, **values: Any) -> str:
    return strict_json.dumps({"type": type, **values}, ensure_ascii=False)
