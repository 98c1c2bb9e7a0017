"""Producer and consumer: a lossless edge is the queue between them, and its capacity the limit."""

import asyncio

from dnne_ros import Input, Int, Node, Output, Widget


class ProducerNode(Node):
    """Make numbered parts as fast as it can; a full edge makes it wait."""

    part = Output(Int(), "The part's number.")

    async def process(self):
        """Make parts for ever."""
        number = 0
        while True:
            await self.send_output(number, "part")
            number += 1


class ConsumerNode(Node):
    """Use a part every few milliseconds, and end the run when it has had enough."""

    part = Input(Int(), "What to use.")
    parts = Widget(40, "How many parts it uses.", minimum=1)
    seconds = Widget(0.005, "How long it takes with each.", minimum=0.0, unit="s")

    async def process(self):
        """Use parts."""
        for number in range(self.parts):
            part = await self.get_input("part")
            if part != number:
                raise ValueError(f"expected part {number}, found {part}")
            await asyncio.sleep(self.seconds)
        self.context.report({"used": self.parts})
        await self.context.finish("used")
