"""What edges between two processes share: one line, and packets of several messages."""

import pytest

from dnne_ros.transport.bundle import Bundle, Departures


class Loop:
    """An event loop's hooks; `turn` and `rest` are when it would call them."""

    def __init__(self):
        self.at_turn, self.at_rest = [], []
        self.before_wait, self.in_a_while = self.at_turn.append, self.at_rest.append

    def turn(self):
        while self.at_turn:
            self.at_turn.pop(0)()

    def rest(self):
        while self.at_rest:
            self.at_rest.pop(0)()


class Wire:
    """One end of a line: packets arrive when the test says so; ``room`` for so many."""

    name, most_bytes = "wire", 1000

    def __init__(self):
        self.on_packet = self.on_closed = self.on_room = self.other = None
        self.packets, self.room, self.closed = [], 100, False

    def send(self, parts):
        assert self.room > 0, "it was to wait for room"
        self.packets.append(b"".join(parts))
        assert len(self.packets[-1]) <= self.most_bytes
        self.room -= 1
        return self.room > 0

    def arrive(self):
        """Let all that was sent arrive; return how many packets there were."""
        packets, self.packets = self.packets, []
        for packet in packets:
            self.other.on_packet(packet)
        return len(packets)

    def make_room(self, room):
        self.room = room
        self.on_room()

    def close(self):
        self.closed = True


class End:
    """One process: what came to it by edge, and the edges that the other one has opened."""

    def __init__(self, wire):
        self.loop = Loop()
        self.departures = Departures(self.loop)
        self.came, self.opened, self.ended = [], [], []
        self.wire = wire
        self.bundle = Bundle(wire, self.loop, self.departures, self._on_strand,
                             self.ended.append)

    def open(self, name):
        return self.bundle.open(lambda message: self.came.append((name, bytes(message))),
                                lambda: self.ended.append(name))

    def _on_strand(self, strand, message):
        name = bytes(message).decode()
        self.opened.append(strand)
        strand.on_packet = lambda message: self.came.append((name, bytes(message)))
        strand.on_closed = lambda: self.ended.append(name)


@pytest.fixture
def ends():
    """Return two processes, of which the first takes ``a`` and ``b`` from the second."""
    wires = Wire(), Wire()
    wires[0].other, wires[1].other = wires[1], wires[0]
    ends = End(wires[0]), End(wires[1])
    ends[0].strands = [ends[0].open(name) for name in "ab"]
    for strand, name in zip(ends[0].strands, "ab", strict=True):
        strand.send(name.encode())
    assert wires[0].arrive() == 2
    return ends


def test_each_message_comes_to_its_edge_at_once(ends):
    taking, giving = ends
    for number in b"123":
        for strand in giving.opened:
            strand.send(bytes((number,)))
    assert giving.wire.arrive() == 6
    assert taking.came == [(name, bytes((number,))) for number in b"123" for name in "ab"]
    taking.strands[1].send(b"credit")
    assert taking.wire.arrive() == 1 and giving.came == [("b", b"credit")]


def test_what_is_given_together_travels_in_one_packet(ends):
    taking, giving = ends
    with giving.departures:
        for strand in giving.opened:
            strand.send(b"one")
            strand.send(b"two")
        assert not giving.wire.packets
    assert giving.wire.arrive() == 1
    assert taking.came == [("a", b"one"), ("a", b"two"), ("b", b"one"), ("b", b"two")]
    giving.opened[0].send(b"three")
    assert giving.wire.arrive() == 1


def test_who_has_spoken_last_is_answered_first():
    """It may wait for the answer, and another process for it."""
    loop = Loop()
    departures, sent = Departures(loop), []

    class Line(Wire):
        def send(self, parts):
            sent.append(self)
            return super().send(parts)

    lines = [Line(), Line()]
    for line in lines:
        line.other = Wire()
    bundles = [Bundle(line, loop, departures, lambda *_: None, lambda _: None) for line in lines]
    strands = [bundle.open(lambda _: None, lambda: None) for bundle in bundles]
    for speaker in (1, 0):
        lines[speaker].on_packet(b"")
        with departures:
            for strand in strands:
                strand.send(b"answer")
        assert sent.pop(0) is lines[speaker] and len(sent) == 1
        sent.clear()


def test_nothing_is_held_back_longer_than_a_turn_of_the_loop(ends):
    taking, giving = ends
    with giving.departures:
        giving.opened[0].send(b"one")
        giving.loop.turn()  # as where who gives has to wait for room
        assert giving.wire.arrive() == 1
        giving.opened[0].send(b"two")
        assert giving.wire.arrive() == 1
    assert [message for _, message in taking.came] == [b"one", b"two"]


def test_a_packet_is_no_larger_than_the_line_takes(ends):
    taking, giving = ends
    messages = [bytes((number,)) * 300 for number in range(10)]
    with giving.departures:
        for message in messages:
            giving.opened[0].send(message)
    assert giving.wire.arrive() == 4
    assert [message for _, message in taking.came] == messages


def test_what_is_owed_goes_along_and_is_made_then(ends):
    taking, giving = ends
    so_far = ["old"]
    taking.strands[0].owe(lambda: so_far[0].encode())
    taking.strands[0].owe(lambda: so_far[0].encode())
    so_far[0] = "new"
    taking.strands[1].send(b"news")
    assert taking.wire.arrive() == 1
    assert sorted(giving.came) == [("a", b"new"), ("b", b"news")]
    taking.loop.rest()
    assert not taking.wire.packets


def test_what_is_owed_goes_alone_in_the_end(ends):
    taking, giving = ends
    for strand in taking.strands:
        strand.owe(lambda: b"credit")
    assert not taking.wire.packets
    taking.loop.rest()
    assert taking.wire.arrive() == 1
    assert sorted(giving.came) == [("a", b"credit"), ("b", b"credit")]


def test_what_is_not_owed_any_more_is_not_sent(ends):
    taking, giving = ends
    taking.strands[0].owe(lambda: b"")
    taking.loop.rest()
    assert not taking.wire.packets
    taking.strands[0].send(b"next")
    assert taking.wire.arrive() == 1 and giving.came == [("a", b"next")]


def test_without_room_messages_wait_and_then_travel_together(ends):
    taking, giving = ends
    giving.wire.room = 1
    for number in b"12345":
        for strand in giving.opened:
            assert strand.send(bytes((number,))) == 0
    giving.opened[0].owe(lambda: b"6")
    giving.loop.rest()
    assert giving.wire.arrive() == 1
    giving.wire.make_room(100)
    assert giving.wire.arrive() == 1
    for name in "ab":
        numbers = [message for edge, message in taking.came if edge == name]
        assert b"".join(numbers) == b"123456"[:6 if name == "a" else 5]


def test_of_what_may_be_dropped_the_newest_waits_and_no_other_edge_loses_by_it(ends):
    taking, giving = ends
    giving.wire.room = 1
    giving.opened[0].send(b"0")
    dropped = sum(giving.opened[0].send(bytes((number,)), most_waiting=2)
                  + giving.opened[1].send(bytes((number,))) for number in b"12345")
    assert dropped == 3
    giving.wire.make_room(100)
    giving.wire.arrive()
    assert [message for name, message in taking.came if name == "a"] == [b"0", b"4", b"5"]
    assert b"".join(message for name, message in taking.came if name == "b") == b"12345"


def test_an_edge_that_is_gone_drops_what_waits_for_it(ends):
    taking, giving = ends
    giving.wire.room = 1
    giving.opened[1].send(b"0")
    giving.opened[0].send(b"1")
    giving.opened[1].send(b"2")
    giving.opened[0].forget_waiting()
    giving.wire.make_room(100)
    giving.wire.arrive()
    assert taking.came == [("b", b"0"), ("b", b"2")]


@pytest.mark.parametrize("closing", [0, 1])
def test_an_edge_ends_alone(ends, closing):
    here, there = ends[closing], ends[1 - closing]
    strands = [ends[0].strands, ends[1].opened]
    strands[closing][0].send(b"last words")
    strands[closing][0].close()
    if here is ends[0]:  # a credit that is late is refused by who reads it
        strands[1][0].send(b"too late")
    here.wire.arrive()
    there.wire.arrive()
    assert there.came == [("a", b"last words")] and there.ended == ["a"]
    assert not here.came and not here.ended
    strands[closing][1].send(b"goes on")
    here.wire.arrive()
    assert there.came[-1] == ("b", b"goes on")


def test_all_edges_end_with_the_line(ends):
    taking, giving = ends
    giving.wire.on_closed()
    assert giving.ended == [giving.bundle, "a", "b"] and giving.wire.closed
    giving.opened[0].close()  # and nothing happens
    assert taking.ended == []


@pytest.mark.parametrize("packet", [
    b"short", bytes(8) + b"x", b"\xff" * 8, b"\x0a\0\0\0\x03\0\0\0too short"])
def test_who_sends_what_is_no_packet_is_turned_away(ends, packet):
    _, giving = ends
    giving.wire.on_packet(packet)
    assert giving.wire.closed and giving.ended == [giving.bundle, "a", "b"]


def test_both_may_have_made_a_line(ends):
    """Each sends on its own and hears the other, so nothing overtakes anything."""
    _, giving = ends
    second = Wire()
    giving.bundle.attach(second)
    second.on_packet(b"\x06\0\0\0\x03\0\0\0credit")
    assert giving.came == [("a", b"credit")]
    giving.opened[0].send(b"frame")
    assert not second.packets and giving.wire.arrive() == 1
    second.on_closed()
    assert giving.wire.closed and "a" in giving.ended
