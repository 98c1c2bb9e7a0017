"""Host: a request names this server, and not a name that others own.

A page of a stranger may let its own DNS name mean 127.0.0.1 (DNS rebinding); for the browser, that
page and this server are then the same origin.  The name stays in the Host header, though.  An
address is nobody's to redirect, so the one that a connection came in at is always right.  The port
is not looked at: behind a tunnel (``ssh -L 9000:localhost:8480``) it is another one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::[0-9]{1,5})?")


def guard_host(names: Collection[str]) -> Middleware:
    """Return a middleware that refuses (403) a Host that is none of ``names`` (in lower case)."""
    @web.middleware
    async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
        found = [named_host(text) for text in request.headers.getall("Host", [])]
        if len(found) != 1 or not (found[0] in names or found[0] == _local_address(request)):
            raise web.HTTPForbidden(text="403: this server is not known by that name; start it "
                                         "with --host NAME to have it answer to one\n")
        return await handler(request)
    return check_host


def named_host(text: str) -> str:
    """Return the name or address in a Host header, or nothing where it makes no sense."""
    match = _HOST.fullmatch(text.lower())
    return (match["six"] or match["name"]) if match else ""


def _local_address(request: web.Request) -> str | None:
    """Return the address that the connection came in at, as a URL has it."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    if not isinstance(name, tuple):
        return None
    address = ipaddress.ip_address(name[0].partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)  # one socket for both kinds
    return str(mapped or address)
