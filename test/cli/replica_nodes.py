"""Nodes whose work takes now long and now short, and that say which replica did it."""

import os
import threading
import time

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dict, Int
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget


def lengthy(number):
    """Return for how long work on an item takes, in seconds."""
    return 0.0005 * (number * 7 % 13)


class Work(Node):
    """Work on a number, in a thread or process that it names."""

    value = Input(Int(), "A number.")
    done = Output(Dict(), "The number, its square, and who worked on it.")
    rest = Widget(1.0, "How many times as long as usual.", live=True)
    bad = Widget(-1, "A number at which it fails.")

    def compute(self, value):
        if value == self.bad:
            raise ValueError(f"{value} is bad")
        time.sleep(self.rest * lengthy(value))
        return {"done": {"number": value, "square": value * value, "pid": os.getpid(),
                         "thread": threading.get_ident(), "rest": self.rest}}


class Deadly(Work):
    """Work on numbers, one of which is the end of who works on it."""

    def compute(self, value):
        if value == self.bad:
            os._exit(3)
        return super().compute(value)


class Hanging(Work):
    """Hang for some seconds over one number."""

    def compute(self, value):
        time.sleep(3.0 if value == self.bad else 0.0)
        return {"done": {"number": value}}

    def safe_outputs(self, last):
        """Return what nobody would take for a result."""
        return {"done": {"number": -1}}


class Keyed(Node):
    """Give dictionaries that belong to one of five keys."""

    value = Input(Int(), "A number.")
    order = Output(Dict(), "The number and its key.")

    def compute(self, value):
        return {"order": {"number": value, "of": {"key": f"k{value * value % 11}"}}}


class KeyedWork(Node):
    """Work on a dictionary."""

    order = Input(Dict(), "The number and its key.")
    done = Output(Dict(), "The same, who worked on it, and when that began.")

    def compute(self, order):
        began = time.monotonic()
        time.sleep(lengthy(order["number"]))
        return {"done": {"number": order["number"], "key": order["of"]["key"], "began": began,
                         "thread": threading.get_ident()}}


class Totals(KeyedWork):
    """Add up the numbers of each key."""

    state_per = "order.of.key"
    bad = Widget(-1, "A number at which it fails.")
    hangs = Widget(-1, "A number at which it hangs for some seconds.")

    def compute(self, order):
        numbers = self.keyed_state.setdefault("numbers", [])
        numbers.append(order["number"])
        if order["number"] == self.bad:
            raise ValueError("bad")
        if order["number"] == self.hangs:
            time.sleep(5.0)
        return {"done": {**super().compute(order)["done"], "numbers": numbers}}


class LargeStates(Work):
    """Keep a long list of numbers, or what is longer than that, for each remainder by five."""

    state_per = staticmethod(lambda value: "k" * (1 + value % 5 * 100_000))

    def compute(self, value):
        kept = self.keyed_state.setdefault("kept", [0] * (value % 5 * 100_000))
        kept.append(value)
        return {"done": {"number": value, "kept": [number for number in kept if number]}}


class PerNumber(Work):
    """Keep a state for each number."""

    state_per = "value"


class PerMissing(Work):
    """Keep a state for each item of an input that is not linked."""

    other = Input(Int(), "A number.", optional=True)
    state_per = "other"

    def compute(self, value, other):
        return super().compute(value)


class PerEntry(Work):
    """Keep a state for each entry of what has none."""

    state_per = "value.of"


class Remembers(Work):
    """Keep a state."""

    async def save_state(self, aligned):
        """Return nothing."""


class WriteLines(Node):
    """Append each dictionary to a file, as JSON."""

    done = Input(Dict(), "A dictionary.")
    file = Widget("", "The file.")

    async def process(self):
        import json

        with open(self.file, "a", buffering=1) as file:  # noqa: ASYNC230
            while True:
                file.write(json.dumps(await self.get_input("done")) + "\n")
