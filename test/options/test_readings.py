"""Numbers on the command line, and what is said of texts that are none."""

import argparse

import pytest

from dnne_ros.options.readings import addresses, count, whole_number


def test_numbers():
    assert (whole_number("0"), count("1"), count("12")) == (0, 1, 12)


@pytest.mark.parametrize("read, least, text", [
    (count, 1, "0"), (count, 1, "-1"), (count, 1, "1.5"), (count, 1, str(2**63)),
    (whole_number, 0, "-1"), (whole_number, 0, "many")])
def test_no_numbers(read, least, text):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        read(text)
    assert str(error.value) == f"expected a whole number from {least}, found {text!r}"


def test_addresses():
    assert addresses("10.0.0.1, left.local") == "10.0.0.1,left.local"


@pytest.mark.parametrize("text", [",", "10.0.0.1,", "a b", "left;right", "-x", "fe80::1"])
def test_no_addresses(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected names or IPv4 addresses of"):
        addresses(text)
