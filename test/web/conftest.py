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


class SpokenGraph:
    """A graph that there is only on /diagnostics: what a process would say of it."""

    def __init__(self, ros_loop, namespace, nodes, links, values=None):
        from diagnostic_msgs.msg import DiagnosticArray

        self.namespace = namespace
        self.nodes = nodes
        self.links = links
        self.values = values or {}
        name = f"_speaker_{namespace.strip('/')}"
        self._publisher = ros_loop.node(name).create_publisher(DiagnosticArray, "/diagnostics", 10)

    def statuses(self, items=10.0):
        from dnne_ros.runtime.monitoring.diagnostic_message import Status

        found = [Status(f"{self.namespace}/{node}", values={
            "dnne_ros": "node", "type": "Box", "title": node, "process": "main", "processes": 1,
            "pid": 1, "cpu_percent": 5, "taken": 7, "taken_per_s": items, "sent": 7,
            "sent_per_s": items, **self.values.get(node, {})}) for node in self.nodes]
        found += [Status(f"{self.namespace}: edge {link}", values={
            "dnne_ros": "edge", "edge": link, "end": "both", "process": "main",
            "policy": "lossless", "transport": "local", "capacity": 100, "depth": 3, "sent": 7,
            "sent_per_s": items, "received": 7, "received_per_s": items, "lost": 0,
            "latency_ms": 0.5, "latency_max_ms": 2, "blocked_percent": 0}) for link in self.links]
        for status in found:
            status.hardware_id = self.namespace
        return found

    def say(self, *others, items=10.0):
        """Say it once; ``others`` are statuses of somebody else."""
        from dnne_ros.runtime.monitoring.diagnostic_message import encode_array

        self._publisher.publish(encode_array(0, [*self.statuses(items), *others]))

    async def go_on(self):
        """Say it again and again, until cancelled."""
        while True:
            self.say()
            await asyncio.sleep(0.2)


@pytest.fixture
def spoken(ros_loop):
    """Make graphs that there are only on /diagnostics."""
    from functools import partial

    return partial(SpokenGraph, ros_loop)


@pytest.fixture
def fed(ros_loop):
    """Run ``talk(visit, feed)`` on a server with a feed and the dashboard, in the ROS loop."""
    import contextlib

    import aiohttp
    from aiohttp import web

    from dnne_ros.web.application import Guards, make_application
    from dnne_ros.web.dashboard.part import dashboard_part
    from dnne_ros.web.feed.feed import Feed
    from dnne_ros.web.feed.part import feed_part
    from dnne_ros.web.guards.token import Token
    from dnne_ros.web.ports import names_of, open_port

    async def serve(talk, jobs, read_only):
        feed = Feed(ros_loop.context, ros_loop.loop)
        with open_port("127.0.0.1", 0) as opened:
            token = Token(opened.getsockname()[1])
            application = make_application(Guards(token, names_of("127.0.0.1"), read_only),
                                           [feed_part(feed, jobs), dashboard_part()])
            runner = web.AppRunner(application, shutdown_timeout=0.1)
            await runner.setup()
            async with contextlib.AsyncExitStack() as ending:
                ending.push_async_callback(runner.cleanup)
                await web.SockSite(runner, opened).start()
                session = await ending.enter_async_context(aiohttp.ClientSession(
                    cookie_jar=aiohttp.CookieJar(unsafe=True)))
                visit = Visit(session, token, token.port)
                visit.routes = sorted({(route.method, route.resource.canonical)
                                       for route in application.router.routes()})
                await visit.enter()
                return await talk(visit, feed)

    def run(talk, jobs=None, read_only=False):
        return ros_loop.run(serve(talk, jobs, read_only))
    return run
