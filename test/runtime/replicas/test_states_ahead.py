"""States by key, whatever dies, fails or is scaled meanwhile: as one node would have them."""

import asyncio
from collections import defaultdict

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from replicated_node import ReplicatedNode

from dnne_ros import Dict, Input, Node, Output
from dnne_ros.graph.replicas import Replicas
from dnne_ros.node_api.keyed_states import KeyedStates
from dnne_ros.runtime.replicas.replica import ReplicaGoneError
from dnne_ros.runtime.replicas.replicated import Replicated
from dnne_ros.runtime.replicas.states_ahead import LentState, StatesAhead, lent_to

TURNS = 40


class Seen(Node):
    """Say which items of a key have been there; one that is bad fails after it was noted."""

    item = Input(Dict(), "Its number, its key and whether it is bad.")
    seen = Output(Dict(), "The key, and the numbers so far.")
    state_per = "item.key"

    def compute(self, item):
        if item["ends"]:
            self.keyed_state = {}
            return {"seen": {"number": item["number"], "seen": []}}
        self.keyed_state.setdefault("seen", []).append(item["number"])
        if item["bad"]:
            raise ValueError("bad")
        return {"seen": {"number": item["number"], "seen": self.keyed_state["seen"]}}


class Gated:
    """A replica that begins with an item, and gives its result, when the test says so."""

    def __init__(self, keys):
        self.node, self.gate, self.keys = Seen(), None, keys

    async def compute(self, items, state):
        assert state.key not in self.keys, "nobody else works on an item of the key"
        self.keys.add(state.key)
        mine = LentState(state.key, state.packed)
        made, error = None, None
        try:
            await self._wait()
            try:
                with lent_to(self.node, mine):
                    made = self.node.compute(**items)
            except ValueError as raised:
                error = raised
            await self._wait()
        finally:
            self.gate = None
            self.keys.discard(state.key)
        state.packed = mine.packed
        if error is not None:
            raise error
        return made

    async def _wait(self):
        self.gate = asyncio.get_running_loop().create_future()
        await self.gate

    def change(self, name, value):
        """Nothing changes."""

    async def close(self, seconds):
        """Nothing is to be given back."""


class Machine(ReplicatedNode, RuleBasedStateMachine):
    """Items, deaths, errors, restarts and other numbers of replicas at any moment."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.fed, self.passed_over = [], set()
        self.living, self.keys, self.arrivals, self.slow = {}, set(), {}, False

    @initialize(count=st.integers(1, 4), unordered=st.booleans())
    def begin(self, count, unordered):
        self.unordered = unordered
        self.node = Seen()
        self.node.context = self
        asked = Replicas(count, unordered=unordered)
        self.run(self._begin(asked, count))

    async def _begin(self, asked, count):
        self.replicated = Replicated(asked, count, self, {}, self.make, asked.item_key(Seen))
        self.start()

    async def make(self, node, place):
        if self.slow:
            self.arrivals[place] = self.loop.create_future()
            await self.arrivals[place]
        replica = self.living[place] = Gated(self.keys)
        return replica

    # What is done to it.

    def start(self):
        self.running = self.loop.create_task(self.replicated.process(self.node, self.monitor))

    def run(self, coroutine):
        async def and_turn():
            await coroutine
            await turns()
        self.loop.run_until_complete(and_turn())
        while self.running.done():
            self.pass_over()
            self.loop.run_until_complete(turns())

    def pass_over(self):
        """Go on behind an item that has failed, as the policy `warn` does."""
        self.passed_over.add(self.replicated.at - 1)
        assert isinstance(self.running.exception(), ValueError | RuntimeError)
        self.start()

    def open(self, replica, error=None):
        async def release():
            if error is None:
                replica.gate.set_result(None)
            else:
                replica.gate.set_exception(error)
        self.run(release())

    def at_work(self):
        return [replica for _, replica in sorted(self.living.items()) if replica.gate is not None]

    @rule(key=st.integers(0, 4), bad=st.integers(0, 9), ends=st.integers(0, 9))
    def feed(self, key, bad, ends):
        item = {"number": len(self.fed), "key": f"k{key}", "bad": not bad, "ends": not ends}
        self.fed.append(item)

        async def put():
            self.items.put_nowait(item)
        self.run(put())

    @precondition(lambda self: self.at_work())
    @rule(data=st.data())
    def go_on(self, data):
        self.open(data.draw(st.sampled_from(self.at_work())))

    @precondition(lambda self: self.at_work())
    @rule(data=st.data())
    def kill(self, data):
        self.open(data.draw(st.sampled_from(self.at_work())), ReplicaGoneError("was killed"))

    @rule(count=st.integers(1, 5))
    def scale(self, count):
        async def change():
            self.replicated.scale(count)
        self.run(change())

    @rule(slow=st.booleans())
    def replicas_take_their_time(self, slow):
        """Let those that are made from now on be set up when `arrive` says so."""
        self.slow = slow

    def coming(self):
        return sorted(place for place, arrival in self.arrivals.items() if not arrival.done())

    @precondition(lambda self: self.coming())
    @rule(data=st.data(), error=st.sampled_from(
        [None, None, OSError("no device"), ReplicaGoneError("was killed")]))
    def arrive(self, data, error):
        place = data.draw(st.sampled_from(self.coming()))

        async def release():
            if error is None or (isinstance(error, OSError)
                                 and place <= self.replicated.all_there):
                self.arrivals[place].set_result(None)
            else:
                self.arrivals[place].set_exception(error)
                self.slow = False
        self.run(release())

    @rule()
    def make_anew(self):
        """Do as the policy `restart` does: the item at which the node is goes with it."""
        async def remake():
            self.running.cancel()
            await asyncio.wait({self.running})
            old, self.node = self.node, Seen()
            self.node.keyed_states, self.node.context = old.keyed_states, self
            awaited = self.replicated._awaited
            if awaited is not None:
                self.passed_over.add(awaited.number - 1)
            self.start()
        self.run(remake())

    @invariant()
    def it_is_as_one_node_would_be(self):
        if not hasattr(self, "replicated"):
            return
        model, expected = defaultdict(list), {}
        done = {each["number"] for each in self.given} | self.passed_over
        for item in self.fed:
            if item["number"] in done - self.passed_over:
                if item["ends"]:
                    model[item["key"]] = []
                else:
                    model[item["key"]].append(item["number"])
                expected[item["number"]] = list(model[item["key"]])
        assert {each["number"]: each["seen"] for each in self.given} == expected
        assert len(self.given) == len(expected), "none is given twice"
        if not self.unordered:
            assert done == set(range(len(done)))
            assert [each["number"] for each in self.given] == sorted(expected)
        saved = {f'"{key}"': f'{{"seen": {seen}}}' for key, seen in model.items() if seen}
        assert self.node.keyed_states.saved().values == {"keyed_states": saved}

    def teardown(self):
        async def through():
            self.slow = False
            for place in self.coming():
                self.arrivals[place].set_result(None)
            for _ in range(10 * len(self.fed) + 10):
                for replica in self.at_work():
                    replica.gate.set_result(None)
                await turns()
                if self.running.done():
                    self.pass_over()
        if hasattr(self, "replicated"):
            self.loop.run_until_complete(through())
            assert len(self.given) + len(self.passed_over) == len(self.fed), "none is lost"
            self.it_is_as_one_node_would_be()

            async def close():
                self.running.cancel()
                await asyncio.wait({self.running})
                await self.replicated.close()
            self.loop.run_until_complete(close())
        self.loop.close()


async def turns():
    for _ in range(TURNS):
        await asyncio.sleep(0)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_the_next_item_finds_what_was_computed_and_a_checkpoint_what_was_given():
    states, ahead = KeyedStates(Seen.state_key()), StatesAhead()
    rounds = []
    for text in ("A", "B", "A"):
        rounds.append(ahead.lend("k", states))
        rounds[-1].packed = text
        ahead.take_back(rounds[-1])
    for lent in rounds:
        assert ahead.lend("k", states).packed == "A"
        ahead.settle(lent, states)
        assert states.packed("k") == lent.packed
    ahead.lend("k", states).packed = "of a replica that died"
    assert ahead.lend("k", states).packed == "A"


def test_a_replica_has_the_state_of_one_key_and_only_while_it_works():
    node, lent = Seen(), LentState('"k"', '{"seen": [1]}')
    with lent_to(node, lent):
        node.compute(item={"number": 2, "key": "k", "bad": False, "ends": False})
    assert lent.packed == '{"seen": [1, 2]}' and len(node.keyed_states) == 0
