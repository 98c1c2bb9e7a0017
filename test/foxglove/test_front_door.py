"""Who may come in to what is served to viewers."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from dnne_ros.foxglove.address import Address
from dnne_ros.foxglove.front_door import FrontDoor, hidden_host, is_welcome

OWN = "https://viewer.example"


def head(*lines):
    return "\r\n".join(("GET / HTTP/1.1", "Host: 127.0.0.1:8765", *lines, "", "")).encode()


@pytest.mark.parametrize("lines", [
    (), ("Origin: https://app.foxglove.dev",), ("origin:http://localhost:8080",),
    ("ORIGIN: http://127.0.0.1",), ("Origin: http://[::1]:8080",), ("Origin: file://",),
    (f"Origin: {OWN}",)])
def test_programs_and_pages_of_viewers_are_welcome(lines):
    assert is_welcome(head(*lines), [OWN])


@pytest.mark.parametrize("lines", [
    ("Origin: https://evil.example",), ("oRiGiN : https://evil.example",), ("Origin: null",),
    ("Origin:",), ("Origin: http://127.0.0.1.evil.example",), ("Origin: http://localhost.evil",),
    ("Origin: https://app.foxglove.dev.evil.example",), ("Origin: http://[",),
    ("Origin: http://localhost@evil.example",), (f"Origin: {OWN}:444",),
    ("Origin: http://localhost", "Origin: https://evil.example")])
def test_other_web_sites_are_not(lines):
    assert not is_welcome(head(*lines), [OWN])


@asynccontextmanager
async def door():
    """Give what is served behind a door, and a call that connects to the door."""
    heads = []

    async def serve(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        while piece := await reader.read(1000):
            writer.write(piece.upper())
        writer.close()

    inner = await asyncio.start_server(serve, host := hidden_host(), 0)
    opened = FrontDoor((host, inner.sockets[0].getsockname()[1]), [])
    bound = Address("127.0.0.1", 0).bind("test")
    await opened.open(bound)
    try:
        yield heads, lambda: asyncio.open_connection(*bound.getsockname())
    finally:
        await opened.close()
        inner.close()


def test_what_is_welcome_goes_through_as_it_is_both_ways_and_the_rest_reaches_nobody():
    async def main():
        async with door() as (heads, connect):
            for refused in (head("Origin: https://evil.example") + b"more", b"a" * 100_000):
                reader, writer = await connect()
                writer.write(refused)
                try:
                    answer = await reader.read()
                except ConnectionError:  # what it had to say was not read to the end
                    answer = b""
                assert answer.startswith(b"HTTP/1.1 403") or refused.startswith(b"a")
                writer.close()
            reader, writer = await connect()
            sent = b"a picture " * 100_000
            writer.write(head() + sent)
            assert await reader.readexactly(len(sent)) == sent.upper()
            writer.close()
            assert heads == [head()]
    asyncio.run(main())
