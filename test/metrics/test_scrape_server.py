"""Scrapers that go away, that ask for nothing, and that read nothing."""

import socket
import struct
import threading
import urllib.request

import pytest
from patience import Patience

from dnne_ros.metrics import scrape_server
from dnne_ros.metrics.scrape_server import ScrapeServer

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: a socket that is closed is reset."""
LARGE = b"x" * 2**24
"""More than is on its way between two sockets."""


@pytest.fixture
def server(monkeypatch):
    """Give a server that is not patient."""
    monkeypatch.setattr(scrape_server, "PATIENCE_SECONDS", 0.1)

    def answer(environment, start_response):
        if environment["PATH_INFO"] == "/fails":
            raise ValueError("a fault of ours")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [LARGE]

    with ScrapeServer(socket.AF_INET, ("127.0.0.1", 0), answer) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def connect(server, said=b""):
    made = socket.create_connection(server.server_address)
    made.sendall(said)
    return made


def until_left(before):
    """Wait until no connection has a thread."""
    patience = Patience(list)
    while threading.active_count() > before:
        assert not (why := patience.spent()), why
        threading.Event().wait(0.02)


def test_who_says_or_reads_nothing_is_left(server, capfd, monkeypatch):
    before = threading.active_count()
    scrapers = [connect(server, said) for said in (
        b"", b"GET / HT", b"GET / HTTP/1.0\r\nHost", b"GET / HTTP/1.0\r\n\r\n")]
    until_left(before)
    for each in scrapers:
        each.close()
    monkeypatch.setattr(scrape_server, "PATIENCE_SECONDS", 300.0)
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/") as read:
        assert read.read() == LARGE
    assert capfd.readouterr() == ("", "")


def test_who_goes_away_is_no_news(server, capfd):
    before = threading.active_count()
    for said in (b"", b"GET / HTTP/1.0\r\n", b"GET / HTTP/1.0\r\n\r\n"):
        scraper = connect(server, said)
        scraper.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        scraper.close()
    until_left(before)
    assert capfd.readouterr() == ("", "")


def test_a_fault_of_ours_is_told(server, capfd, monkeypatch):
    monkeypatch.setattr(scrape_server, "PATIENCE_SECONDS", 300.0)
    with connect(server, b"GET /fails HTTP/1.0\r\n\r\n") as scraper:
        assert b"500 Internal Server Error" in scraper.recv(100)
    assert "a fault of ours" in capfd.readouterr().err
