"""What a node with replicas stands in: where its items come from, and where its results go."""

import asyncio
from types import SimpleNamespace


class ReplicatedNode:
    """The context and the monitor of a node with one input; results are in ``given``."""

    spans = None

    def __init__(self):
        super().__init__()
        self.items = asyncio.Queue()
        self.given = []
        self.log = SimpleNamespace(**dict.fromkeys(
            ("info", "warning", "error"), lambda text: None))
        self.monitor = SimpleNamespace(
            begin_round=lambda: None, await_round=lambda since: None,
            end_round=lambda seconds, since: None)

    def is_linked(self, port):
        return True

    async def get(self, port, timeout):
        return await self.items.get()

    async def put(self, port, value):
        self.given.append(value)
