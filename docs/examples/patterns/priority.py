"""Priority: what is urgent overtakes what waits."""

import asyncio

from dnne_ros import Dict, Input, Node, Output, Widget


class JobsNode(Node):
    """Give many jobs at once, the last of which is urgent."""

    job = Output(Dict(), "name and urgency: 0 is the most urgent.")
    jobs = Widget(20, "How many.", minimum=2, maximum=50)

    async def process(self):
        """Give the jobs."""
        for number in range(self.jobs - 1):
            await self.send_output({"name": f"job {number}", "urgency": 2}, "job")
        await self.send_output({"name": "emergency", "urgency": 0}, "job")


class ExecutorNode(Node):
    """Do the most urgent job of those that wait; of equals the oldest."""

    job = Input(Dict(), "name and urgency.", priority=lambda job: job["urgency"])
    jobs = Widget(20, "How many it does.", minimum=2)
    seconds = Widget(0.01, "How long each takes.", minimum=0.0, unit="s")

    async def process(self):
        """Do the jobs, and end the run."""
        done = []
        while len(done) < self.jobs:
            job = await self.get_input("job")
            await asyncio.sleep(self.seconds)
            done.append(job["name"])
        self.context.report({"done": done})
        await self.context.finish("executed")
