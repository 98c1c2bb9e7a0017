"""Parts of one server: what their pages may do, and what bad requests get."""

from aiohttp import web

from dnne_ros.errors import DnneError, InputError, Problem
from dnne_ros.web.application import BODY_LIMIT, READ_ONLY, Part
from dnne_ros.web.guards.content_policy import ContentPolicy
from dnne_ros.web.refusals import json_of


async def say_hello(request):
    return web.Response(text=f"hello {request.app[READ_ONLY]}")


async def echo(request):
    return web.json_response(await json_of(request))


async def refuse(request):
    raise InputError("graph.json", [Problem("found 3", "7", "Box", "a title", "in")])


async def fail(request):
    raise DnneError("it runs already")


async def take(request):
    return web.Response(text=str(len(await request.read())))


HELLO = Part("hello", [web.get("/", say_hello), web.post("/echo", echo), web.get("/no", refuse),
                       web.get("/busy", fail), web.post("/take", take)])
LOOSE = Part("loose", [web.get("/editor/", say_hello), web.get("/", refuse)],
             ContentPolicy(evaluated_code=True, inline_styles=True))


def test_each_page_has_the_policy_of_its_part_and_errors_have_the_strict_one(visit):
    async def talk(visit):
        found = {}
        for path in ("/", "/editor/", "/nowhere", "/no"):
            async with visit.session.get(visit.base + path) as answer:
                found[path] = answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
        return found

    found = visit([HELLO, LOOSE], talk)
    assert found["/"] == found["/nowhere"] == found["/no"] and "unsafe" not in found["/"]
    assert "'unsafe-eval'" in found["/editor/"]
    for policy in found.values():
        assert "connect-src 'self';" in policy and "default-src 'none';" in policy


def test_a_path_of_two_parts_is_the_first_ones(visit):
    async def talk(visit):
        async with visit.session.get(visit.base) as answer:
            return await answer.text()
    assert visit([HELLO, LOOSE], talk) == "hello False"


def test_a_part_lives_as_long_as_the_server(visit):
    said = []

    async def life(application):
        said.append("begin")
        yield
        said.append("end")

    async def talk(visit):
        assert said == ["begin"]

    visit([Part("alive", [], contexts=[life])], talk)
    assert said == ["begin", "end"]


def test_refusals_name_all_problems_at_their_places(visit):
    async def talk(visit):
        async with visit.session.get(visit.base + "/no") as refused, \
                visit.session.get(visit.base + "/busy") as busy:
            return refused.status, await refused.json(), busy.status, await busy.json()

    status, refused, busy_status, busy = visit([HELLO], talk)
    assert status == 400 and refused["problems"] == [
        {"where": "node 7 'a title' (Box), in", "message": "found 3"}]
    assert refused["error"] == "graph.json: node 7 'a title' (Box), in: found 3"
    assert busy_status == 409 and busy == {"error": "it runs already", "problems": []}


def test_a_body_that_makes_no_sense_is_a_bad_request(visit):
    deep = "[" * 100_000 + "]" * 100_000

    async def talk(visit):
        found = [await visit.status("/echo", "POST", data=body.encode("latin1"),
                                    headers={"Content-Type": "application/json"})
                 for body in ("{", "[1]", "null", deep, "\xff")]
        found.append(await visit.status("/echo", "POST", data="{}"))  # as a form could send it
        return found, await visit.status("/echo", "POST", json={"a": 1})

    assert visit([HELLO], talk) == ([400] * 6, 200)


def test_a_body_beyond_the_limit_is_refused(visit):
    async def pieces():
        for _ in range(BODY_LIMIT // 2**20 + 1):
            yield bytes(2**20)

    async def talk(visit):
        return (await visit.status("/take", "POST", data=bytes(BODY_LIMIT)),
                await visit.status("/take", "POST", data=bytes(BODY_LIMIT + 1)),
                await visit.status("/take", "POST", data=pieces()))

    assert visit([HELLO], talk) == (200, 413, 413)
