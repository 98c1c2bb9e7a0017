"""The nodes of the benchmark's graph, as a user would write them.

Copies of the payload: none in one process, where the same tensor arrives.  Between processes,
large ones: tensor → slot in shared memory, in which the receiver's tensor lies.  Those from 8 KiB:
tensor → frame; → socket; → the receiver's buffer; → packet, in which its tensor lies.
Small ones: tensor → bytes; → frame; → socket; → the receiver's buffer; → packet; → its tensor.
"""

from __future__ import annotations

from pathlib import Path

from dnne_ros.bench.edge_peers.rally import Rally
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

_BALL = Tensor("float32", ("element",))


class Ping(Node):
    """Serve tensors and measure when they come back; ends the run."""

    back = Input(_BALL, "What comes back.")
    ball = Output(_BALL, "What is served.", starts_loop=True)
    folder = Widget("", "Where the jobs are and the figures go.")

    async def process(self) -> None:
        """Follow the jobs."""
        import torch

        rally = Rally(Path(self.folder), "ping")
        payload = None
        tensor = back = torch.empty(0)
        for times in rally:
            if payload is not rally.payload:
                payload = rally.payload
                tensor = torch.from_numpy(payload)
                await self.begin()
            for _ in range(times):
                await self.send_output(tensor, "ball")
            back = await self.get_input("back")
        rally.note(same_object=back is tensor, same_values=torch.equal(back, tensor))
        await self.end()

    async def begin(self) -> None:
        """Be told that the next payload's turn has come."""

    async def end(self) -> None:
        """Be told that all is done."""
        await self.context.finish("measured")


class Pong(Node):
    """Return what comes."""

    ball = Input(_BALL, "What is served.")
    back = Output(_BALL, "What goes back.")
    folder = Widget("", "Where the jobs are and the figures go.")

    async def process(self) -> None:
        """Follow the jobs."""
        for times in Rally(Path(self.folder), "pong"):
            for _ in range(times):
                ball = await self.get_input("ball")
            await self.send_output(ball, "back")
