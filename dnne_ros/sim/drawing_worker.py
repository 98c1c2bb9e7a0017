"""The far side of `dnne_ros.sim.drawing_process`: OpenGL, in a process that has nothing else.

After ``open``, which is answered with ``hello`` when there is something to draw on, come ``load``
or ``load_model``, and as many ``draw``; each picture lies in the shared memory when its ``draw``
is answered.
"""

from __future__ import annotations

import mmap
import os
import traceback
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.sim.isaac_worker import Channel, serve_near_side


def serve(channel: Channel, memory: int) -> None:
    """Answer until the near side has had enough."""
    # Here, as the near side imports this module too, for its name.
    import numpy as np

    from dnne_ros.sim.robot_view import DrawingSurface

    form = channel.receive()
    if form is None:
        return
    surface = DrawingSurface(form["width"], form["height"])
    shape = (form["height"], form["width"], 3)
    size = shape[0] * shape[1] * shape[2]
    os.ftruncate(memory, size)
    picture = np.frombuffer(mmap.mmap(memory, size), np.uint8).reshape(shape)
    channel.send("hello")
    while (request := channel.receive()) is not None and request["say"] != "close":
        if request["say"] == "load":
            surface.load(request["description"], request["joints"])
        elif request["say"] == "load_model":
            surface.load_model(request["file"], request["view"])
        else:
            picture[:] = surface.draw(request["positions"])
        channel.send(request["say"])
    surface.close()


def failure(error: BaseException) -> dict[str, Any]:
    """Return the content of a ``failed`` message."""
    if isinstance(error, InputError):
        return {"stage": "open", "message": "; ".join(map(str, error.problems)), "traceback": []}
    return {"stage": "run", "message": f"{type(error).__name__}: {error}",
            "traceback": traceback.format_exc().splitlines()[-12:]}


def main() -> None:
    """Serve one near side, with its socket, memory and process id as the last arguments."""
    serve_near_side(serve, failure)
