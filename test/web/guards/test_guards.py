"""Who gets in: by name, origin, token, and with --view only to look."""

import pytest
from aiohttp import WSServerHandshakeError, web

from dnne_ros.web.application import Part
from dnne_ros.web.guards.host_names import named_host


async def look(request):
    return web.Response(text="secret")


async def change(request):
    return web.Response(text="changed")


async def talk_on(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("secret")
    await socket.close()
    return socket


PARTS = [Part("plain", [web.get("/", look), web.get("/deep/page", look), web.get("/ws", talk_on),
                        *(web.route(method, "/change", change)
                          for method in ("POST", "PUT", "PATCH", "DELETE"))])]


def statuses(visit, requests, **options):
    """Return the status of each request: (path, method, headers)."""
    async def talk(visit):
        return [await visit.status(path, method, headers={
            key: value.format(port=visit.port, other=visit.port + 1)
            for key, value in headers.items()}) for path, method, headers in requests]
    return visit(PARTS, talk, **options)


# ---- Host

@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "localhost.",
    "localhost.evil.example", "user@localhost:{port}", "localhost:{port}@evil.example", "[::1",
    "::1", "localhost:port", "0.0.0.0:{port}", "127.0.0.2:{port}", "2130706433:{port}",
    "LOCALHOST/x", "localhost evil", ""])
def test_another_host_is_refused_though_the_cookie_is_right(visit, host):
    assert statuses(visit, [("/", "GET", {"Host": host})]) == [403]


@pytest.mark.parametrize("host", [
    "localhost:{port}", "127.0.0.1:{port}", "LocalHost:{port}", "[::1]:{port}", "localhost:9000",
    "localhost"])
def test_the_names_of_this_machine_are_let_in_behind_tunnels_too(visit, host):
    async def talk(visit):
        cookie = f"{visit.token.cookie}={visit.token.secret}"
        return await visit.status("/", headers={
            "Host": host.format(port=visit.port), "Cookie": cookie})
    assert visit(PARTS, talk, entered=False) == 200


def test_two_hosts_or_none_are_refused(visit):
    async def talk(visit):
        return [(await visit.send_raw(f"GET / HTTP/1.1\r\n{hosts}\r\n"))[:12] for hosts in (
            "Host: localhost\r\nHost: evil.example\r\n",
            "Host: evil.example\r\nHost: localhost\r\n", "X-None: 1\r\n")]
    assert all(answer[9:] in ("400", "403") for answer in visit(PARTS, talk))


def test_a_wildcard_address_answers_to_the_address_that_was_used(visit):
    assert statuses(visit, [
        ("/", "GET", {"Host": "127.0.0.1:{port}"}), ("/", "GET", {"Host": "evil.example"}),
        ("/", "GET", {"Host": "10.9.8.7:{port}"})], host="0.0.0.0") == [200, 403, 403]


@pytest.mark.parametrize("text, name", [
    ("LOCALHOST:80", "localhost"), ("[FE80::1]:80", "fe80::1"), ("a_b-c.d", "a_b-c.d"),
    ("a:b", ""), ("a:123456", ""), ("", ""), ("a\n", "")])
def test_hosts_are_read(text, name):
    assert named_host(text) == name


# ---- Origin

@pytest.mark.parametrize("origin", [
    "null", "http://127.0.0.1:{other}", "http://localhost:{port}", "https://127.0.0.1:{port}",
    "http://evil.example", "http://127.0.0.1", "", "http://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1:{port}/"])
def test_another_origin_is_refused_though_the_cookie_is_right(visit, origin):
    assert statuses(visit, [("/", "GET", {"Origin": origin}),
                            ("/change", "POST", {"Origin": origin})]) == [403, 403]


def test_our_own_origin_and_none_are_let_in(visit):
    ours = {"Origin": "http://127.0.0.1:{port}"}
    assert statuses(visit, [("/", "GET", ours), ("/change", "POST", ours), ("/", "GET", {}),
                            ("/change", "POST", {})]) == [200] * 4


def test_what_a_page_elsewhere_embeds_is_refused_and_what_a_person_follows_is_not(visit):
    def asked(site, mode, destination):
        return {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}

    assert statuses(visit, [
        ("/", "GET", asked("same-site", "no-cors", "image")),
        ("/", "GET", asked("cross-site", "no-cors", "script")),
        ("/", "GET", asked("same-site", "navigate", "iframe")),
        ("/change", "POST", asked("same-site", "navigate", "document")),
        ("/", "GET", asked("cross-site", "navigate", "document")),
        ("/", "GET", asked("same-origin", "cors", "empty")),
        ("/", "GET", asked("none", "navigate", "document"))]) == [403] * 4 + [200] * 3


@pytest.mark.parametrize("origin", ["null", "http://127.0.0.1:{other}", "http://evil.example"])
def test_a_websocket_of_another_origin_is_refused(visit, origin):
    async def talk(visit):
        origin_text = origin.format(other=visit.port + 1)
        with pytest.raises(WSServerHandshakeError) as refused:
            await visit.session.ws_connect(visit.base + "/ws", headers={"Origin": origin_text})
        ours = await visit.session.ws_connect(visit.base + "/ws", headers={"Origin": visit.base})
        return refused.value.status, await ours.receive_str()
    assert visit(PARTS, talk) == (403, "secret")


# ---- Token

def test_nothing_is_had_without_the_token(visit):
    assert statuses(visit, [
        ("/", "GET", {}), ("/nowhere", "GET", {}), ("/change", "POST", {}), ("/ws", "GET", {}),
        ("/?token=", "GET", {}), ("/?token=wrong", "GET", {}), ("/?token=%ff%00", "GET", {}),
        ("/", "GET", {"Cookie": "dnne_ros_{port}="}),
        ("/", "GET", {"Cookie": "dnne_ros_{other}=x; dnne_ros_{port}=x"}),
        ("/", "GET", {"Authorization": "Bearer x"})], entered=False) == [401] * 10


def test_the_token_is_no_password_for_a_change(visit):
    async def talk(visit):
        return await visit.status(f"/change?token={visit.token.secret}", "POST")
    assert visit(PARTS, talk, entered=False) == 401


def test_the_printed_address_sets_a_cookie_and_leads_on_without_the_token(visit):
    async def talk(visit):
        found = []
        for path in ("/deep/page?a=1&token={}", "//evil.example/?token={}"):
            async with visit.session.get(visit.base + path.format(visit.token.secret)) as answer:
                found.append((answer.status, answer.headers["Set-Cookie"], await answer.text()))
        return found, visit.token, await visit.status("/")

    (deep, evil), token, after = visit(PARTS, talk, entered=False)
    status, cookie, text = deep
    assert status == after == 200 and cookie.startswith(f"{token.cookie}={token.secret};")
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    assert 'content="0;url=/deep/page?a=1"' in text and token.secret not in text
    assert "url=/evil.example" in evil[2]


def test_the_secret_is_not_shown_by_accident():
    from dnne_ros.web.guards.token import Token

    token = Token(8480)
    assert token.secret not in repr(token) and len(token.secret) >= 43
    assert token.secret != Token(8480).secret


# ---- --view

def test_with_view_all_that_changes_something_is_refused(visit):
    changes = [("/change", method, {}) for method in ("POST", "PUT", "PATCH", "DELETE")]
    assert statuses(visit, [("/", "GET", {}), ("/", "HEAD", {}), *changes],
                    read_only=True) == [200, 200] + [403] * 4
    assert statuses(visit, changes) == [200] * 4
