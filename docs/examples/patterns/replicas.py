"""Replicas: several of a node work on the items of one edge, and their results keep the order."""

import time

from dnne_ros import Dict, Input, Node, Output, Widget


class OrdersNode(Node):
    """Give orders of five customers."""

    order = Output(Dict(), "Its number and its customer.")

    async def process(self):
        """Give one order after another."""
        number = 0
        while True:
            await self.send_output(
                {"number": number, "customer": f"customer {number * 7 % 5}"}, "order")
            number += 1


class PriceNode(Node):
    """Ask a service that takes its time, for some orders longer than for others."""

    order = Input(Dict(), "Its number and its customer.")
    priced = Output(Dict(), "The same with its price.")

    def compute(self, order):
        """Block, as a call of a library does."""
        time.sleep(0.002 * (1 + order["number"] * 7 % 5))
        return {"priced": {**order, "price": 10 + order["number"]}}


class InvoiceNode(Node):
    """Take priced orders, which have to come in their order."""

    priced = Input(Dict(), "An order with its price.")
    count = Widget(60, "How many it waits for.", minimum=1)

    async def process(self):
        """Check the order of the orders."""
        numbers = []
        while len(numbers) < self.count:
            numbers.append((await self.get_input("priced"))["number"])
        self.context.report({"numbers": numbers})
        await self.context.finish("priced")
