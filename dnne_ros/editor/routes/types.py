"""Node types, settings, and what the front end wants to know of a server."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from dnne_ros import __version__, strict_json
from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.front_end_settings import front_end_settings
from dnne_ros.editor.object_info import joint_types, object_info
from dnne_ros.editor.state_file import ChangedSettings
from dnne_ros.editor.templates import MODULE, Templates
from dnne_ros.errors import DnneError, InputError
from dnne_ros.web.refusals import json_of

_API = "/editor/api"
# What this server has nothing of, as the front end takes "nothing".
_EMPTY_OBJECTS = ("i18n", "features", "global_subgraphs", "node_replacements")
_EMPTY_LISTS = ("embeddings", "experiment/models", "models")


def type_routes(catalogue: Catalogue, settings: ChangedSettings, templates: Templates,
                extensions: Sequence[str]) -> list[web.AbstractRouteDef]:
    """Return the routes; ``extensions`` are paths of scripts that the front end loads."""
    info = object_info(catalogue)
    types = joint_types(info)

    async def change(request: web.Request) -> web.Response:
        await _change(settings, await json_of(request))
        return web.Response()

    async def change_one(request: web.Request) -> web.Response:
        try:
            value = json.loads(await request.read())
        except (ValueError, RecursionError) as error:
            raise InputError("request", [f"no JSON: {error}"]) from None
        await _change(settings, {request.match_info["id"]: value})
        return web.Response()

    async def info_of_one(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return web.json_response({name: info[name]} if name in info else {})

    return [
        web.get(f"{_API}/object_info", _always(info)),
        web.get(f"{_API}/object_info/{{name}}", info_of_one),
        web.get(f"{_API}/settings", _asked(
            lambda: front_end_settings(types, settings.values))),
        web.post(f"{_API}/settings", change),
        web.post(f"{_API}/settings/{{id}}", change_one),
        web.get(f"{_API}/users", _always({"storage": "server", "migrated": True})),
        web.get(f"{_API}/system_stats", _always(_about_us())),
        web.get(f"{_API}/extensions", _always(list(extensions))),
        *(web.get(f"{_API}/{name}", _always({})) for name in _EMPTY_OBJECTS),
        *(web.get(f"{_API}/{name}", _always([])) for name in _EMPTY_LISTS),
        *_template_routes(templates),
    ]


def _template_routes(templates: Templates) -> list[web.AbstractRouteDef]:
    async def send(request: web.Request) -> web.Response:
        name, _, ending = request.match_info["file"].rpartition(".")
        try:
            if ending == "json":
                return web.json_response(templates.drawing(name))
            # Whatever it is called: a browser goes by the type that it is told.
            return web.Response(body=templates.picture(name), content_type="image/svg+xml")
        except (KeyError, InputError):
            raise web.HTTPNotFound from None

    return [web.get(f"{_API}/workflow_templates", _always({MODULE: templates.names()})),
            web.get(f"{_API}/workflow_templates/{MODULE}/{{file}}", send),
            web.get("/editor/templates/{file}", _always([]))]


async def _change(settings: ChangedSettings, values: dict[str, Any]) -> None:
    try:
        settings.change(values)
    except OSError as error:
        raise DnneError(f"the settings cannot be kept: {error}") from None


def _always(value: Any) -> Handler:
    """Return what answers with the same each time."""
    text = strict_json.dumps(value)

    async def answer(_: web.Request) -> web.Response:
        response = web.json_response(text=text)
        response.enable_compression()
        return response
    return answer


def _asked(value: Any) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(value())
    return answer


def _about_us() -> dict[str, Any]:
    return {"devices": [], "system": {
        "os": platform.system().lower(), "python_version": platform.python_version(),
        "embedded_python": False, "comfyui_version": f"dnne_ros {__version__}",
        "pytorch_version": "", "argv": [], "ram_total": 0, "ram_free": 0}}


def script_paths(folder: Path) -> list[str]:
    """Return the paths, below the editor's, of the front end's own extensions."""
    return [f"/{path.relative_to(folder).as_posix()}"
            for path in sorted((folder / "extensions").rglob("*.js"))]
