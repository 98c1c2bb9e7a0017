"""A dora dataflow of two Python nodes, as dora's documentation teaches it.

Copies of the payload: none from numpy to Arrow; one into dora's shared memory, in which the
receiver's Arrow array lies.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import yaml

from dnne_ros.bench.edge_peers.rally import Rally, limit_life

_QUEUE = 100  # as our window; what does not fit is dropped
_SECONDS = 20.0
_FOLDER = "RALLY_FOLDER"  # dora splits arguments at blanks


def run(folder: Path) -> None:
    """Run the dataflow to its end."""
    import dora

    def node(name: str, source: str, given: str) -> dict[str, Any]:
        return {"id": name, "path": sys.executable, "outputs": [given],
                "args": f"-m {__spec__.name} {name}", "env": {_FOLDER: str(folder)},
                "inputs": {"item": {"source": source, "queue_size": _QUEUE}}}

    flow = folder / "flow.yml"
    flow.write_text(yaml.safe_dump({"nodes": [
        node("ping", "pong/back", "ball"), node("pong", "ping/ball", "back")]}))
    dora.run(str(flow), stop_after=140.0)


def _item(node: Any) -> Any:
    """Return the next event with an item in it."""
    while True:
        event = node.next(timeout=_SECONDS)
        if event is None or event["type"] in ("STOP", "ERROR"):
            raise RuntimeError(f"dora: expected an item, found {event}")
        if event["type"] == "INPUT":
            return event


def serve(folder: Path) -> None:
    """Play ``ping``."""
    import pyarrow
    from dora import Node

    node = Node()
    rally = Rally(folder, "ping")
    for times in rally:
        for left in range(times, 0, -1):
            node.send_output("ball", pyarrow.array(rally.payload),
                             {"last": times > 1 and left == 1})
        _item(node)["value"].to_numpy()


def give_back(folder: Path) -> None:
    """Play ``pong``."""
    from dora import Node

    node = Node()
    rally = Rally(folder, "pong")
    for times in rally:
        taken, last = 0, False
        while not last:
            event = _item(node)
            taken += 1
            last = times == 1 or event["metadata"]["last"]
        rally.received = taken
        node.send_output("back", event["value"])


if __name__ == "__main__":
    limit_life()
    if sys.argv[1] in ("ping", "pong"):
        {"ping": serve, "pong": give_back}[sys.argv[1]](Path(os.environ[_FOLDER]))
    else:
        run(Path(sys.argv[1]))
