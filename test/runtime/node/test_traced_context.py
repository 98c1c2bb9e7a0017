"""A node's context while it is recorded, and while it is not."""

import asyncio
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from dnne_ros.debugging.places import Places
from dnne_ros.node_api.port_types import AnyValue
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.debugging.stops import Stops
from dnne_ros.runtime.edges.input_port import HeldInput
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.node.context import HostContext
from dnne_ros.runtime.regions.regions import Regions
from dnne_ros.tracing.parts import parts_in, read_parts
from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.tracer import NodeTracer, Tracer
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.workflow.records import PortRef

ABOUT = {"graph": "/made", "run": "1", "host": "", "outside": [], "edges": [],
         "nodes": {"loop": "Loop"}}


@pytest.fixture
def pause():
    return Pause("main")


@pytest.fixture
def context(pause):
    """Return the context of a node that is linked to itself, with an input that holds a value."""
    edge = LocalEdge("loop/out → loop/in", EdgePolicy.LOSSLESS, 100)
    model = LocalEdge("loop/model → loop/held", EdgePolicy.LOSSLESS, 1)
    model.deliver("the model")
    host = SimpleNamespace(
        graph_node=SimpleNamespace(id="1", title="", priority=0, type=SimpleNamespace(
            type_name="Loop", outputs={"out": None}, acts_outside=False), ros_name="loop"),
        get_fully_qualified_name=lambda: "/made/loop",
        get_logger=lambda: SimpleNamespace(name="made.loop"),
        get_clock=lambda: SimpleNamespace(ros_time_is_active=False,
                                          create_jump_callback=lambda *_, **__: None))
    wiring = SimpleNamespace(
        together=nullcontext,
        inputs={PortRef("1", "in"): edge, PortRef("1", "held"): HeldInput(model)},
        outputs={PortRef("1", "out"): OutputPort(AnyValue(), [edge], None, None, None)})
    return HostContext(host, None, wiring, RunSettings(), None, None, None, None, None,
                       pause, Stops(pause, Places([], {})), Regions(None, compiled=False),
                       lambda: None)


async def rounds(context, count):
    for number in range(count):
        await context.put("out", number)
        assert await context.get("in", None) == number
        assert await context.get("held", None) == "the model"


def test_off_no_item_meets_any_code_of_the_tracer(run_async, context, tmp_path):
    called = []

    def note(frame, event, _):
        if event == "call" and "tracing" in frame.f_code.co_filename.split("dnne_ros")[-1]:
            called.append(frame.f_code.co_name)

    def calls():
        sys.setprofile(note)
        try:
            run_async(rounds(context, 10))
        finally:
            sys.setprofile(None)
        found, called[:] = len(called), []
        return found

    assert calls() == 0
    tracer = Tracer(tmp_path, "main", ABOUT, 1, 1000)
    context.trace(NodeTracer(tracer, "loop"))
    assert calls() > 0
    context.trace(None)
    assert calls() == 0
    tracer.close()


def test_who_is_recorded_answers_at_once_as_always_and_who_stands_still_does_not(
        context, pause, tmp_path):
    tracer = Tracer(tmp_path, "main", ABOUT, 1, 1000)
    context.trace(NodeTracer(tracer, "loop"))
    assert context.has_room(["out"])
    context.put_now("out", 7)
    context.trace(None)
    tracer.close()
    [act] = read_parts(parts_in(tmp_path)).acts["loop"]
    assert (act.kind, act.port, act.number, act.text) == (Kind.SENT, "out", 1, "int")
    pause.set(True)
    assert not context.has_room(["out"])


def test_on_items_rests_and_marks_are_recorded(run_async, context, tmp_path):
    tracer = Tracer(tmp_path, "main", ABOUT, 1, 1000)

    async def main():
        await rounds(context, 2)
        context.mark("nobody records yet")
        context.trace(NodeTracer(tracer, "loop"))
        await rounds(context, 3)
        await context.clock.sleep_until(context.clock.now_ns() + 1000)
        context.mark("update", 7)
        context.trace(None)
        await rounds(context, 2)
        await asyncio.sleep(0)

    run_async(main())
    tracer.close()
    acts = read_parts(parts_in(tmp_path)).acts["loop"]
    assert [(act.kind, act.port, act.number, act.text) for act in acts] == [
        *((kind, port, number, text) for number in (3, 4, 5) for kind, port, text in (
            (Kind.SENT, "out", "int"), (Kind.TAKEN, "in", ""))),
        (Kind.RESTED, "", 0, ""), (Kind.MARK, "", 7, "update")]
    assert context.items == 14 and context.sent == 7


def test_who_is_looked_at_goes_on_to_answer_at_once_and_is_recorded(run_async, context, tmp_path):
    tracer = Tracer(tmp_path, "main", ABOUT, 1, 1000)
    answered = []

    def answer(number):
        answered.append(number)
        return {"out": number + 1}

    async def main():
        context.glance(NodeTracer(tracer, "loop"))
        assert context.has_room(["out"])
        with context.answering(["in"], answer):
            waiting = asyncio.ensure_future(context.get("in", None))
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(context._own_inputs["in"].deliver, 1)
            for _ in range(5):
                await asyncio.sleep(0)
        context.glance(None)
        waiting.cancel()

    run_async(main())
    tracer.close()
    assert answered == [1]
    acts = read_parts(parts_in(tmp_path)).acts["loop"]
    assert [(act.kind, act.port, act.number, act.text) for act in acts][:2] == [
        (Kind.TAKEN, "in", 1, ""), (Kind.SENT, "out", 1, "int")]
    assert context._inputs["in"] is context._own_inputs["in"]
