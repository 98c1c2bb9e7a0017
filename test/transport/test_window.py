"""What a producer takes a consumer's word for, and what it sends again."""

import pytest

from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import Credit
from dnne_ros.transport.kept_items import KeptItem
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.window import Window


@pytest.fixture
def began():
    """Return a window that has gone on after item 25, and its consumer, which began there."""
    consumer = Consumer("sink/in", "source/out → sink/in", EdgePolicy.LOSSLESS, 5)
    window = Window([consumer], lambda *_: None)
    window.sent = 25
    window.begin(consumer, word(25))
    window.sent = 30
    return window, consumer


def word(number):
    return Credit("sink/in", 1, 1, 1, 1, number, number, number, 0)


def test_a_consumer_may_be_farther_than_a_producer_that_makes_items_again(began):
    """It was started again, too, and its other inputs tell it only later how far it had come."""
    window, consumer = began
    window.sent_before = 40
    assert window.sent >= window.room_until
    window.note(consumer, word(39))
    assert window.room_until == 44 and window.handled == 39


def test_what_is_made_again_weighs_nothing_to_who_has_had_it(began):
    """Nobody would ever take it off again: so many bytes, and the edge is full for good."""
    window, consumer = began
    window.sent_before = 40
    window.note(consumer, word(39))
    for number in range(31, 42):
        window.sent = number
        window.add(KeptItem(number, b"", consumer.bytes_in_flight // 4, None, ""))
    assert consumer.bytes_to_take == 2 * (consumer.bytes_in_flight // 4)
    window.note(consumer, word(41))
    assert consumer.bytes_to_take == 0 and window.room_until == 46


def test_beyond_what_was_ever_sent_nobody_is_believed(began):
    window, consumer = began
    window.sent_before = 40
    window.note(consumer, word(41))
    assert consumer.received == 25 and window.room_until == 30


def test_a_producer_that_is_the_first_has_sent_what_it_says(began):
    window, consumer = began
    window.note(consumer, word(31))
    assert consumer.received == 25 and window.room_until == 30
    window.note(consumer, word(30))
    assert window.room_until == 35


def test_what_a_new_consumer_lacks_comes_as_it_has_room():
    """A node in the middle had taken much more than its edge holds, and none of it was handled."""
    sent = []
    consumer = Consumer("sink/in", "source/out → sink/in", EdgePolicy.LOSSLESS, 2)
    window = Window([consumer], lambda _, frame, by: sent.append(frame))
    window.begin(consumer, word(0))
    for number in range(1, 31):
        window.sent = number
        window.add(KeptItem(number, number, 0, None, ""))
    window.begin(consumer, word(4))
    assert sent == [5, 6]
    window.note(consumer, word(4))
    assert sent == [5, 6]
    for number in range(5, 31):
        window.note(consumer, word(number))
        assert sent[-1] == min(number + 2, 30)
    assert sent == [*range(5, 31)]


def test_what_went_astray_comes_as_it_has_room():
    sent = []
    consumer = Consumer("sink/in", "source/out → sink/in", EdgePolicy.LOSSLESS, 3,
                        repeat_after=0.0)
    window = Window([consumer], lambda _, frame, by: sent.append(frame))
    window.begin(consumer, word(0))
    for number in range(1, 11):
        window.sent = number
        window.add(KeptItem(number, number, 0, None, ""))
    window.note(consumer, word(2))  # notes when
    assert sent == []
    window.note(consumer, word(2))
    assert sent == [3, 4, 5]
    window.note(consumer, word(4))
    assert sent == [3, 4, 5, 6, 7]
