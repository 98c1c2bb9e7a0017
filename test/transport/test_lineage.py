"""When an item is handled, and where one goes on that takes another's place."""

import secrets

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dnne_ros.errors import PeerError
from dnne_ros.transport.arrivals import Arrivals
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import Credit
from dnne_ros.transport.frame import Frame, FrameKind
from dnne_ros.transport.kept_items import KeptItem
from dnne_ros.transport.lineage import Lineage
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.resumed import COLUMNS, Resumed
from dnne_ros.transport.round_log import RoundLog
from dnne_ros.transport.stats import EdgeStats
from dnne_ros.transport.watermark import Watermark
from dnne_ros.transport.window import Window

CAPACITY = 3
FILTERED = 4
"""A node in the middle gives nothing for each item with this remainder zero."""


@pytest.fixture
def logs():
    """Return what opens the log of a node anew, as the process that takes its place does."""
    run, opened = secrets.token_hex(8), []

    def open_log(node="n", width=3):
        opened.append(RoundLog(run, node, width))
        return opened[-1]
    yield open_log
    for log in opened:
        log.close()


def credit(**numbers):
    return Credit("c", 1, 1, **numbers)


def sending(policy=EdgePolicy.LOSSLESS):
    """Return a window with one consumer, and what sends one more item."""
    consumer = Consumer("c", "e", policy, CAPACITY)
    window = Window([consumer], lambda *_: None)

    def send():
        window.sent += 1
        window.add(KeptItem(window.sent, b"", 0, None, ""))
    return window, consumer, send


def joined(lineage, port, taken=lambda: 0):
    """Join an input and return the list of what is skipped."""
    skipped = []
    lineage.join(port, taken, skipped.append)
    return skipped


def test_an_item_waits_for_all_that_was_made_of_it(logs):
    lineage, handled = Lineage("n", logs(), ["i"], ["a", "b"]), []
    (first, to_first, send_first), (second, to_second, send_second) = sending(), sending()
    joined(lineage, "i")
    lineage.follow("a", first, lambda: None)
    lineage.follow("b", second, lambda: None)
    send_first()
    send_second()
    lineage.finish("i", handled.append, 1)
    send_first()
    lineage.finish("i", handled.append, 2)
    lineage.finish("i", handled.append, 3)  # nothing was made of it
    assert handled == []
    first.note(to_first, credit(received=2, taken=2, handled=2))
    assert handled == []
    second.note(to_second, credit(received=1, taken=1, handled=0))
    assert handled == []
    second.note(to_second, credit(received=1, taken=1, handled=1))
    assert handled == [1, 2, 3]


def test_nobody_waits_for_consumers_that_may_miss_items(logs):
    lineage, handled = Lineage("n", logs(width=2), ["i"], ["o"]), []
    window, _, send = sending(EdgePolicy.LATEST)
    joined(lineage, "i")
    lineage.follow("o", window, lambda: None)
    send()
    lineage.finish("i", handled.append, 1)
    assert handled == [1]


def rounds(lineage, window, send, count, taken):
    """Let a node of two inputs take ``count`` items of each and give one for every second."""
    for number in range(1, count + 1):
        taken[0] = number
        if number % 2:
            send()
        lineage.finish("a", lambda number: None, number)
        lineage.finish("b", lambda number: None, number)


def test_inputs_that_begin_at_different_rounds_go_on_together(logs):
    taken = [0]
    lineage = Lineage("n", logs(), ["a", "b"], ["o"])
    window, _, send = sending()
    for port in ("a", "b"):
        lineage.join(port, lambda: taken[0], lambda number: None)
    lineage.follow("o", window, lambda: None)
    assert lineage.ready and lineage.base("o") == 0
    rounds(lineage, window, send, 9, taken)

    ready = []
    again = Lineage("n", logs(), ["a", "b"], ["o"])
    skipped = {port: joined(again, port) for port in ("a", "b")}
    again.follow("o", sending()[0], lambda: ready.append(again.base("o")))
    assert not again.ready and again.base("o") is None
    again.begin("a", 5)  # its producer knows that four are handled
    again.begin("b", 7)  # the other one's knows of six
    assert again.ready and ready == [3]  # what came of six rounds
    assert skipped == {"a": [6], "b": [6]}
    assert again.of_output("o").sent_before() == 6  # five were sent, perhaps one more


def test_who_dies_in_its_first_round_may_have_sent_one_item(logs):
    first = Lineage("n", logs(), ["a"], ["o"])
    assert first.of_output("o").sent_before() == 0
    assert Lineage("n", logs(), ["a"], ["o"]).of_output("o").sent_before() == 1


def test_a_source_may_have_sent_a_window_before_the_first_word_of_a_consumer(logs):
    window, _, send = sending()
    source = Resumed(logs("s", COLUMNS))
    source.follow(window)
    for _ in range(CAPACITY):
        send()
    again = Resumed(logs("s", COLUMNS))
    assert again.base(None) == 0 and again.sent_before() == CAPACITY


def test_where_nobody_can_know_where_to_go_on_the_run_ends(logs):
    log = logs(width=1)
    log.append([1])
    again = Lineage("n_2", logs(width=1), ["i"], [])
    joined(again, "i")
    again.begin("i", 40)
    with pytest.raises(PeerError, match="n_2 cannot go on without a loss"):
        assert again.ready


def test_a_source_goes_on_with_what_was_not_handled(logs):
    window, consumer, send = sending()
    source = Resumed(logs("s", COLUMNS))
    assert source.base(None) == 0 and source.sent_before() == 0
    source.follow(window)
    for _ in range(5):
        send()
    window.note(consumer, credit(received=5, taken=4, handled=3))
    send()
    again = Resumed(logs("s", COLUMNS))
    assert again.base(None) == 3 and again.base(5) == 5
    assert again.sent_before() >= 6


class Producer:
    """The sending half of a process: what it keeps for one consumer, and the wire to it."""

    def __init__(self, base):
        self.consumer = Consumer("c", "e", EdgePolicy.LOSSLESS, CAPACITY)
        self.window = Window([self.consumer], lambda _, frame, by: self.wire.append(frame))
        self.wire = []
        self.begin_after(base)

    def begin_after(self, base):
        self.window.sent = self.consumer.taken = base

    @property
    def full(self):
        return self.window.sent >= self.consumer.room_until(self.window.sent)

    def send(self, value):
        self.window.sent += 1
        frame = Frame(FrameKind.INLINE, 0, 1, self.window.sent, 0, value)
        self.window.add(KeptItem(frame.number, frame, 0, None, ""))
        self.wire.append(frame)


class Input:
    """The receiving half of a process."""

    def __init__(self):
        self.stats, self.items = EdgeStats(), []
        self.taken, self.handled = Watermark(), Watermark()
        self.arrivals = Arrivals(True, self.stats, lambda frame, *_: self.items.append(frame),
                                 CAPACITY)

    def begin(self, first):
        before = self.arrivals.next
        self.taken.skip(before, first)
        self.handled.skip(before, first)
        self.arrivals.expect(first)

    def credit(self):
        return credit(received=self.arrivals.next - 1, taken=self.taken.done,
                      handled=self.handled.done)


class Middle:
    """A process with a node that keeps nothing: it may die at any moment.

    It takes one item of each input a round and gives their sum, but for some.
    """

    def __init__(self, run, name, inputs):
        self.log = RoundLog(run, name, inputs + 1)
        ports = [f"i{index}" for index in range(inputs)]
        self.lineage = Lineage(name, self.log, ports, ["o"])
        self.inputs = {port: Input() for port in ports}
        for port, input in self.inputs.items():
            self.lineage.join(port, lambda port=port: self.through(port),
                              lambda number, input=input: input.begin(number + 1))
        self.output = Producer(0)
        self.lineage.follow("o", self.output.window, lambda: None)
        self.in_hand = {}
        self.at = 0

    def through(self, port):
        """Return which item of an input the round that is over has taken."""
        return self.inputs[port].taken.done

    def step(self, gives):
        """Do one thing: take an item of the next input, or give what follows from all."""
        if self.at == len(self.inputs):
            if self.output.full:
                return
            total = sum(frame.end for frame in self.in_hand.values())
            if total % FILTERED:
                self.output.send(total)
            self.at = 0
        port = f"i{self.at}"
        input = self.inputs[port]
        if port in self.in_hand:  # it asks for the next: the one before is done with
            self.lineage.finish(port, input.handled.add, self.in_hand.pop(port).number)
        if input.items:
            self.in_hand[port] = input.items.pop(0)
            input.taken.add(self.in_hand[port].number)
            self.at += 1


class Several(Middle):
    """A process whose node has replicas: it takes some rounds before it gives what came of the
    first, and is through with each when that is given."""

    AHEAD = 3

    def __init__(self, run, name, inputs):
        self.rounds, self.settled = [], {}
        super().__init__(run, name, inputs)

    def through(self, port):
        return self.settled[port]

    def step(self, gives):
        """Do one thing: give what came of the first round, or take an item."""
        input = self.inputs[f"i{self.at}"]
        if not (gives and self.rounds) and len(self.rounds) < self.AHEAD and input.items:
            frame = self.in_hand[f"i{self.at}"] = input.items.pop(0)
            input.taken.add(frame.number)
            self.at += 1
            if self.at == len(self.inputs):
                self.rounds.append(self.in_hand)
                self.in_hand, self.at = {}, 0
        elif gives and self.rounds and not self.output.full:
            taken = self.rounds.pop(0)
            total = sum(frame.end for frame in taken.values())
            if total % FILTERED:
                self.output.send(total)
            self.settled = {port: frame.number for port, frame in taken.items()}
            for port, number in self.settled.items():
                self.lineage.finish(port, self.inputs[port].handled.add, number)


EDGES = {0: ("s1", "m1", "i0"), 1: ("s2", "m2", "i0"), 2: ("m1", "m3", "i0"),
         3: ("m2", "m3", "i1"), 4: ("m3", "sink", "i0")}
"""Which node feeds which input of which."""
MIDDLES = {"m1": 1, "m2": 1, "m3": 2}
"""Nodes that may die, those that are fed first, with the number of their inputs."""


class Graph(RuleBasedStateMachine):
    """Two sources, a node behind each, one that adds up, a sink; on the real parts.

    Messages and credits are on their way for as long as it pleases, and die with the process at
    either end; the nodes in the middle die at any moment, several at once.
    """

    kind = Middle

    @initialize()
    def start(self):
        self.run = secrets.token_hex(8)
        self.sources = {"s1": Producer(0), "s2": Producer(0)}
        self.middles = {name: self.kind(self.run, name, inputs)
                        for name, inputs in MIDDLES.items()}
        self.sink = Input()
        self.made = {"s1": 0, "s2": 0}
        self.got = []

    def producer(self, edge):
        name = EDGES[edge][0]
        return self.sources[name] if name in self.sources else self.middles[name].output

    def input(self, edge):
        _, name, port = EDGES[edge]
        return self.sink if name == "sink" else self.middles[name].inputs[port]

    @rule(name=st.sampled_from(["s1", "s2"]))
    def make(self, name):
        if not self.sources[name].full:
            self.made[name] += 1
            self.sources[name].send(self.made[name])

    @rule(edge=st.sampled_from(sorted(EDGES)))
    def deliver(self, edge):
        if self.producer(edge).wire:
            self.input(edge).arrivals.receive(self.producer(edge).wire.pop(0), b"", "socket")

    @rule(edge=st.sampled_from(sorted(EDGES)))
    def tell(self, edge):
        producer = self.producer(edge)
        producer.window.note(producer.consumer, self.input(edge).credit())

    @rule(name=st.sampled_from(sorted(MIDDLES)), steps=st.integers(1, 4))
    def work(self, name, steps):
        for _ in range(steps):
            self.middles[name].step(gives=steps % 2 == 0)

    @rule()
    def drain(self):
        while self.sink.items:
            frame = self.sink.items.pop(0)
            self.sink.taken.add(frame.number)
            self.sink.handled.add(frame.number)
            self.got.append(frame.end)

    @rule(dead=st.sets(st.sampled_from(sorted(MIDDLES)), min_size=1))
    def kill(self, dead):
        """Let others take the places of some; they agree with their neighbours."""
        for name in sorted(dead):
            new = self.middles[name] = self.kind(self.run, name, MIDDLES[name])
            fed_by = {edge: source for edge, (source, target, _) in EDGES.items()
                      if target == name}
            for edge, source in fed_by.items():
                producer, input = self.producer(edge), self.input(edge)
                if source in dead:
                    first = self.middles[source].lineage.base("o") + 1
                else:
                    producer.wire.clear()
                    first = producer.consumer.handled + 1
                input.begin(first)
                new.lineage.begin(EDGES[edge][2], first)
            assert new.lineage.ready
            new.output.begin_after(new.lineage.base("o"))
            for edge in fed_by:
                producer = self.producer(edge)
                producer.window.begin(producer.consumer, self.input(edge).credit())
        for edge, (source, target, _) in EDGES.items():
            if source in dead and target not in dead:
                producer = self.producer(edge)
                producer.window.begin(producer.consumer, self.input(edge).credit())

    def wanted(self):
        one, other = ([n for n in range(1, self.made[name] + 1) if n % FILTERED]
                      for name in ("s1", "s2"))
        return [a + b for a, b in zip(one, other) if (a + b) % FILTERED]

    @invariant()
    def all_in_order_and_nothing_twice(self):
        if hasattr(self, "got"):
            assert self.got == self.wanted()[:len(self.got)]

    def teardown(self):
        if not hasattr(self, "got"):
            return
        for _ in range(20 * CAPACITY):
            for edge in EDGES:
                while self.producer(edge).wire:
                    self.deliver(edge)
            for name in MIDDLES:
                self.work(name, 4)
            self.drain()
            for edge in EDGES:
                self.tell(edge)
        assert self.got == self.wanted()
        for middle in self.middles.values():
            middle.log.close()


Graph.TestCase.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
test_whoever_dies_in_the_middle_nothing_is_lost = pytest.mark.slow(Graph.TestCase)


class GraphOfReplicas(Graph):
    """The same of nodes that have replicas, which take what they can while nothing is given."""

    kind = Several

    @rule()
    def rush(self):
        for name in self.sources:
            for _ in range(CAPACITY):
                self.make(name)
        for edge in EDGES:
            while self.producer(edge).wire:
                self.deliver(edge)
        for name in MIDDLES:
            self.work(name, 3)
            self.work(name, 3)

    @rule(count=st.integers(1, 2))
    def flow(self, count):
        """Let rounds be given, and what came of them be handled as far as it arrives."""
        for name, edge in (("m1", 2), ("m2", 3), ("m3", 4)):
            for _ in range(count):
                self.middles[name].step(gives=True)
            while self.producer(edge).wire:
                self.deliver(edge)
            for _ in range(2 * count):
                self.middles["m3"].step(gives=False)
        self.drain()
        for edge in reversed(EDGES):
            self.tell(edge)


GraphOfReplicas.TestCase.settings = Graph.TestCase.settings
test_whoever_has_replicas_and_dies_nothing_is_lost = pytest.mark.slow(GraphOfReplicas.TestCase)
