"""The feed as a part of the server: a WebSocket to listen to, and what can be asked for or set.

``GET /api/feed`` (WebSocket).  The server sends JSON texts, each an object of one type:

* ``{"type": "graphs", "graphs": [view…]}`` (`dnne_ros.web.feed.graph_view`), twice a second;
* ``{"type": "logs", "lines": [{"node", "level", "time", "text"}…]}``, first all that are kept;
* ``{"type": "curves", "curves": [{"node", "name", "times", "values"}…]}``, points to be added;
* ``{"type": "parameters", "changes": [{"node", "name", "value"}…]}``;
* ``{"type": "images", "topics": [name…]}``, the pictures that could be watched;
* ``{"type": "diagnostics", "statuses": [{"name", "level", "message", …}…]}``, of others;
* ``{"type": "jobs", "jobs": [record…]}``, where there is a store of jobs;
* ``{"type": "image", "topic", "error"}`` for a picture that cannot be shown.

A binary message is a picture: four bytes that say how long the JSON ``{"topic", "type"}`` behind
them is, big end first, and the bytes of the picture.

The page may say what it wants to see, which changes nothing else:
``{"images": [topic…], "graphs": [namespace…] or null}``.

``GET /api/parameters?node=/graph/node`` gives ``{"parameters": […]}`` with descriptors;
``POST /api/parameters`` takes ``{"node", "name", "value"}``; ``POST /api/stop`` takes
``{"graph": namespace}`` and ends a run of this machine and user in order.
``/api/debug`` is the debugger's (`dnne_ros.web.feed.debug_routes`).
``GET /api/server`` gives ``{"read_only": …}``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from dnne_ros.errors import InputError
from dnne_ros.web.application import READ_ONLY, Part
from dnne_ros.web.feed.debug_routes import debug_routes
from dnne_ros.web.feed.feed import Feed
from dnne_ros.web.feed.jobs import Jobs
from dnne_ros.web.feed.listeners import Listeners
from dnne_ros.web.feed.parameters import known_node
from dnne_ros.web.feed.stopping import stop_graph
from dnne_ros.web.refusals import json_of


def feed_part(feed: Feed, jobs: Jobs | None = None) -> Part:
    """Return the part that feeds pages; ``jobs`` where there is a store of them."""
    listeners = Listeners(feed, jobs)

    async def read_parameters(request: web.Request) -> web.Response:
        node = known_node(request.query.get("node"), feed.full_names())
        return web.json_response({"parameters": await feed.parameters.read(node)})

    async def set_parameter(request: web.Request) -> web.Response:
        asked = await json_of(request)
        node = known_node(asked.get("node"), feed.full_names())
        if not isinstance(asked.get("name"), str):
            raise InputError("request", [f"name: expected a text, found "
                                         f"{asked.get('name')!r:.80}"])
        await feed.parameters.set(node, asked["name"], asked.get("value"))
        return web.json_response({})

    async def stop(request: web.Request) -> web.Response:
        namespace = (await json_of(request)).get("graph")
        graph = feed.state.graphs.get(namespace) if isinstance(namespace, str) else None
        if graph is None:
            raise InputError("request", [f"graph: expected one that runs, found "
                                         f"{namespace!r:.80}"])
        stop_graph(graph, feed.domain)
        return web.json_response({})

    async def say_what_is_allowed(request: web.Request) -> web.Response:
        return web.json_response({"read_only": request.app[READ_ONLY]})

    async def close_listeners(application: web.Application) -> AsyncIterator[None]:
        application.on_shutdown.append(listeners.close)
        yield

    return Part("feed", routes=[
        web.get("/api/feed", listeners.listen), web.get("/api/server", say_what_is_allowed),
        web.get("/api/parameters", read_parameters), web.post("/api/parameters", set_parameter),
        web.post("/api/stop", stop), *debug_routes(feed.debugged)],
        contexts=[feed.life, close_listeners, *([jobs.life] if jobs else [])])
