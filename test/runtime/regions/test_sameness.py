"""One question tells whether all is as it was when rounds were compiled."""

import asyncio
from types import SimpleNamespace

import pytest

from dnne_ros.node_api.port_types import Int
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Giver, Member
from dnne_ros.runtime.regions.sameness import sameness
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy


class Pair:
    """A giver of numbers and a member that waits for them: what a question can be asked of."""

    def __init__(self):
        self.edge = LocalEdge("a → b", EdgePolicy.LOSSLESS, 100)
        self.output = OutputPort(Int(), [self.edge], None, None, None)
        self.contexts = [SimpleNamespace(node_id=name, may_answer=True, traced_by=None)
                         for name in "ab"]
        self.members = [Giver(self.contexts[0], {"out": self.output}, ("out",)),
                        Member(self.contexts[1], {"number": self.edge}, {}, print)]

    async def waiting(self):
        """Let the second one's coroutine wait."""
        self.reader = asyncio.ensure_future(self.edge.get())
        await asyncio.sleep(0)
        return self

    def question(self):
        return sameness(self.members, [self.output], [self.edge])

    def stop_waiting(self):
        self.reader.cancel()


@pytest.fixture
def asked(run_async):
    """Return what runs ``change(pair)`` and tells what was answered before and after it."""
    def ask(change, before=lambda pair: None):
        async def main():
            pair = await Pair().waiting()
            before(pair)
            is_same = pair.question()
            answers = [is_same()]
            change(pair)
            await asyncio.sleep(0)
            answers.append(is_same())
            pair.stop_waiting()
            return answers
        return run_async(main())
    return ask


def set_to(name, value, of):
    return lambda pair: setattr(of(pair), name, value)


@pytest.mark.parametrize("change", [
    set_to("may_answer", False, lambda pair: pair.contexts[0]),
    set_to("may_answer", False, lambda pair: pair.contexts[1]),
    set_to("traced_by", object(), lambda pair: pair.contexts[1]),
    set_to("gives", ("another",), lambda pair: pair.members[0]),
    set_to("watchers", 1, lambda pair: pair.output),
    set_to("breathes", True, lambda pair: pair.output),
    lambda pair: pair.output.turns.append(object()),
    lambda pair: pair.edge.append(1),
    lambda pair: pair.stop_waiting()],
    ids=["first is looked at", "second is looked at", "recorded", "gives another", "watched",
         "sends", "waits for room", "item", "not at rest"])
def test_whatever_rounds_depend_on_makes_it_another(asked, change):
    assert asked(change) == [True, False]


def test_what_changes_nothing_for_rounds_is_the_same(asked):
    assert asked(lambda pair: setattr(pair.output, "sent", 5)) == [True, True]


def test_it_is_the_same_again_when_all_is_as_it_was(asked):
    def there_and_back(pair):
        pair.output.watchers = 1
        pair.output.watchers = 0
        pair.edge.append(1)
        pair.edge.pop()

    assert asked(there_and_back) == [True, True]


@pytest.mark.parametrize("before, change", [
    (set_to("watchers", 1, lambda pair: pair.output),
     set_to("watchers", 0, lambda pair: pair.output)),
    (lambda pair: pair.edge.append(1), lambda pair: pair.edge.pop())],
    ids=["watched", "item"])
def test_it_is_about_how_things_were_when_it_was_made(asked, before, change):
    assert asked(change, before) == [True, False]
