"""What a node type declares, and what is said when it is nonsense."""

import pytest

from dnne_ros.cli.main import main
from dnne_ros.errors import InputError
from dnne_ros.options.workflow_arguments import load_catalogue

HEAD = """
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float, PortType
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget


class Odd(Node):
    """


@pytest.mark.parametrize("body, expected", [
    ("port = Input(Float)", "port 'port': type: expected an instance of a port type, as Tensor(), "
                            "found the class Float"),
    ("port = Output('FLOAT')", "found 'FLOAT'"),
    ("port = Input(Float(), aliases='old')", "aliases: expected a tuple of names, found 'old'"),
    ("port = Input(Float(), policy='lossless')", "policy: expected an EdgePolicy"),
    ("port = Input(Float(), accepts_also=(Float,))", "accepts_also: expected a tuple of port"),
    ("port = Input(Float(), follows=('a',))", "follows: expected two names of ports"),
    ("port = Input(Float(), priority=3)", "priority: expected a function, found 3"),
    ("gain = Widget([1])", "widget gain: default: expected a boolean, an integer, a number"),
    ("gain = Widget(None)", "found None"),
    ("gain = Widget(2.0, maximum=1.0)", "default: expected a number of at most 1.0, found 2.0"),
    ("gain = Widget(1.0, minimum='0')", "minimum: expected a number, found '0'"),
    ("gain = Widget('a', choices=(1, 2))", "choices: expected a tuple of texts"),
    ("use_sim_time = Widget(True)", "widget use_sim_time: expected another name, as every ROS"),
    ("type_name = 7", "type_name: expected text, found 7"), ("type_name = ''", "expected a name"),
    ("aliases = 'Old'", "aliases: expected a tuple of names, found 'Old'"),
    ("process = Input(Float())", "process: expected the function that node types have, found <"),
    ("setup = Widget(1)", "setup: expected the function"), ("compute = 5", "found 5"),
    ("resumes = 'yes'", "resumes: expected True or False, found 'yes'"),
    ("blocking_calls = 0", "blocking_calls: expected an integer of at least 1, found 0"),
    ("gain = Widget(1.0, 5)", "widget gain: doc: expected text, found 5"),
    ("gain = Widget(1.0, live='no')", "widget gain: live: expected True or False, found 'no'"),
    ("a = Input(Float(), 5)", "port 'a': doc: expected text, found 5"),
    ("def process(self): pass", "process: expected async def process, found a function that is"),
    ("async def setup(self): pass", "setup: expected def setup, found async def"),
    ("a = Input(Float())\n    async def compute(self, b): pass",
     "compute: expected the inputs as parameters (a), found 'b'"),
    ("a = Input(Float())\n    async def compute(self): pass",
     "compute: expected the inputs as parameters (a), and 'a' is none"),
    ("state_per = 3", "state_per: expected an input with entries, as order.customer, or a fun"),
    ("a = Input(Float())\n    state_per = 'b.c'\n    def compute(self, a): pass",
     "state_per: expected inputs (a), found 'b'"),
    ("state_per = lambda b: b", "state_per: expected inputs (none), found 'b'"),
    ("a = Input(Float())\n    state_per = 'a'\n    async def save_state(self, aligned): pass",
     "save_state: expected none beside state_per, by which compute() has its state"),
    ("a = Input(Float())\n    state_per = 'a'\n    async def process(self): pass",
     "process: expected none beside state_per"),
    ("outputs_with = {1: 2}", "outputs_with: expected names and tuples of names")])
def test_a_file_with_a_type_of_nonsense_is_refused_also_unused(tmp_path, body, expected, capsys):
    file = tmp_path / "odd.py"
    file.write_text(HEAD + body)
    with pytest.raises(InputError) as caught:
        load_catalogue([str(file)])
    assert f"{file}: node type Odd: " in str(caught.value) and expected in str(caught.value)
    assert main(["nodes", "--nodes", str(file)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("body", [
    "raise GeneratorExit", "import asyncio\nraise asyncio.CancelledError",
    "import sys\nsys.exit(0)",
    "class Own(BaseException): pass\nraise Own('two\\nlines')", "raise SystemExit('\\x1b[31m')",
    "class Mute(Exception):\n    def __str__(self): raise self\nraise Mute",
    "from dnne_ros import PortType\nclass Bad(PortType):\n    name = 'BAD'\n"
    "    def __init__(self): raise RuntimeError('no')"])
def test_a_file_that_raises_whatever_it_likes_is_one_line(tmp_path, body, capsys):
    file = tmp_path / "odd.py"
    file.write_text(body)
    assert main(["nodes", "--nodes", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"dnne-ros: {file}: ") and len(said.splitlines()) == 1
    assert "\x1b" not in said
