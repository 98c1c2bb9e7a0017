"""Messages that are read where they lie."""

import asyncio
import weakref

import numpy as np
import pytest

from dnne_ros.transport import loans
from dnne_ros.transport.array_codec import ArrayCodec
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import MOST_LOANS, Credit
from dnne_ros.transport.kept_items import KeptItem
from dnne_ros.transport.loans import Lender
from dnne_ros.transport.payload import Array
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.shared_memory import DIRECTORY, SlotPool
from dnne_ros.transport.window import Window

pytestmark = pytest.mark.skipif(not DIRECTORY.is_dir(), reason="this system has no /dev/shm")
FLOATS = ArrayCodec("float32")
LOSSLESS = EdgePolicy.LOSSLESS
COUNT = 100_000
"""Numbers of a message that lies in a store."""


@pytest.fixture
def slot():
    """Return a slot with a message in it: a head of 4 bytes, then numbers."""
    pool = SlotPool()
    slot = pool.take(4 + 8 * COUNT)
    fill(slot, 1.0)
    yield slot
    pool.close()


def fill(slot, number):
    slot.write((b"head", np.full(COUNT, number).data.cast("B")))


def numbers_in(message):
    return np.frombuffer(message, np.float64, offset=4)


def floats(number):
    return Array(np.full(COUNT, number, np.float32), ("x",))


def test_a_message_is_read_where_it_lies(slot):
    message, _ = Lender().lend(slot.place)
    found = numbers_in(message)
    assert np.all(found == 1.0) and found.flags.writeable and found.flags.aligned
    fill(slot, 2.0)
    assert np.all(found == 2.0)  # no copy


def test_a_loan_lasts_as_long_as_anything_looks_at_it(slot):
    lender = Lender()
    message, loan = lender.lend(slot.place)
    some = numbers_in(message)[5:7]
    del message
    assert not loan.is_over()
    assert lender.lend(slot.place) is None  # whoever else wants it has a copy
    del some
    assert loan.is_over()
    assert lender.lend(slot.place) is not None


def test_the_memory_of_a_producer_that_is_gone_is_theirs_who_look_at_it(slot):
    lender = Lender()
    message, loan = lender.lend(slot.place)
    memory = weakref.ref(lender._lent[slot.name][0])
    loan.give_up()
    assert np.all(numbers_in(message) == 1.0)
    del message
    assert memory() is None


def test_what_is_written_to_it_nobody_else_sees(slot):
    lender, other = Lender(), Lender()
    message, loan = lender.lend(slot.place)
    numbers_in(message)[COUNT // 2] = 7.0
    assert np.all(numbers_in(other.lend(slot.place)[0]) == 1.0)
    del message
    assert loan.is_over()
    fill(slot, 2.0)
    assert np.all(numbers_in(lender.lend(slot.place)[0]) == 2.0)


def test_where_the_kernel_does_not_say_what_was_written(slot, monkeypatch, tmp_path):
    monkeypatch.setattr(loans, "_PAGES", tmp_path / "absent")
    lender = Lender()
    for number in (3.0, 4.0):
        fill(slot, number)
        message, loan = lender.lend(slot.place)
        assert np.all(numbers_in(message) == number)
        numbers_in(message)[:] = 0.0
        del message
        assert loan.is_over()


def test_only_after_a_page_fault_the_kernel_is_asked_for_pages(slot, monkeypatch):
    faults, asked = [5], []
    monkeypatch.setattr(loans, "_page_faults", lambda: faults[0])
    monkeypatch.setattr(loans, "_has_own_pages", lambda memory: bool(asked.append(memory)))
    lender = Lender()
    for more in (0, 1, 0):
        message, loan = lender.lend(slot.place)
        faults[0] += more
        del message
        assert loan.is_over()
    assert len(asked) == 1


def test_a_page_that_is_written_to_is_a_page_fault(slot):
    message, _ = Lender().lend(slot.place)
    numbers = numbers_in(message)
    assert np.all(numbers == 1.0)
    before = loans._page_faults()
    numbers[COUNT // 2] = 7.0
    assert loans._page_faults() > before


def test_what_is_gone_is_not_lent(slot):
    place = slot.place.replace(b"dnne_ros_", b"dnne_ros_1")
    assert Lender().lend(place) is None


class Memory:
    """What a store keeps of one message."""

    def __init__(self):
        self.released = self.retired = False

    def release(self):
        self.released = True

    def retire(self):
        self.retired = True


@pytest.fixture
def looked_at():
    """Return a window whose only consumer is through with item 1 and looks at it; and its memory.

    It is given words of the consumer by ``note(handled, *loans)``.
    """
    consumer = Consumer("sink/in", "source/out → sink/in", LOSSLESS, 5)
    window, memory = Window([consumer], lambda *_: None), Memory()
    window.begin(consumer, word(0))

    def note(handled, *loans):
        window.note(consumer, word(handled, *loans))

    window.sent = 3
    for number in (1, 2, 3):
        window.add(KeptItem(number, b"", 10, memory if number == 1 else None, ""))
    note(1, 1)
    return window, consumer, memory, note


def word(handled, *loans):
    return Credit("sink/in", 1, 1, 1, 1, handled, handled, handled, 0, loans)


def test_memory_that_is_looked_at_is_not_used_again(looked_at):
    _, _, memory, note = looked_at
    note(2, 1, 2)
    assert not memory.released
    note(2, 2)
    assert memory.released and not memory.retired


def test_a_word_that_comes_late_frees_nothing(looked_at):
    _, _, memory, note = looked_at
    note(0)  # it had not taken the item yet
    note(0)
    assert not memory.released


def test_what_one_that_is_gone_looks_at_stays_as_it_is(looked_at):
    window, consumer, memory, _ = looked_at
    window.drop(consumer)
    assert memory.retired and memory.released


def test_what_one_that_was_replaced_looks_at_stays_as_it_is(looked_at):
    window, consumer, memory, _ = looked_at
    window.begin(consumer, word(1))
    assert memory.retired and memory.released


def test_a_credit_says_what_is_looked_at():
    assert Credit.from_message(word(9, 7, 8).to_message()) == word(9, 7, 8)


def test_a_node_that_keeps_all_that_it_is_given(edges, ros_loop):
    edge = edges(FLOATS, reader=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*map(floats, range(20))))
        reader = edge.readers["reader"]
        kept = [await reader.get() for _ in range(20)]
        await producer
        used = edge.endpoint.stores[0]._pool._used
        await ros_loop.until(lambda: len(used) <= MOST_LOANS + 1 or reader.announce())
        return kept

    kept = ros_loop.run(main())
    assert all(np.all(array.data == number) for number, array in enumerate(kept))


def test_a_node_that_writes_to_what_it_is_given(edges, ros_loop):
    edge = edges(FLOATS, reader=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*map(floats, range(20))))
        for number in range(20):
            array = await edge.readers["reader"].get()
            assert np.all(array.data == number)
            array.data[:] = -1.0
        await producer

    ros_loop.run(main())


def test_memory_comes_back_when_a_node_lets_go(edges, ros_loop):
    edge = edges(FLOATS, reader=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.rendezvous()
        reader = edge.readers["reader"]
        await edge.put(*map(floats, range(3)))
        kept = [await reader.get() for _ in range(3)]
        waiting = asyncio.ensure_future(reader.get())
        pool = edge.endpoint.stores[0]._pool
        await ros_loop.until(lambda: edge.consumers["reader"].handled == 3 or reader.announce())
        assert len(pool._used) == 3
        kept.clear()
        await ros_loop.until(lambda: not pool._used or reader.announce())
        waiting.cancel()

    ros_loop.run(main())


def test_who_answers_each_item_needs_two_slots(edges, ros_loop):
    edge = edges(FLOATS, plan={"process": "other"}, reader=(LOSSLESS, 8))
    edge.start()

    async def main():
        await edge.rendezvous()
        reader = edge.readers["reader"]
        pool, used = edge.endpoint.stores[0]._pool, []
        for number in range(20):
            await edge.put(floats(number))
            kept = await reader.get()  # the one before is let go of only now
            assert np.all(kept.data == number)
            reader.send_feedback(b"the answer")
            await ros_loop.until(lambda: len(pool._used) <= 1)
            used.append(pool._made)
        return used

    used = ros_loop.run(main())
    assert used[-1] <= 3  # with the beacon
