"""Where a server listens."""

import socket

import pytest

from dnne_ros.errors import InputError
from dnne_ros.web import ports
from dnne_ros.web.ports import is_local, names_of, open_port, url_of


@pytest.fixture
def taken():
    """Give a port that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_taken_port_is_an_error_where_it_was_asked_for(taken):
    with pytest.raises(InputError, match=f"--port {taken} is taken"):
        open_port("127.0.0.1", taken)


def test_without_one_the_next_free_port_is_taken(taken, monkeypatch):
    monkeypatch.setattr(ports, "DEFAULT_PORT", taken)
    with open_port("127.0.0.1", None) as opened:
        assert opened.getsockname()[1] > taken


def test_two_that_begin_at_once_do_not_share_a_port(monkeypatch):
    with open_port("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(InputError, match=f"--port {port} is taken"):
            open_port("127.0.0.1", port)
        monkeypatch.setattr(ports, "DEFAULT_PORT", port)
        with open_port("127.0.0.1", None) as second:
            assert second.getsockname()[1] > port


def test_no_free_port_at_all_is_told(taken, monkeypatch):
    monkeypatch.setattr(ports, "DEFAULT_PORT", taken)
    monkeypatch.setattr(ports, "_TRIES", 1)
    with pytest.raises(InputError, match="are taken; choose one"):
        open_port("127.0.0.1", None)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "", "a" * 300])
def test_an_address_that_is_not_here_is_told(host):
    with pytest.raises(InputError, match="--host"):
        open_port(host, 0)


def test_names_and_addresses():
    assert names_of("127.0.0.1") == {"localhost", "127.0.0.1", "::1"}
    assert socket.gethostname().lower() in names_of("0.0.0.0") & names_of("::")
    assert url_of("127.0.0.1", 8480) == "http://127.0.0.1:8480"
    assert url_of("::1", 1) == "http://[::1]:1"
    assert url_of("0.0.0.0", 1) == f"http://{socket.gethostname()}:1"
    assert is_local("127.0.0.1") and is_local("localhost") and not is_local("0.0.0.0")
