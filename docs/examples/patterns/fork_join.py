"""Fork and join: one item goes to several workers, and their results come together again."""

import asyncio

from dnne_ros import Float, Input, Node, Output, Widget


class AnglesNode(Node):
    """Give angles; an output with several links is the fork."""

    angle = Output(Float(), "rad.")

    async def process(self):
        """Give one angle after another."""
        number = 0
        while True:
            await self.send_output(0.1 * number, "angle")
            number += 1


class WorkerNode(Node):
    """Compute the square of one function of the angle, at its own speed."""

    angle = Input(Float(), "rad.")
    result = Output(Float(), "Between 0 and 1.")
    function = Widget("sin", "Which function.", choices=("sin", "cos"))
    seconds = Widget(0.001, "How long it takes.", minimum=0.0, unit="s")

    async def compute(self, angle):
        """Take a while, and return the result."""
        import math

        await asyncio.sleep(self.seconds)
        return {"result": getattr(math, self.function)(angle) ** 2}


class JoinNode(Node):
    """Take one result of each worker: edges keep order, so they are of the same angle."""

    first = Input(Float(), "Of one worker.")
    second = Input(Float(), "Of the other.")
    pairs = Widget(30, "How many pairs it waits for.", minimum=1)

    def setup(self):
        """Start with no pair."""
        self.count = 0

    async def compute(self, first, second):
        """Check that the results belong together: sin² + cos² = 1."""
        if abs(first + second - 1.0) > 1e-9:
            raise ValueError(f"{first} and {second} are of different angles")
        self.count += 1
        if self.count == self.pairs:
            self.context.report({"pairs": self.count})
            await self.context.finish("joined")
