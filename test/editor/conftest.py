"""The editor's server in the test's own process, without a run: clients of it are no browsers."""

import asyncio
import importlib.util
import json
from pathlib import Path

import pytest

from dnne_ros.catalogue.catalogue import Catalogue

CONFIG = Path(__file__).parents[2] / "config" / "workflows"

if importlib.util.find_spec("aiohttp") is None:  # the extra editor
    collect_ignore_glob = ["test_server.py"]


@pytest.fixture(scope="session")
def catalogue():
    from dnne_ros.options.workflow_arguments import load_catalogue

    found = load_catalogue([str(CONFIG / "balance.py"), str(CONFIG / "reach_by_camera.py")])
    assert isinstance(found, Catalogue)
    return found


@pytest.fixture
def cartpole():
    """Return the drawing of a file of ``config/workflows``."""
    return json.loads((CONFIG / "cartpole_ppo.json").read_text())


class Client:
    """Asks the server as the front end does, with the token and from its own page."""

    def __init__(self, session, base, routes):
        self.session = session
        self.base = base
        self.routes = routes

    async def ask(self, method, path, **options):
        """Return the status, the text and the headers of an answer."""
        async with self.session.request(method, f"{self.base}{path}", **options) as answer:
            return answer.status, await answer.text(), answer.headers

    async def json(self, method, path, **options):
        status, text, _ = await self.ask(method, path, **options)
        return status, json.loads(text)


@pytest.fixture
def front_end(tmp_path_factory, monkeypatch):
    """Put a page in the place of the front end, which need not be installed."""
    folder = tmp_path_factory.mktemp("front_end")
    (folder / "index.html").write_text("<script>;</script>the front end")
    (folder / "assets" / "images").mkdir(parents=True)
    (folder / "extensions" / "core").mkdir(parents=True)
    (folder / "extensions" / "core" / "theirs.js").write_text("")
    monkeypatch.setattr("dnne_ros.editor.part.front_end_folder", lambda: folder)


@pytest.fixture
def served(catalogue, tmp_path, front_end, monkeypatch):
    """Run a coroutine function on a `Client` of an editor, whose runs nobody starts."""
    import aiohttp
    from aiohttp import web

    from dnne_ros.editor.part import Editor
    from dnne_ros.editor.routes.parameters import parameter_routes
    from dnne_ros.editor.state_file import ChangedSettings
    from dnne_ros.web.application import Guards, Part, make_application
    from dnne_ros.web.guards.token import Token
    from dnne_ros.web.ports import names_of, open_port

    def run(talk, read_only=False, entered=True, jobs=None):
        async def serve():
            (tmp_path / "served").mkdir(exist_ok=True)
            editor = Editor(tmp_path / "served", catalogue,
                            ChangedSettings(tmp_path / "settings.json"), [], {})
            if jobs is not None:
                monkeypatch.setattr(editor.runs, "jobs", jobs)
            editor.live.watch = _NoWatch()
            part = Part("editor", routes=[
                *editor.routes, *parameter_routes(editor.live, None), *editor.page_routes()])
            with open_port("127.0.0.1", 0) as opened:
                token = Token(opened.getsockname()[1])
                application = make_application(
                    Guards(token, names_of("127.0.0.1"), read_only), [part])
                runner = web.AppRunner(application, shutdown_timeout=0.1)
                await runner.setup()
                try:
                    await web.SockSite(runner, opened).start()
                    jar = aiohttp.CookieJar(unsafe=True)
                    async with aiohttp.ClientSession(cookie_jar=jar) as session:
                        base = f"http://127.0.0.1:{token.port}"
                        if entered:
                            await session.get(f"{base}/editor/?token={token.secret}")
                        routes = {(route.method, route.resource.canonical)
                                  for route in application.router.routes()}
                        return await talk(Client(session, base, sorted(routes)))
                finally:
                    await runner.cleanup()
        return asyncio.run(serve())
    return run


class _NoWatch:
    def watch(self, drawn):
        pass

    def rest(self):
        pass
