"""What a browser is told when its request is refused, and JSON that it sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from dnne_ros.errors import DnneError, InputError, Problem

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

_INPUT, _STATE = 400, 409


@web.middleware
async def tell_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors of ours in JSON, with each problem at its place."""
    try:
        return await handler(request)
    except InputError as error:
        return _refusal(_INPUT, str(error), error.problems)
    except DnneError as error:
        return _refusal(_STATE, str(error), ())


def _refusal(status: int, text: str, problems: tuple[Problem, ...]) -> web.Response:
    return web.json_response({"error": text, "problems": [
        {"where": each.where, "message": each.message} for each in problems]}, status=status)


async def json_of(request: web.Request) -> dict[str, Any]:
    """Return the JSON object that a request brings; `InputError` if it brings something else."""
    if request.content_type != "application/json":
        raise InputError("request", [f"expected application/json, found {request.content_type}"])
    try:
        found = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise InputError("request", [f"no JSON: {error}"]) from None
    if not isinstance(found, dict):
        raise InputError("request", [f"expected a JSON object, found {type(found).__name__}"])
    return found
