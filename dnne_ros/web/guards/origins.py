"""Origin: what a page asks for comes from our own pages.

A page on another port of this machine is of the same *site*, so that the browser sends it our
cookie; it is of another *origin*, which it cannot hide.  Browsers name the origin of whatever may
change something, and of every WebSocket.  What they ask for without that (pictures, scripts), they
describe in Sec-Fetch-Site; only opening a page from elsewhere is nothing to refuse.  Programs that
are no browsers send neither, and need the token like everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

_OUR_OWN = ("same-origin", "none")  # none: the person typed the address


def guard_origin() -> Middleware:
    """Return a middleware that refuses (403) what a page of another origin asks for."""
    @web.middleware
    async def check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
        origins = request.headers.getall("Origin", [])
        if any(origin.lower() != f"http://{request.host.lower()}" for origin in origins):
            raise web.HTTPForbidden(text="403: asked by a page of another origin\n")
        if request.headers.get("Sec-Fetch-Site", "none") not in _OUR_OWN \
                and not _opens_a_page(request):
            raise web.HTTPForbidden(text="403: asked by a page of another site\n")
        return await handler(request)
    return check_origin


def _opens_a_page(request: web.Request) -> bool:
    return (request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
            and request.headers.get("Sec-Fetch-Dest") == "document")
