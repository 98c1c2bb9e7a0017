"""The one application that a browser talks to: guards around parts.

A *part* is what lies behind some paths: the dashboard at ``/``, the editor at ``/editor/``.  It
brings its routes, says what its pages need beyond the least (`ContentPolicy`), and may live as
long as the server does::

    part = Part("editor", routes=[
        web.get("/editor/", index), web.static("/editor", front_end_folder),
        web.get("/editor/ws", socket), web.post("/editor/api/prompt", start_run),
    ], policy=ContentPolicy(evaluated_code=True, inline_styles=True), contexts=[watch_folder])

    serve(options, lambda context, loop: [dashboard_part(context, loop), part], "/editor/")

Paths are whole paths: a part whose pages use absolute ones takes these as they are, one whose
pages are relative is moved by the prefix it writes.  A path that two parts claim is the first
one's.  A context is what aiohttp calls a cleanup context: ``async def watch_folder(application)``
with one ``yield``, before which the part begins and behind which it ends.

What a part can rely on, as every request passes the guards first:

* the browser was given the token, the request names this server, and comes from a page of ours;
* with ``--view``, only GET and HEAD arrive.  So GET changes nothing, what does is POST, PUT, PATCH
  or DELETE, and **no WebSocket takes orders** (it may take what its own client wants to see);
  ``request.app[READ_ONLY]`` says so to pages that leave out their buttons;
* ``request.read()``, ``json_of(request)`` and their like refuse more than `BODY_LIMIT` bytes
  (413);
* `InputError` is answered with 400 and ``{"error": …, "problems": [{"where", "message"}…]}``, and
  another `DnneError` with 409, in the same shape.

What it must do itself: check what is in a body, give WebSockets a ``max_msg_size``, and close them
when the application shuts down (``application.on_shutdown``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from dnne_ros.web.guards.content_policy import STRICT, ContentPolicy
from dnne_ros.web.guards.host_names import guard_host
from dnne_ros.web.guards.origins import guard_origin
from dnne_ros.web.guards.read_only import guard_changes
from dnne_ros.web.guards.token import Token, guard_token
from dnne_ros.web.refusals import tell_refusals

if TYPE_CHECKING:
    from aiohttp.typedefs import Middleware

BODY_LIMIT = 8 * 2**20
"""Bytes of a request's body."""

READ_ONLY = web.AppKey("read_only", bool)

PartContext = Callable[[web.Application], AsyncIterator[None]]


@dataclass(frozen=True)
class Part:
    """Some paths, what is behind them, and what their pages may do."""

    name: str
    routes: Sequence[web.AbstractRouteDef]
    policy: ContentPolicy = STRICT
    contexts: Sequence[PartContext] = ()


@dataclass(frozen=True)
class Guards:
    """Whom the server answers, and what they may do."""

    token: Token
    hosts: frozenset[str] = field(default_factory=frozenset)
    """Names that the server is called by, in small letters."""
    read_only: bool = False

    def middlewares(self) -> list[Middleware]:
        """Return the guards, the outermost first: who asks comes before what is asked."""
        found = [guard_host(self.hosts), guard_origin(), guard_token(self.token)]
        return [*found, guard_changes()] if self.read_only else found


def make_application(guards: Guards, parts: Sequence[Part]) -> web.Application:
    """Return the application of some parts, none of which is reached but through the guards."""
    application = web.Application(middlewares=[*guards.middlewares(), tell_refusals],
                                  client_max_size=BODY_LIMIT)
    application[READ_ONLY] = guards.read_only
    policies: dict[web.AbstractRoute, ContentPolicy] = {}
    for part in parts:
        for route in application.add_routes(part.routes):
            policies[route] = part.policy
        application.cleanup_ctx.extend(part.contexts)

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        policy = policies.get(request.match_info.route, STRICT)
        response.headers.update(policy.headers())
        response.headers.setdefault("Cache-Control", "no-cache")

    application.on_response_prepare.append(add_headers)
    return application
