"""Simple operations are written into a region's function: nobody can tell, but for the time."""

import traceback
from types import SimpleNamespace

import pytest
from networks import Network, turns

from dnne_ros.node_api.answering import ByName
from dnne_ros.node_api.inline import Inline


class Chain:
    """Three nodes that are one region, of which b is inlined."""

    def __init__(self, inline, node=None, unlinked=()):
        self.called = []

        def compute(number, **other):
            self.called.append(number)
            return {"out": number, "more": number}

        self.network = Network({
            "a": ({"in": "source.out"}, lambda item: {"out": item}),
            "b": ({"number": "a.out"}, ByName(compute, ["number"], unlinked, inline, node)),
            "c": ({"in": "b.out"}, lambda item: {"out": item})}, taken=("c.out", "b.more"))
        self.network.start()

    async def warm(self):
        """Let a and c show what they give."""
        await self.passed(1)
        await self.network.ends["b.more"].get(None)
        self.called.clear()

    async def passed(self, *numbers):
        found = []
        await turns()
        for number in numbers:
            await self.network.sources["source.out"].send(number)
            await turns()
            found += [await self.network.ends["c.out"].get(None)]
        return found


def test_an_expression_stands_in_the_place_of_the_call(run_async):
    async def main():
        chain = Chain(Inline("abs(2 * number) if other is None else missing()", "-number",
                             missing=lambda: 0), unlinked=["other"])
        await chain.warm()
        assert await chain.passed(1, -2, 3) == [2, 4, 6]
        assert [await chain.network.ends["b.more"].get(None) for _ in range(3)] == [-1, 2, -3]
        assert chain.called == []
        counts = chain.network.counts()
        assert {counts[name] for name in counts if "→" in name} == {(4, 4, 0)}
    run_async(main())


def test_widgets_are_live_and_self_is_the_node(run_async):
    async def main():
        node = SimpleNamespace(values={"addend": 1}, factor=10)
        chain = Chain(Inline("self.factor * number + addend", "addend"), node)
        await chain.warm()
        assert await chain.passed(1, 2) == [11, 21]
        node.values["addend"], node.factor = 5, 100
        assert await chain.passed(1, 2) == [105, 205]
        assert chain.called == []
    run_async(main())


def test_an_error_is_that_of_the_node_whose_expression_it_is_and_shows_it(run_async):
    async def main():
        chain = Chain(Inline("6 // number", "number"))
        await chain.warm()
        assert await chain.passed(3) == [2]
        await chain.network.sources["source.out"].send(0)
        await turns()
        with pytest.raises(ZeroDivisionError) as caught:
            chain.network.nodes["b"].task.result()
        shown = "".join(traceback.format_exception(caught.value))
        assert "compiled region" in shown and "6 // item" in shown.replace("v0", "item")
        counts = chain.network.counts()
        assert counts["a.out → b/number"] == (3, 3, 0)
        assert counts["b.out → c/in"] == (2, 2, 0)
        assert [chain.network.nodes[name].items for name in "abc"] == [3, 3, 2]
    run_async(main())


def test_what_breaks_its_declaration_is_named_and_the_other_output_given(run_async):
    """The second value of a round is checked when the first has gone on."""
    async def main():
        chain = Chain(Inline("number", "number / 2 if number % 2 else number"))
        await chain.warm()
        assert await chain.passed(2, 4) == [2, 4]
        await chain.network.sources["source.out"].send(3)
        await turns()
        with pytest.raises(TypeError):
            chain.network.nodes["b"].task.result()
        assert await chain.network.ends["c.out"].get(None) == 3
        assert chain.network.counts()["b.more"] == 3
    run_async(main())


def test_who_is_cut_out_is_called(run_async):
    async def main():
        chain = Chain(Inline("number", "number"))
        await chain.warm()
        found = await chain.passed(1, 2)
        chain.network.nodes["b"].cut()
        found += await chain.passed(3, 4)
        chain.network.nodes["b"].rejoin()
        found += await chain.passed(5)
        assert found == [1, 2, 3, 4, 5]
        assert chain.called == [3, 4]
    run_async(main())


def test_text_of_a_workflow_is_no_part_of_the_function(run_async):
    """Names of nodes and ports, and values, are strangers' text."""
    async def main():
        node = SimpleNamespace(values={"say": "'); raise SystemExit  #"})
        chain = Chain(Inline("len(say) + number", "number"), node)
        await chain.warm()
        assert await chain.passed(1) == [24]
        for region in chain.network.regions._regions:
            for rounds, _ in region._compiled.values():
                assert "SystemExit" not in rounds.written.text
    run_async(main())


def test_the_function_is_shown_to_who_asks_with_whose_its_lines_are(
        run_async, monkeypatch, capsys):
    monkeypatch.setenv("DNNE_ROS_SHOW_COMPILED", "1")

    async def main():
        await Chain(Inline("3 * number", "number")).passed(1, 2)
    run_async(main())
    shown = capsys.readouterr().err
    assert "def go(until):" in shown
    assert any("= 3 * " in line and line.endswith("# b") for line in shown.splitlines())
