"""Short ways to build a graph, and node types with the ports that the built-in ones lack."""

from pathlib import Path

import pytest

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.edge_settings import Setting
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue, Float, Int, Model, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.workflow.reading import parse_workflow, read_workflow
from dnne_ros.workflow.records import GroupRecord, LinkRecord, NodeRecord, PortRef, Workflow

SHARED = Path(__file__).parents[2].parent / "shared" / "workflows"


class SourceNode(Node):
    """Give a tensor, a trigger, numbers and a model."""

    tensor = Output(Tensor("float32"))
    flags = Output(Tensor("bool"))
    sync = Output(Sync())
    number = Output(Float())
    count = Output(Int())
    model = Output(Model())
    gain = Widget(1.0, minimum=0.0, maximum=2.0)
    steps = Widget(3, minimum=1)
    mode = Widget("slow", choices=("slow", "fast"))
    on = Widget(False)


class ScaleNode(Node):
    """Scale a tensor."""

    value = Input(Tensor("float32"))
    scaled = Output(Tensor("float32"))


class AddNode(Node):
    """Add two tensors."""

    a = Input(Tensor("float32"))
    b = Input(Tensor("float32"))
    sum = Output(Tensor("float32"))


class GateNode(Node):
    """Pass a value on when told to."""

    trigger = Input(Sync())
    value = Input(AnyValue())
    output = Output(AnyValue())


class AverageNode(Node):
    """Average a number."""

    number = Input(Float(), optional=True)
    average = Output(Float())


class TickingNode(Node):
    """Tick before anything comes."""

    value = Input(Tensor())
    tick = Output(Tensor("float32"), starts_loop=True)


CATALOGUE = Catalogue((
    *BUILT_IN, SourceNode, ScaleNode, AddNode, GateNode, AverageNode, TickingNode))


def ref(text):
    node, _, port = text.partition(".")
    return PortRef(node, port)


@pytest.fixture(scope="session")
def build():
    """Build a graph of ``{id: type or (type, fields)}`` and ``"1.a > 2.b"`` links."""
    def call(nodes, links=(), settings=(), name="My Graph", groups=(), problems=None):
        records = []
        for id_, entry in nodes.items():
            type_, fields = entry if isinstance(entry, tuple) else (entry, {})
            records.append(NodeRecord(id_, type_, **fields))
        ends = [link.split(" > ") for link in links]
        workflow = Workflow(
            name, "graph.json", tuple(records),
            tuple(LinkRecord(ref(source), ref(target)) for source, target in ends),
            tuple(GroupRecord(*group) for group in groups))
        return build_graph(workflow, CATALOGUE, problems or Problems("graph.json"),
                           [Setting.parse(text) for text in settings])
    return call


@pytest.fixture(scope="session")
def report_of(build):
    """Return the lines of the one report that a bad graph gives, without their bullets."""
    def call(*arguments, **options):
        with pytest.raises(InputError) as caught:
            build(*arguments, **options)
        assert caught.value.source == "graph.json"
        return [str(problem) for problem in caught.value.problems]
    return call


@pytest.fixture(scope="session")
def build_document():
    """Build the graph of a loaded JSON document."""
    def call(document, name="graph"):
        workflow, problems = parse_workflow(document, name, f"{name}.json", CATALOGUE.signature)
        return build_graph(workflow, CATALOGUE, problems)
    return call


@pytest.fixture(scope="session")
def cartpole():
    """Return the graph of the sample file that its authors saved."""
    path = SHARED / "Cartpole_PPO.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: sample graphs are not part of the package")
    workflow, problems = read_workflow(path, CATALOGUE.signature)
    return build_graph(workflow, CATALOGUE, problems)
