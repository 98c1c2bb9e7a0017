"""Ctrl-C is told from a KeyboardInterrupt of a file's own."""

import signal

import pytest

from dnne_ros.plugins.interrupts import foreign_code


@pytest.fixture(autouse=True)
def usual_handler():
    """Have Python's own handler of Ctrl-C, whatever the test runner has."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_what_code_raises_itself_is_a_fault_of_the_code():
    with pytest.raises(RuntimeError, match="it raises KeyboardInterrupt"), foreign_code():
        raise KeyboardInterrupt
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_the_signal_is_ignored_nobody_has_pressed_anything():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with pytest.raises(RuntimeError, match="it raises KeyboardInterrupt"), foreign_code():
        raise KeyboardInterrupt
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_ctrl_c_stays_ctrl_c():
    with pytest.raises(KeyboardInterrupt), foreign_code():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_that_the_code_sets_stays():
    def mine(number, frame):
        """Do nothing."""

    with foreign_code():
        signal.signal(signal.SIGINT, mine)
    assert signal.getsignal(signal.SIGINT) is mine
