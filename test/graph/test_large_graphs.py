"""The work of checking a graph grows no faster than its file."""

import sys

import pytest

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError
from dnne_ros.graph.building import build_graph
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float, SimHandle
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.placement.planning import place
from dnne_ros.workflow.reading import parse_workflow


class Source(Node):
    """Where numbers come from."""

    number = Output(Float())

    async def process(self):
        pass


class Pass(Node):
    """Passes numbers on."""

    number = Input(Float())
    out = Output(Float())

    async def compute(self, number):
        return {"out": number}


class World(Source):
    """Where a simulator comes from."""

    number = Output(SimHandle())


class Bound(Pass):
    """Shares its process with its neighbours."""

    number = Input(SimHandle())
    out = Output(SimHandle())


def chain(first, rest, input, count):
    return {"0": {"class_type": first, "inputs": {}}, **{
        str(number): {"class_type": rest, "inputs": {input: [str(number - 1), 0]}}
        for number in range(1, count)}}


GRAPHS = {
    "a chain": lambda count: chain("Source", "Pass", "number", count),
    "a chain of merges": lambda count: chain("Source", "OR", "input_a", count),
    "a chain of merges, backwards": lambda count: dict(reversed(
        chain("Source", "OR", "input_a", count).items())),
    "one process": lambda count: chain("World", "Bound", "number", count),
    "one output": lambda count: {"0": {"class_type": "Source", "inputs": {}}, **{
        str(number): {"class_type": "Pass", "inputs": {"number": ["0", 0]}}
        for number in range(1, count)}},
    "nothing linked": lambda count: {
        str(number): {"class_type": "Pass", "inputs": {}} for number in range(count)},
    "a loop": lambda count: {
        str(number): {"class_type": "Pass", "inputs": {"number": [str((number - 1) % count), 0]}}
        for number in range(count)},
}


def calls_of(document, catalogue):
    """Return how many calls of functions checking a workflow takes."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        workflow, problems = parse_workflow(document, "large", "large.json", catalogue.signature)
        place(build_graph(workflow, catalogue, problems), "split")
    except InputError:
        pass
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("kind", GRAPHS)
def test_four_times_the_file_is_four_times_the_work(kind):
    catalogue = Catalogue()
    for node_type in (Source, Pass, World, Bound):
        catalogue.add(node_type)
    small, large = (calls_of(GRAPHS[kind](count), catalogue) for count in (150, 600))
    assert large < 5 * small
