"""A consumer that is slower than its producer, in another process."""

import json

SOURCE = '''
"""A producer that never rests, and a consumer that takes ten items a second."""
import asyncio

import torch

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Input, Output


class Producer(Node):
    """Send numbered tensors of 100 kB."""

    value = Output(Tensor("float32", ("number",)), "All elements are the item's number.")

    async def process(self):
        number = 0
        while True:
            await self.send_output(torch.full((25_000,), float(number)), "value")
            number += 1


class SlowConsumer(Node):
    """Take ten items a second and see that none is missing."""

    value = Input(Tensor("float32", ("number",)), "What the producer sends.")

    async def process(self):
        number = 0
        while True:
            item = await self.get_input("value")
            assert item[0].item() == item[-1].item() == number, (number, item)
            number += 1
            self.context.log.info(f"taken {number}.")
            await asyncio.sleep(0.1)
'''


def test_the_producer_waits_and_its_memory_stays_flat(start_run, tmp_path):
    (tmp_path / "slow.py").write_text(SOURCE)
    (tmp_path / "slow.json").write_text(json.dumps({
        "1": {"class_type": "Producer", "inputs": {}},
        "2": {"class_type": "SlowConsumer", "inputs": {"value": ["1", 0]}}}))
    run = start_run(tmp_path / "slow.json", "--nodes", tmp_path / "slow.py", "--place", "split")

    def after(items):
        run.until(lambda: f"taken {items}." in run.output, f"item {items}")
        return run.child("producer_1").memory_info().rss

    early, late = after(1), after(50)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert late - early < 20 * 2**20
    edge, = run.report["edges"]
    assert edge["lost"] == edge["duplicated"] == edge["dropped"] == 0
    assert 0 <= edge["sent"] - edge["received"] <= 100
    assert edge["blocked_s"] > 0.9 * 0.1 * 40  # it waited nearly all the time
