"""What every node type promises, as a test class for node types to subclass."""

from __future__ import annotations

import copy
import gc
import json
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from dnne_ros.node_api.drawn import DrawnNode, SettingsNode
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.state import NodeState
from dnne_ros.testing.assemblies import misfits
from dnne_ros.testing.cases import Case, Links, usual_links, usual_settings
from dnne_ros.testing.context import InMemoryContext
from dnne_ros.testing.declared import DeclaredOutputs, undeclared_use
from dnne_ros.testing.driver import run
from dnne_ros.testing.leaks import LeftBehindError, Suspensions
from dnne_ros.testing.trial import Trial
from dnne_ros.testing.values import Draw, copy_of, difference, example

NOTHING = object()
"""Returned by `NodeContract.make_input`: the input gets no item this time."""


class NodeContract:
    """Tests of a node type: ``class TestMyNode(NodeContract): node_type = MyNode``.

    Inputs are made up by their port types, axes of the same name of the same length.  What a type
    needs beyond that, a subclass says by overriding attributes and methods above `cases`.
    """

    node_type: ClassVar[type[Node]]
    sizes: ClassVar[Mapping[str, int]] = {}
    """Lengths of axes by name, where not every length will do."""
    settings: ClassVar[Mapping[str, Any]] = {}
    """Values of widgets in every case."""
    widget_values: ClassVar[Sequence[Mapping[str, Any]] | None] = None
    """Further values of widgets to try, beside `settings`; None: each other choice and truth
    value of those that `settings` does not give."""
    context_options: ClassVar[Mapping[str, Any]] = {}
    """Arguments of `InMemoryContext`."""
    rounds: ClassVar[int] = 3
    """How many items each input gets; before and after a state is saved, as many each."""
    seeds: ClassVar[Sequence[int]] = (0, 1)
    cancellations: ClassVar[int] = 12
    """At how many of the points where the node waits it is cancelled, in turn."""
    not_resumed: ClassVar[Sequence[str]] = ()
    """Outputs that are others after a state was loaded, as what they count starts anew."""
    linked_settings: ClassVar[Mapping[str, type[SettingsNode]]] = {}
    """Of a composite node: the settings nodes that are linked to its inputs."""

    def links(self, values: Mapping[str, Any]) -> Sequence[Links]:
        """Return which ports to link under these widget values, in turn."""
        return usual_links(self.node_type)

    def make_node(self, values: Mapping[str, Any]) -> Node:
        """Return a node that is not set up."""
        return self.node_type(values)

    def make_input(self, name: str, draw: Draw) -> Any:
        """Return an item for an input, or `NOTHING`.

        Of an input that takes several types, the types take turns with the seeds.
        """
        port = self.node_type.inputs[name]
        types = (port.type, *port.accepts_also)
        return example(types[draw.variant % len(types)], draw)

    async def run_round(self, context: InMemoryContext, draw: Draw) -> None:
        """Feed an item to each input that is a stream, and wait until the node is done with it.

        A node without such inputs is waited for until it has sent something more.
        """
        streams = self.streams(context)
        for name in streams:
            value = self.make_input(name, draw)
            if value is not NOTHING:
                context.feed(name, value)
        if streams:
            await context.idle()
        else:
            more = max(1, len(self.node_type.outputs))
            await context.sends(len(context.sent) + more, or_is_through=True)

    def copy_held(self, name: str, value: Any) -> Any:
        """Return, when the state is saved, what the resumed node gets at a held input."""
        return copy.deepcopy(value)

    async def on_resume(self, context: InMemoryContext, draw: Draw) -> None:
        """Feed what a resumed node is given before all else, beside its held inputs."""

    def comparable(self, port: str, value: Any) -> Any:
        """Return what of an output is the same for a resumed node; what time it took is not."""
        return value

    # Of no concern to subclasses.

    def streams(self, context: InMemoryContext) -> list[str]:
        """Return the linked inputs that get item after item."""
        return [name for name, port in self.node_type.inputs.items()
                if context.is_linked(name) and not port.type.held]

    def cases(self) -> Iterator[Case]:
        """Yield the ways to run a node in turn; a node of drawings alone has none."""
        if issubclass(self.node_type, DrawnNode):
            return
        others = self.widget_values
        values = (usual_settings(self.node_type, self.settings) if others is None else
                  [{**self.settings}, *({**self.settings, **each} for each in others)])
        for each in values:
            for links in self.links(each):
                for seed in self.seeds if each is values[0] else self.seeds[:1]:
                    yield Case(self.node_type, each, links, seed)
        yield Case(self.node_type, values[0], self.links(values[0])[0], inference=True)

    def test_the_default_settings_are_legal(self) -> None:
        """What widgets say without being asked is what they take.

        So do the parts of a node of drawings, and their links lead somewhere.
        """
        defaults = {name: widget.check(widget.default)
                    for name, widget in self.node_type.widgets.items()}
        wrong = [*self.node_type.validate_parameters(defaults),
                 *misfits(self.node_type, self.linked_settings)]
        assert not wrong, f"{self.node_type.type_name}: {wrong}"

    def test_outputs_are_as_declared(self) -> None:
        """What is sent has the declared type, axes, and the same value in another process.

        So are the topics and services that the node uses beside its ports.
        """
        given = False
        for case in self.cases():
            with _named(case):
                trial = Trial(self, case)
                _run(trial.whole())
                undeclared = undeclared_use(trial.node, trial.context)
                assert not undeclared, undeclared
                declared = DeclaredOutputs(trial.draw.sizes)
                for name, value in trial.context.sent:
                    misfit = declared.misfit(self.node_type.outputs[name], value)
                    assert not misfit, f"output {name!r}: {misfit}"
                    given = True
        drawn = issubclass(self.node_type, DrawnNode)
        assert given or drawn or not self.node_type.outputs, (
            f"{self.node_type.type_name} has sent nothing: give it other inputs, or more rounds")

    def test_what_is_handed_over_is_not_written_to(self) -> None:
        """Inputs belong to others too, and so does what was sent."""
        for case in self.cases():
            with _named(case):
                trial = Trial(self, case)
                _run(trial.whole())
                for port, before, value in trial.context.handed:
                    text = difference(before, value)
                    assert not text, f"{port} was written to: {text}"

    def test_a_saved_state_goes_on(self) -> None:
        """A new node with the saved state gives what the first one gives after saving."""
        for case in self.cases():
            if not case.inference:
                with _named(case):
                    _run(self._resume(case))

    def test_cancelled_anywhere_it_leaves_nothing_behind(self) -> None:
        """It ends when cancelled, and then no task, thread or open file of its is left."""
        complaints: list[str] = []
        gc.freeze()  # collecting is for what is made from here on; a loaded torch takes it long
        try:
            for case in self._unlike_cases():
                with _named(case):
                    points = Suspensions()
                    _run(Trial(self, case).whole(points))
                    some = np.linspace(1, points.count, min(points.count, self.cancellations))
                    for point in (0, *sorted(set(some.astype(int).tolist()))):
                        try:
                            _run(Trial(self, case).cancelled(point, complaints.append))
                        except LeftBehindError:
                            # What a library's threads open meanwhile is not there a second time.
                            _run(Trial(self, case).cancelled(point, complaints.append))
            gc.collect()  # what its tasks ended with, and nobody asked for, is told now
        finally:
            gc.unfreeze()
        assert not complaints, f"{self.node_type.type_name}: {complaints}"

    def _unlike_cases(self) -> Iterator[Case]:
        """Yield cases that wait at different points: numbers and usual choices make none."""
        for case in self.cases():
            as_set = self.widget_values is not None or case.values == self.settings
            if as_set and case.seed == self.seeds[0]:
                yield case

    async def _resume(self, case: Case) -> None:
        announces = self.node_type.announces_boundaries
        first = Trial(self, case, saves=announces)
        async with first.driver as context:
            await first.begin()
            await first.go_on(self.rounds)
            saved = context.saved[-1] if announces and context.saved else await context.save()
            if announces:
                assert context.saved[0].unread == 0, (
                    "there is no boundary behind the last item: give it other inputs, or rounds")
            assert saved.state is not None or not self.node_type.keeps_state(), (
                "save_state() returned None, which means not yet: no checkpoint is written until "
                "then; NodeState() is an empty one")
            state = _through_a_file(saved.state)
            held = {name: self.copy_held(name, value) for name, value in first.draw.held.items()}
            sent = len(context.sent)
            await first.go_on(self.rounds)
            expected = context.sent[sent:]
        second = Trial(self, case, state=state, like=first.draw, held=held)
        async with second.driver as context:
            await second.begin()
            again = await second.node.save_state(True)
            text = difference(_through_a_file(saved.state), _through_a_file(again))
            assert not text, f"a state that was loaded is saved as another one: {text}"
            sent = len(context.sent)
            await self.on_resume(context, second.draw)
            second.skip(self.rounds)
            await second.go_on(self.rounds)
            found = context.sent[sent:]
        if case.links.inputs:
            self._compare(expected, found)

    def _compare(self, expected: Iterable[tuple[str, Any]], found: Iterable[tuple[str, Any]]
                 ) -> None:
        for name, port in self.node_type.outputs.items():
            if port.type.held or name in self.not_resumed:
                continue
            one, other = ([self.comparable(name, value) for each, value in sent if each == name]
                          for sent in (list(expected), list(found)))
            text = difference(one, other)
            assert not text, (
                f"output {name!r} after the state was loaded: {text} (by item; what a node goes "
                "on with belongs into save_state)")


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    run(coroutine)


@contextmanager
def _named(case: Case) -> Iterator[None]:
    """Name the case in whatever goes wrong with it."""
    try:
        yield
    except Exception as error:
        text = str(error) if isinstance(error, AssertionError) else (
            f"{type(error).__name__}: {error}")
        raise AssertionError(f"{case}: {text}") from error


def _through_a_file(state: NodeState | None) -> NodeState | None:
    """Return a state as it comes out of a checkpoint; TypeError for what JSON cannot hold."""
    if state is None:
        return None
    return NodeState(copy_of(state.weights), copy_of(state.tensors),
                     json.loads(json.dumps(state.values)))
