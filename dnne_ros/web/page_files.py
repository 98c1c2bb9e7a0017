"""The files of a page of ours: listed when the server starts, so no path is made of a request."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

_INDEX = "index.html"


def file_routes(prefix: str, folder: Path) -> list[web.RouteDef]:
    """Return a route for every file below ``folder``, and for its index.html at ``prefix``."""
    routes = []
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            name = file.relative_to(folder).as_posix()
            routes.append(web.get(f"{prefix}{name}", _sending(file)))
            if name == _INDEX:
                routes.append(web.get(prefix, _sending(file)))
    return routes


def _sending(file: Path) -> Handler:
    async def send(request: web.Request) -> web.FileResponse:
        return web.FileResponse(file)
    return send
