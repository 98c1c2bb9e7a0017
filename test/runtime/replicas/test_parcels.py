"""Parcels arrive as they were sent, small or large, and nothing of them is left anywhere."""

import os
import socket

import numpy as np
import pytest

from dnne_ros.runtime.replicas.parcels import INLINE, Parcels


@pytest.fixture
def ends():
    """Return both ends of a way."""
    one, other = (Parcels(each) for each in socket.socketpair(
        socket.AF_UNIX, socket.SOCK_SEQPACKET))
    yield one, other
    one.close()
    other.close()


@pytest.mark.parametrize("sizes", [
    [], [0], [1, 0, 7], [INLINE], [INLINE, 1], [3 * 2**20, 5], [10, 2**20, 0, 2**20]])
def test_payloads_come_whole_in_whatever_pieces_they_were(ends, sizes):
    one, other = ends
    payloads = [os.urandom(size) for size in sizes]
    pieces = [[memoryview(each)[:len(each) // 3], each[len(each) // 3:]] for each in payloads]
    one.send({"do": "ü"}, pieces)
    assert other.receive() == ({"do": "ü"}, payloads)


def test_numbers_are_sent_without_a_copy_of_their_own(ends):
    one, other = ends
    numbers = np.arange(10.0)
    one.send({}, [[memoryview(numbers)]])
    assert np.array_equal(np.frombuffer(other.receive()[1][0]), numbers)


def test_memory_is_used_again_and_what_was_received_stays_as_it_was(ends):
    one, other = ends
    files = len(os.listdir("/proc/self/fd"))
    received = []
    for number in range(20):
        one.send({"number": number}, [[bytes([number]) * (40_000 + 100_000 * (number % 7))]])
        received.append(other.receive())
    for number, (head, (payload,)) in enumerate(received):
        assert head == {"number": number} and set(payload) == {number}
    # Each end keeps a mapping of the memory, and of what was smaller none.
    assert len(os.listdir("/proc/self/fd")) <= files + 2


def test_an_end_that_is_gone_is_known(ends):
    one, other = ends
    one.close()
    assert other.receive() is None
    with pytest.raises(ConnectionError):
        other.send({})
