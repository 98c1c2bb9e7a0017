"""``--view``: what is shown on a wall changes nothing.

Everything that changes something is a POST, PUT, PATCH or DELETE, and WebSockets carry no orders:
so this one place is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

_LOOKING = ("GET", "HEAD")


def guard_changes() -> Middleware:
    """Return a middleware that refuses (403) whatever is more than a look."""
    @web.middleware
    async def check_method(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in _LOOKING:
            raise web.HTTPForbidden(text="403: started with --view, so nothing can be changed\n")
        return await handler(request)
    return check_method
