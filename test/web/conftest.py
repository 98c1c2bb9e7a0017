"""A server of some parts on a free port, and clients of it that are no browsers."""

import asyncio
import importlib.util

import pytest

if importlib.util.find_spec("aiohttp") is None:  # the extra web
    collect_ignore_glob = ["test_*.py", "*/test_*.py"]


class Visit:
    """A session that has opened the printed address, unless told otherwise."""

    def __init__(self, session, token, port):
        self.session = session
        self.token = token
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    async def enter(self):
        await self.session.get(f"{self.base}/?token={self.token.secret}")

    async def status(self, path, method="GET", **options):
        async with self.session.request(method, self.base + path, **options) as answer:
            await answer.read()
            return answer.status

    async def send_raw(self, text):
        """Send bytes as they are, with our cookie; returns the whole answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        cookie = f"Cookie: {self.token.cookie}={self.token.secret}\r\n"
        more = f"\r\n{cookie}Connection: close\r\n\r\n"
        writer.write(text.replace("\r\n\r\n", more, 1).encode())
        answer = await reader.read()
        writer.close()
        return answer.decode(errors="replace")


@pytest.fixture
def visit():
    """Serve parts on a free port, and run a coroutine function on a `Visit` of them."""
    import aiohttp
    from aiohttp import web

    from dnne_ros.web.application import Guards, make_application
    from dnne_ros.web.guards.token import Token
    from dnne_ros.web.ports import names_of, open_port

    def run(parts, talk, entered=True, read_only=False, host="127.0.0.1"):
        async def serve():
            with open_port(host, 0) as opened:
                token = Token(opened.getsockname()[1])
                application = make_application(Guards(token, names_of(host), read_only), parts)
                runner = web.AppRunner(application, shutdown_timeout=0.1)
                await runner.setup()
                try:
                    await web.SockSite(runner, opened).start()
                    jar = aiohttp.CookieJar(unsafe=True)  # of an address, too
                    async with aiohttp.ClientSession(cookie_jar=jar) as session:
                        visit = Visit(session, token, token.port)
                        if entered:
                            await visit.enter()
                        return await talk(visit)
                finally:
                    await runner.cleanup()
        return asyncio.run(serve())
    return run
