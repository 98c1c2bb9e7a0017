"""What a producer takes a consumer's word for."""

import pytest

from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import Credit
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
