"""The nodes of one process, loaded and run again and again."""

import asyncio
import gc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.graph.building import build_graph
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.placement.planning import place
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.lifecycle.process_life import DEACTIVATED, ProcessLife
from dnne_ros.runtime.process import GraphProcess
from dnne_ros.workflow.reading import read_workflow

GRAPH = "docs/examples/cartpole_onnx.json"
CYCLES = 10


@pytest.fixture
def life(ros_loop, repository, monkeypatch):
    """Give the life of a robot's graph in this process."""
    monkeypatch.chdir(repository)
    asyncio.set_event_loop(ros_loop.loop)
    catalogue = Catalogue(BUILT_IN)
    workflow, problems = read_workflow(str(Path(GRAPH)), catalogue.signature)
    graph = build_graph(workflow, catalogue, problems)
    placement = place(graph, "")
    settings = RunSettings(lifecycle=True)

    def make(ending, generation):
        process = GraphProcess(graph, placement, next(iter(placement.processes)),
                               replace(settings, run_id=str(generation)), StatusChannel(None))
        return process._make(ros_loop.context, ros_loop.loop, ending)
    yield ProcessLife(make, ros_loop.loop)
    asyncio.set_event_loop(None)


@pytest.fixture
def activate(life, ros_loop):
    """Activate and deactivate it so many times."""
    def activate(times):
        async def run():
            begun = asyncio.Event()
            running = asyncio.ensure_future(life.run(begun.set, lambda error: None))
            await begun.wait()
            life.stop(DEACTIVATED)
            assert await running == DEACTIVATED

        for generation in range(times):
            life.load(generation)
            ros_loop.run(run())
            life.take_apart()
    return activate


def objects():
    gc.collect()
    return Counter(str(type(each)) for each in gc.get_objects())


@pytest.mark.long
def test_no_object_outlives_an_activation(activate):
    activate(2)  # what is made once
    before = objects()
    activate(CYCLES)
    grown = objects() - before
    assert {kind: count for kind, count in grown.items() if count >= CYCLES} == {}
