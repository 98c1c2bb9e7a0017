"""Batching: work that costs little more for many items than for one is done for many."""

import asyncio

from dnne_ros import Float, Input, Node, Output, Widget


class SamplesNode(Node):
    """Give samples in bursts, as a bus or a network does."""

    sample = Output(Float(), "A number.")
    burst = Widget(10, "Samples in a burst.", minimum=1)
    gap = Widget(0.03, "Pause between two bursts.", minimum=0.0, unit="s")

    async def process(self):
        """Give bursts."""
        number = 0
        while True:
            for _ in range(self.burst):
                await self.send_output(float(number), "sample")
                number += 1
            await asyncio.sleep(self.gap)


class BatchNode(Node):
    """Work on up to ``most`` samples together, but wait for them no longer than ``wait``."""

    sample = Input(Float(), "A number.")
    most = Widget(8, "The largest batch.", minimum=1, maximum=100)
    wait = Widget(0.02, "How long a batch is collected.", minimum=0.0, unit="s")
    samples = Widget(100, "How many samples it takes.", minimum=1)

    async def process(self):
        """Add up batches, and end the run when all samples were seen."""
        sizes, total = [], 0.0
        while sum(sizes) < self.samples:
            batch = await self.get_batch("sample", self.most, timeout=self.wait)
            if batch:
                sizes.append(len(batch))
                total += sum(batch)
        self.context.report({"sizes": sizes, "total": total})
        await self.context.finish("batched")
