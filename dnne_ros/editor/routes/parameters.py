"""Widgets that are changed while their graph runs."""

from __future__ import annotations

from aiohttp import web

from dnne_ros.editor.live_runs import LiveRuns
from dnne_ros.editor.run import State
from dnne_ros.errors import DnneError, InputError
from dnne_ros.graph.graph import GraphNode
from dnne_ros.node_api.widget import WidgetError
from dnne_ros.web.feed.parameters import Parameters
from dnne_ros.web.refusals import json_of

_APPLIES = "the new value applies with the next run"


def parameter_routes(live: LiveRuns, parameters: Parameters) -> list[web.AbstractRouteDef]:
    """Return the route that sets a parameter of a node of the run that is at it."""
    async def change(request: web.Request) -> web.Response:
        body = await json_of(request)
        run = live.queue.current
        if run is None or run.state is not State.RUNNING:
            raise DnneError(f"nothing runs: {_APPLIES}")
        id, name = body.get("node"), body.get("name")
        node = run.drawn.graph.nodes.get(id) if isinstance(id, str) else None
        if node is None or not isinstance(name, str):
            raise InputError("request", [f"node {id!r:.40} is none of the run: {_APPLIES}"])
        value = changed_value(node, name, body.get("value"))
        await parameters.set(run.drawn.full_name(node), name, value)
        return web.json_response({"error": ""})

    return [web.post("/editor/dnne_ros/parameter", change)]


def changed_value(node: GraphNode, name: str, value: object) -> bool | int | float | str:
    """Return a live widget's value in its own type; `DnneError` says why it may not be changed."""
    widget = node.type.widgets.get(name)
    if widget is None:
        raise InputError("request", [f"{node.ros_name} has no widget {name!r:.40}"])
    if not widget.live:
        raise DnneError(f"{name} cannot change while the graph runs: {widget.fixed_because}; "
                        f"{_APPLIES}")
    reason = node.type.fixed_with(node.values).get(name)
    if reason:
        raise DnneError(f"{name} cannot change while the graph runs: {reason}; {_APPLIES}")
    try:
        return widget.check(value)
    except WidgetError as error:
        raise InputError(f"{node.ros_name}, {name}", [str(error)]) from None
