"""Token: who has seen the printed address may use the server; other users of the machine may not.

The address brings the token once; from then on a cookie does, which no script can read and no
page of another site makes the browser send.  Browsers keep cookies by host, not by port, so its
name has the port: two servers on one machine do not log each other out.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

QUERY = "token"


@dataclass(frozen=True)
class Token:
    """The secret of one server, and the name of the cookie that carries it."""

    port: int
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def cookie(self) -> str:
        """Return the name of the cookie."""
        return f"dnne_ros_{self.port}"

    def is_it(self, text: str | None) -> bool:
        """Tell whether a text is the secret, in a time that says nothing of how near it is."""
        return text is not None and hmac.compare_digest(text.encode(errors="replace"),
                                                        self.secret.encode())


def guard_token(token: Token) -> Middleware:
    """Return a middleware that refuses (401) who has neither the address nor the cookie."""
    @web.middleware
    async def check_token(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "GET" and QUERY in request.query \
                and token.is_it(request.query[QUERY]):
            return _let_in(request, token)
        if not token.is_it(request.cookies.get(token.cookie)):
            raise web.HTTPUnauthorized(
                text="401: open the address that was printed when this server was started, with "
                     "its token\n")
        return await handler(request)
    return check_token


def _let_in(request: web.Request, token: Token) -> web.Response:
    """Set the cookie, and have the page ask again by itself, without the token.

    A redirect would not do where a page of another site has led here: it counts as asked for by
    that page, so the cookie would stay away.
    """
    query = {key: value for key, value in request.query.items() if key != QUERY}
    target = escape(str(request.rel_url.with_query(query)), quote=True)
    # A path of two slashes at its front would be another host.
    target = "/" + target.lstrip("/")
    response = web.Response(
        text=f'<!doctype html><meta http-equiv="refresh" content="0;url={target}">'
             '<link rel="icon" href="data:,"><title>dnne-ros</title>'
             f'<a href="{target}">go on</a>', content_type="text/html")
    response.set_cookie(token.cookie, token.secret, httponly=True, samesite="Strict", path="/")
    return response
