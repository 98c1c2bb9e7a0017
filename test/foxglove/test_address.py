"""Where viewers connect."""

import argparse
import socket
import sys

import pytest

from dnne_ros.errors import InputError
from dnne_ros.foxglove.address import Address, address


@pytest.mark.parametrize("text, host, port, loopback", [
    ("8765", "127.0.0.1", 8765, True), ("0.0.0.0:0", "0.0.0.0", 0, False),
    ("localhost:1", "localhost", 1, True), ("[::1]:8765", "::1", 8765, True),
    ("robot.local:65535", "robot.local", 65535, False)])
def test_an_address_is_read_and_written_again(text, host, port, loopback):
    found = address(text)
    assert (found.host, found.port, found.is_loopback) == (host, port, loopback)
    assert address(str(found)) == found


@pytest.mark.parametrize("text", ["", "x", ":1", "65536", "-1", "a b:1", "::1:8765", "1:2:3", "٣"])
def test_what_is_none_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected PORT or HOST:PORT"):
        address(text)


def test_a_port_that_is_taken_is_one_error():
    pytest.importorskip("foxglove", reason="needs foxglove-sdk")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"cannot listen at 127\.0\.0\.1:{port}: Address"):
            Address("127.0.0.1", port).check("--foxglove")
    Address("127.0.0.1", port).check("--foxglove")


def test_without_the_extra_the_command_that_installs_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "foxglove", None)
    with pytest.raises(InputError, match=r"pip install 'dnne_ros\[foxglove\]'"):
        Address("127.0.0.1", 0).check("--foxglove")
