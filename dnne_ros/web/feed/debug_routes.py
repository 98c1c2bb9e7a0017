"""The debugger for pages: how a graph stands, and what is to be done with it.

``GET /api/debug?graph=/graph`` gives its state, with ``&place=`` also the items at hand there
("": everywhere), and of a graph that cannot be debugged ``{"absent": true}``; it changes nothing.
``POST /api/debug`` takes ``{"graph", "action", "words"}`` as `dnne_ros.debugger.words` has them:
``pause``, ``boundary``, ``go``, ``step``, ``break``, ``watch`` and ``clear``.  The graph reads the
words, as it knows its places; conditions are parsed there and never run.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from dnne_ros.debugger.client import DebuggedGraph, GraphClient
from dnne_ros.errors import InputError
from dnne_ros.web.refusals import json_of

_ACTIONS = ("pause", "boundary", "go", "step", "break", "watch", "clear")
_MOST_WORDS = 2
_LONGEST_WORD = 1000


def debug_routes(client: GraphClient) -> list[web.AbstractRouteDef]:
    """Return the routes; ``client`` finds the graphs."""
    async def look(request: web.Request) -> web.Response:
        graph, place = client.known(request.query.get("graph", "")), request.query.get("place")
        if graph is None:
            return web.json_response({"absent": True})
        if place is not None and len(place) > _LONGEST_WORD:
            raise InputError("request", [f"place: expected at most {_LONGEST_WORD} characters"])
        return web.json_response(await graph.state(place))

    async def act(request: web.Request) -> web.Response:
        asked = await json_of(request)
        graph = _graph(client, asked.get("graph"))
        action, words = asked.get("action"), asked.get("words", [])
        if action not in _ACTIONS:
            raise InputError("request", [f"action: expected one of {', '.join(_ACTIONS)}, found "
                                         f"{action!r:.40}"])
        if not _are_words(words):
            raise InputError("request", [f"words: expected at most {_MOST_WORDS} texts of at most "
                                         f"{_LONGEST_WORD} characters, found {words!r:.80}"])
        await graph.do(action, *words)
        return web.json_response(await graph.state(""))

    return [web.get("/api/debug", look), web.post("/api/debug", act)]


def _graph(client: GraphClient, name: Any) -> DebuggedGraph:
    """Return a graph that runs; `InputError` for another."""
    graph = client.known(name) if isinstance(name, str) else None
    if graph is None:
        raise InputError("request", [f"graph: expected one that runs, found {name!r:.80}"])
    return graph


def _are_words(words: Any) -> bool:
    return isinstance(words, list) and len(words) <= _MOST_WORDS and all(
        isinstance(word, str) and len(word) <= _LONGEST_WORD for word in words)
