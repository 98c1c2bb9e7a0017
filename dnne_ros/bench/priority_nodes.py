"""The node of ``dnne-ros bench priority``."""

from __future__ import annotations

import asyncio
import time

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.widget import Widget


class TickNode(Node):
    """Tick at a rate and count the ticks that came before the next one was due."""

    rate = Widget(500.0, "Ticks.", minimum=1.0, unit="Hz")
    after = Widget(3.0, "When counting begins: the others start meanwhile.", minimum=0.0, unit="s")
    seconds = Widget(30.0, "How long it counts.", minimum=0.1, unit="s")

    async def process(self) -> None:
        """Tick, then report and end the run."""
        await asyncio.sleep(self.after)
        period = 1.0 / self.rate
        kept, late = set(), []
        start = now = time.monotonic()
        while now - start < self.seconds:
            tick = int((now - start) / period)
            kept.add(tick)
            due = start + (tick + 1) * period
            await asyncio.sleep(due - now)
            now = time.monotonic()
            late.append(now - due)
        late.sort()
        self.context.report({
            "kept": len(kept) / round(self.seconds / period), "latest_s": late[-1],
            "p99_s": late[int(0.99 * (len(late) - 1))]})
        await self.context.finish("measured")
