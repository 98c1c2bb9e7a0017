"""A state for each key: several of a node work for accounts, and each account has its balance."""

import time

from dnne_ros import Dict, Input, Node, Output, Widget


class PaymentsNode(Node):
    """Give payments of five customers."""

    payment = Output(Dict(), "Its number, the customer and the amount.")

    async def process(self):
        """Give one payment after another."""
        number = 0
        while True:
            await self.send_output(
                {"number": number, "customer": number * 7 % 5, "amount": number}, "payment")
            number += 1


class AccountNode(Node):
    """Add each payment to the customer's balance, which takes its time."""

    payment = Input(Dict(), "Its customer and the amount.")
    balance = Output(Dict(), "The same, and what the customer has paid so far.")
    state_per = "payment.customer"

    def compute(self, payment):
        """Work with the state of this payment's customer."""
        account = self.keyed_state
        account["paid"] = account.get("paid", 0) + payment["amount"]
        time.sleep(0.002 * (1 + payment["number"] * 7 % 5))
        return {"balance": {**payment, "paid": account["paid"]}}


class StatementNode(Node):
    """Take balances, which have to come in the order of the payments."""

    balance = Input(Dict(), "A payment with the customer's balance.")
    count = Widget(60, "How many it waits for.", minimum=1)

    async def process(self):
        """Say what each customer has paid."""
        paid = {}
        for _ in range(self.count):
            balance = await self.get_input("balance")
            paid[str(balance["customer"])] = balance["paid"]
        self.context.report({"paid": paid})
        await self.context.finish("stated")
