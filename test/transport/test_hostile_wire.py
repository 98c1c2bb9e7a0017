"""What others say on the topics of a graph, who are no part of its run, and clocks that lie."""

import itertools
import time

import pytest
from hypothesis import given, strategies as st

from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.credit import Credit, credit_topic, link_topic
from dnne_ros.transport.frame import EVERYBODY, FrameKind, pack_head, parse_head
from dnne_ros.transport.identity import MOST, new_identity
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.seal import Seal
from dnne_ros.transport.terms import Terms

LOSSLESS = EdgePolicy.LOSSLESS
FAR = MOST - 1


def greeting(edge, kind, stream=FAR, number=FAR):
    body = Terms(edge.endpoint.run).to_bytes()
    return pack_head(kind, edge.readers["reader"]._connection.incarnation, stream, number, 0,
                     len(body)) + body


def attacks(edge):
    """Return what ends a run or stops it, if anybody believes it, and on which topic."""
    run = edge.endpoint.run
    incarnation = edge.readers["reader"]._connection.incarnation
    return [
        ("_link", greeting(edge, FrameKind.HELLO)), ("_link", greeting(edge, FrameKind.WELCOME)),
        *(("_link", pack_head(FrameKind.INLINE, EVERYBODY, edge.writer._handshake.stream, n, 0, 8)
           + bytes(8)) for n in range(1, 5)),
        ("_credit", Credit("reader/in", run, incarnation, heard=FAR).to_message()),
        ("_credit", Credit("reader/in", run, FAR).to_message()),
        ("_credit", Credit("reader/in", run, incarnation, FAR, FAR, FAR, FAR, FAR).to_message())]


@pytest.mark.parametrize("key", [b"", b"guessed"])
def test_who_cannot_show_the_key_changes_nothing(edges, ros_loop, impostor, key):
    edge = edges(reader=(LOSSLESS, 4))
    edge.start()
    say = {"_link": impostor(link_topic("producer/out"), key),
           "_credit": impostor(credit_topic("producer/out"), key)}

    async def main():
        await edge.rendezvous()
        await ros_loop.until(lambda: all(each.heard() for each in say.values()))
        received = []
        for topic, message in attacks(edge):
            say[topic](message)
            await edge.put(len(received))
            received += await edge.get("reader", 1)
        assert not edge.writer.replaced
        return received, edge.readers["reader"].stats

    received, stats = ros_loop.run(main())
    assert received == list(range(9)) and (stats.lost, stats.duplicated) == (0, 0)


@pytest.mark.parametrize("body", [
    pack_head(FrameKind.HELLO, 0, 2**63, 1, 0, 0), pack_head(FrameKind.INLINE, 0, 1, 2**63, 0, 0)])
def test_frames_beyond_all_bounds_are_none(body):
    with pytest.raises(CdrError):
        parse_head(body)


@pytest.mark.parametrize("numbers", [
    {"heard": 2**64 - 1}, {"received": 2**63, "taken": 1}, {"received": 1, "taken": 2},
    {"received": 2, "taken": 1, "handled": 2}])
def test_credits_that_no_consumer_gives_are_none(numbers):
    with pytest.raises(CdrError, match="numbers that no consumer has"):
        Credit.from_message(Credit("a/in", 1, 1, **numbers).to_message())


@pytest.mark.parametrize("body", [
    b"1 0 0 %d" % 2**63, b"1 -1 0 0", b"1 0 0 0 channel:a=" + b"b" * 5000])
def test_terms_beyond_all_bounds_are_none(body):
    with pytest.raises(ValueError):
        Terms.from_bytes(body)


def test_clocks_that_are_set_back_stop_nothing(edges, ros_loop, monkeypatch):
    times = itertools.count(2_000_000_000_000_000_000, -30_000_000_000)
    monkeypatch.setattr(time, "time_ns", lambda: next(times))
    edge = edges(reader=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.rendezvous()
        received = []
        for restart in [edge.start_producer, lambda: edge.start("reader")] * 3:
            await edge.put(len(received))
            received += await edge.get("reader", 1)
            edge.readers["reader"]._finish_items()
            await ros_loop.until(lambda: edge.missing() or edge.consumers["reader"].handled
                                 == edge.writer._window.sent)
            restart()
            await edge.rendezvous()
        return received

    assert ros_loop.run(main()) == list(range(6))


@given(st.integers(0, MOST))
def test_a_later_identity_is_greater(above):
    assert new_identity(above) > max(above, 2**32 - 1)
    assert new_identity() != new_identity()


@given(st.binary(max_size=100), st.binary(min_size=1, max_size=64), st.integers(0, 131))
def test_a_message_is_opened_as_it_was_sealed_or_not_at_all(body, key, place):
    message = Seal(key, "/a").seal(body)
    assert bytes(Seal(key, "/a").open(message)) == body
    padded = message + bytes(-len(message) % 4)
    assert bytes(Seal(key, "/a").open(padded)) == body
    changed = bytearray(message)
    changed[place % len(message)] ^= 1
    for other, text in ((Seal(key, "/b"), message), (Seal(key[1:] + b"x", "/a"), message)):
        if other._state.digest() != Seal(key, "/a")._state.digest():
            with pytest.raises(CdrError):
                other.open(text)
    if place % len(message) not in (2, 3):  # how far DDS has padded it
        with pytest.raises(CdrError):
            Seal(key, "/a").open(bytes(changed))
