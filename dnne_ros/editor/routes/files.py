"""The workflows of the served folder, as the front end's ``userdata``."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from dnne_ros import strict_json
from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.opening import openable
from dnne_ros.editor.workflow_files import Conflict, FileInfo, NoAccess, WorkflowFiles
from dnne_ros.errors import DnneError, InputError
from dnne_ros.workflow.ui_format import is_ui_format

_USERDATA = "/editor/api/userdata"
_FOLDER = "workflows/"
# What the front end keeps beside workflows, by name.
_BESIDE = ("workflows/.index.json", "comfy.templates.json", "user.css")


def file_routes(files: WorkflowFiles, catalogue: Catalogue) -> list[web.AbstractRouteDef]:
    """Return the routes of the workflows in ``files``."""
    async def listed(request: web.Request) -> web.Response:
        if request.query.get("dir", "").strip("/") != _FOLDER.strip("/"):
            return web.json_response([])
        found = files.listed()
        whole = request.query.get("full_info") == "true"
        return web.json_response([asdict(each) if whole else each.path for each in found])

    async def read(request: web.Request) -> web.Response:
        if request.match_info["file"] in _BESIDE:
            raise web.HTTPNotFound
        name = _name(request, "file")
        content, tag = files.read(name)
        drawing = openable(_parsed(content, name), files.path_of(name), catalogue)
        return web.json_response(drawing, headers={"ETag": f'"{tag}"'}, dumps=strict_json.dumps)

    async def write(request: web.Request) -> web.Response:
        if request.match_info["file"] in _BESIDE:
            return web.Response()  # bookmarks and the like last as long as the page
        name, content = _name(request, "file"), await request.read()
        if not is_ui_format(_parsed(content, name)):
            raise InputError(name, ["is no drawing: expected an object with nodes"])
        known = request.headers.get("If-Match", "").strip('"') or None
        info = files.write(name, content, known=known,
                           overwrite=request.query.get("overwrite") != "false")
        return web.json_response(_told(info), headers={"ETag": f'"{files.read(name)[1]}"'})

    async def move(request: web.Request) -> web.Response:
        info = files.move(_name(request, "file"), _name(request, "target"),
                          overwrite=request.query.get("overwrite") == "true")
        return web.json_response(_told(info))

    async def delete(request: web.Request) -> web.Response:
        files.delete(_name(request, "file"))
        return web.Response(status=204)

    return [
        web.get(_USERDATA, _guarded(listed)),
        web.post(f"{_USERDATA}/{{file}}/move/{{target}}", _guarded(move)),
        web.get(f"{_USERDATA}/{{file}}", _guarded(read)),
        web.post(f"{_USERDATA}/{{file}}", _guarded(write)),
        web.delete(f"{_USERDATA}/{{file}}", _guarded(delete)),
    ]


def _guarded(handler: Handler) -> Handler:
    """Answer what the files refuse as the front end takes it."""
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NoAccess as error:
            raise web.HTTPForbidden(text=f"{error}\n") from None
        except Conflict as error:
            raise web.HTTPConflict(text=f"{error}\n") from None
        except FileNotFoundError:
            raise web.HTTPNotFound from None
        except OSError as error:
            raise DnneError(f"the served folder: {error}") from None
    return answer


def _name(request: web.Request, field: str) -> str:
    """Return the name of a file in the served folder that a path means."""
    text = request.match_info[field]
    if not text.startswith(_FOLDER):
        raise NoAccess(f"{text!r:.200} is none of the files that are served")
    return text.removeprefix(_FOLDER)


def _parsed(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(name, [f"is not JSON: {error}"]) from None


def _told(info: FileInfo) -> dict[str, Any]:
    return asdict(replace(info, path=_FOLDER + info.path))
