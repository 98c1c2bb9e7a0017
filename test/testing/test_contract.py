"""The contract finds what breaks it: each node here breaks one promise, and is told which."""

import asyncio
import subprocess
import sys
import threading

import pytest
import torch

from dnne_ros import (
    AnyValue,
    Boolean,
    Dict,
    Input,
    Int,
    Node,
    NodeState,
    Output,
    PortType,
    Rate,
    Sync,
    Tensor,
    Widget,
    node_seed,
)
from dnne_ros.testing import NodeContract, example

CHECKS = [name for name in vars(NodeContract) if name.startswith("test_")]
TYPES = "test_outputs_are_as_declared"
WRITES = "test_what_is_handed_over_is_not_written_to"
STATE = "test_a_saved_state_goes_on"
LEAKS = "test_cancelled_anywhere_it_leaves_nothing_behind"
DEFAULTS = "test_the_default_settings_are_legal"


def failing(node_type, checks=CHECKS, **attributes):
    """Return which of ``checks`` a node type fails, and with which words."""
    contract = type("Contract", (NodeContract,), {"node_type": node_type, **attributes})()
    found = {}
    for check in checks:
        try:
            getattr(contract, check)()
        except AssertionError as error:
            found[check] = str(error)
    return found


class Sum(Node):
    """Keeps every promise, and has a state, a thread and a choice."""

    value = Input(Tensor("float32", ("env", "column")))
    weight = Input(Tensor("float32", ("env",)), optional=True)
    total = Output(Tensor("float32", ("env", "column")))
    by = Widget("add", choices=("add", "multiply"))

    def setup(self):
        self.kept = None

    async def compute(self, value, weight):
        scaled = value if weight is None else value * weight[:, None]
        kept = torch.zeros_like(value) if self.kept is None else self.kept
        add = self.by == "add"
        self.kept = await self.run_blocking(lambda: kept + scaled if add else kept * scaled)
        return {"total": self.kept}

    async def save_state(self, aligned):
        return NodeState(tensors={} if self.kept is None else {"kept": self.kept})

    def load_state(self, state):
        self.kept = state.tensors.get("kept")


def test_a_node_that_keeps_its_promises_passes():
    assert failing(Sum) == {}


class Forgetful(Sum):
    """Saves nothing of what it goes on with."""

    async def save_state(self, aligned):
        return NodeState()


class Hesitant(Sum):
    """Never has a state to save, so that no checkpoint would ever be written."""

    async def save_state(self, aligned):
        return None


class Muddled(Sum):
    """Loads something else than was saved."""

    def load_state(self, state):
        self.kept = state.tensors["kept"] + 1


class Greedy(Sum):
    """Writes to its input."""

    async def compute(self, value, weight):
        return {"total": value.add_(1.0)}


class Regretful(Sum):
    """Writes to what it has sent."""

    async def compute(self, value, weight):
        if self.kept is None:
            self.kept = torch.zeros_like(value)
        self.kept += value
        return {"total": self.kept}


class Double(Sum):
    """Gives another element type."""

    async def compute(self, value, weight):
        return {"total": value.double()}


class Transposed(Sum):
    """Gives its axes in another order."""

    async def compute(self, value, weight):
        return {"total": value.T}


class NumberedKeys(Node):
    """Gives what JSON does not keep."""

    value = Input(Sync())
    figures = Output(Dict())

    async def compute(self, value):
        return {"figures": {1: 2}}


class Fractions(NumberedKeys):
    """Gives what an integer does not keep."""

    figures = Output(Int())

    async def compute(self, value):
        return {"figures": 1.5}


class NeedsBoth(Sum):
    """Does not reckon with what is optional."""

    async def compute(self, value, weight):
        return {"total": value * weight[:, None]}


class Task(Sum):
    """Leaves a task behind."""

    async def compute(self, value, weight):
        self.task = asyncio.ensure_future(asyncio.Event().wait())
        return {"total": value}


class Thread(Sum):
    """Leaves a thread behind."""

    def setup(self):
        super().setup()
        threading.Thread(target=STOP.wait, name="left", daemon=True).start()


class File(Sum):
    """Leaves a file open."""

    def setup(self):
        super().setup()
        self.file = open(__file__)  # noqa: SIM115


class Stubborn(Sum):
    """Fails when it is cancelled."""

    async def process(self):
        try:
            await super().process()
        except asyncio.CancelledError:
            raise OSError("not now") from None


class Illegal(Sum):
    """Has a default that it refuses."""

    @classmethod
    def validate_parameters(cls, values):
        return ["widget 'by': no"] if values["by"] == "add" else []


STOP = threading.Event()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Give a thread that is left no time to end."""
    monkeypatch.setattr("dnne_ros.testing.leaks._JOIN_SECONDS", 0.0)
    STOP.clear()
    yield
    STOP.set()


@pytest.mark.parametrize("node_type, check, words", [
    (Forgetful, STATE, "output 'total' after the state was loaded: [0]: expected"),
    (Hesitant, STATE, "save_state() returned None, which means not yet"),
    (Muddled, STATE, "a state that was loaded is saved as another one: ['tensors']['kept']"),
    (Greedy, WRITES, "an item of input 'value' was written to: expected"),
    (Regretful, WRITES, "what was sent on 'total' was written to"),
    (Double, TYPES, "output 'total': expected TENSOR (env, column) float32, found tensor"),
    (Transposed, TYPES, "as in other ports"),
    (NumberedKeys, TYPES, "expected text as the keys of a dictionary, found 1"),
    (Fractions, TYPES, "expected a whole number, found 1.5"),
    (NeedsBoth, TYPES, "linked: value, total, seed 0: TypeError: 'NoneType' object is not"),
    (Task, LEAKS, "it leaves behind the task Event.wait"),
    (Thread, LEAKS, "it leaves behind the thread left"),
    (File, LEAKS, "it leaves behind the open file"),
    (Stubborn, LEAKS, "OSError: not now"),
    (Illegal, DEFAULTS, "widget 'by': no"),
], ids=lambda value: value.__name__ if isinstance(value, type) else "")
def test_what_breaks_a_promise_is_told_which(node_type, check, words):
    assert words in failing(node_type, [check]).get(check, "")


class Weight(PortType):
    name = "WEIGHT"


class Scale(Node):
    weight = Input(Weight())
    heavy = Output(Boolean())

    async def compute(self, weight):
        return {"heavy": weight > 1.0}


def test_port_types_of_ones_own_get_values_of_ones_own():
    assert "no values of type WEIGHT can be made up" in failing(Scale, [TYPES])[TYPES]
    example.register(Weight, lambda port_type, draw: float(draw.random.uniform()))
    assert failing(Scale) == {}


class Dice(Node):
    """A source that runs for ever, of no inputs."""

    eyes = Output(Int())
    rate = Widget(1.0)

    async def process(self):
        draw = torch.Generator().manual_seed(node_seed(self.context.seed, self.context.node_id))
        rate = Rate(1.0 / self.rate, self.context.clock)
        while True:
            await rate.wait()
            await self.send_output(int(torch.randint(1, 7, (), generator=draw)), "eyes")


def test_a_source_is_tried_without_waiting_for_its_rate():
    assert failing(Dice, settings={"rate": 1e-6}) == {}  # an item in eleven days


class Silent(Node):
    value = Input(AnyValue())
    other = Output(AnyValue())

    async def compute(self, value):
        return {}


def test_a_check_that_checked_nothing_is_no_success():
    assert "Silent has sent nothing" in failing(Silent, [TYPES])[TYPES]


def test_the_package_does_without_pytest(repository):
    code = "import sys, dnne_ros.testing; print({'pytest', 'torch', 'rclpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True,
                          text=True, check=True)
    assert done.stdout == "set()\n"
