"""The feed over its WebSocket, heard from real ROS nodes."""

import asyncio
import json
import struct

import pytest
from aiohttp import WSMsgType

from dnne_ros.runtime.monitoring.diagnostic_message import Status
from dnne_ros.web.feed import listeners


class Page:
    """A page's WebSocket, and the messages that have come."""

    def __init__(self, socket):
        self.socket = socket

    async def until(self, wanted):
        """Return the first message for which ``wanted`` holds."""
        async for message in self.socket:
            found = json.loads(message.data) if message.type is WSMsgType.TEXT else message.data
            if wanted(found):
                return found
        raise AssertionError("the server has closed it")

    async def of_type(self, type, wanted=lambda message: True):
        return await self.until(lambda message: isinstance(message, dict)
                                and message["type"] == type and wanted(message))


async def open_page(visit):
    return Page(await visit.session.ws_connect(f"{visit.base}/api/feed", max_msg_size=0,
                                               headers={"Origin": visit.base}))


@pytest.fixture
def node(ros_loop):
    """Return a node of the graph /g that has parameters, as hosts of nodes do."""
    from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor

    node = ros_loop.node("a", namespace="/g")
    node.declare_parameter("gain", 1.5, ParameterDescriptor(
        description="how much", floating_point_range=[
            FloatingPointRange(from_value=0.0, to_value=10.0)]))
    node.declare_parameter("count", 3)
    node.declare_parameter("fixed", "x", ParameterDescriptor(
        read_only=True, additional_constraints="Fixed while the graph runs: it is read once."))
    return node


def test_pages_get_graphs_logs_curves_and_others_and_a_second_one_gets_all_again(
        fed, spoken, node):
    from std_msgs.msg import Float64

    graph = spoken("/g", ["a", "b"], ["a/x → b/y"])
    loss = node.create_publisher(Float64, "a/loss", 10)

    async def talk(visit, feed):
        speaking = asyncio.create_task(graph.go_on())
        try:
            page = await open_page(visit)
            found = await page.of_type("graphs", lambda message: message["graphs"])
            node.get_logger().info("hello from a")
            lines = await page.of_type("logs")
            graph.say(Status("driver", message="all right", hardware_id="robot"))
            others = await page.of_type("diagnostics", lambda message: message["statuses"])

            async def publish():
                while True:
                    loss.publish(Float64(data=0.5))
                    await asyncio.sleep(0.05)

            publishing = asyncio.create_task(publish())
            try:
                curves = await page.of_type("curves")
            finally:
                publishing.cancel()
            again = await open_page(visit)  # as a page that is loaded again
            return found, lines, others, curves, [
                await again.of_type(type) for type in ("graphs", "logs", "curves")]
        finally:
            speaking.cancel()

    found, lines, others, curves, again = fed(talk)
    view, = found["graphs"]
    assert view["namespace"] == "/g" and [node["name"] for node in view["nodes"]] == ["a", "b"]
    assert view["edges"][0]["values"]["received_per_s"] == 10
    assert (lines["lines"][0]["node"], lines["lines"][0]["text"]) == ("/g/a", "hello from a")
    assert others["statuses"][0]["name"] == "driver"
    assert curves["curves"][0]["node"] == "/g/a" and curves["curves"][0]["values"][0] == 0.5
    assert again[0]["graphs"] and again[1]["lines"] == lines["lines"]
    assert again[2]["curves"][0]["times"][0] == curves["curves"][0]["times"][0]


def test_pictures_come_while_they_are_watched(fed, ros_loop):
    import numpy as np
    from sensor_msgs.msg import Image

    from dnne_ros.messages.pictures import write_picture

    camera = ros_loop.node("camera")
    publisher = camera.create_publisher(Image, "/camera/image", 1)
    message = Image()
    write_picture(message, np.zeros((8, 8, 3), np.uint8))

    async def talk(visit, feed):
        page = await open_page(visit)
        await page.of_type("images", lambda found: "/camera/image" in found["topics"])
        assert publisher.get_subscription_count() == 0
        await page.socket.send_json({"images": ["/camera/image", "/nothing"]})

        async def publish():
            while True:
                publisher.publish(message)
                await asyncio.sleep(0.05)

        publishing = asyncio.create_task(publish())
        try:
            picture = await page.until(lambda found: isinstance(found, bytes))
        finally:
            publishing.cancel()
        await page.socket.send_json({"images": []})
        await ros_loop.until(lambda: publisher.get_subscription_count() == 0)
        return picture

    picture = fed(talk)
    length, = struct.unpack(">I", picture[:4])
    assert json.loads(picture[4:4 + length]) == {"topic": "/camera/image", "type": "image/jpeg"}
    assert picture[4 + length:].startswith(b"\xff\xd8\xff")


def test_parameters_are_read_and_set_with_the_nodes_own_words(fed, spoken, node):
    graph = spoken("/g", ["a"], [])

    async def talk(visit, feed):
        speaking = asyncio.create_task(graph.go_on())
        try:
            page = await open_page(visit)
            await page.of_type("graphs", lambda message: message["graphs"])
            async with visit.session.get(f"{visit.base}/api/parameters?node=/g/a") as answer:
                found = {each["name"]: each for each in (await answer.json())["parameters"]}
            said = []
            for name, value in (("gain", 2), ("gain", 11.0), ("gain", "x"), ("count", 4.0),
                                ("count", 4.5), ("count", 2**70), ("fixed", "y"), ("none", 1),
                                (7, 1)):
                async with visit.session.post(f"{visit.base}/api/parameters", json={
                        "node": "/g/a", "name": name, "value": value}) as answer:
                    said.append((answer.status, (await answer.json()).get("error", "")))
            changed = await page.of_type("parameters", lambda message: {
                "node": "/g/a", "name": "gain", "value": 2.0} in message["changes"])
            unknown = [await visit.status(f"/api/parameters{query}") for query in (
                "?node=/other", "", "?node=/g/b")]
            return found, said, changed, unknown
        finally:
            speaking.cancel()

    found, said, _, unknown = fed(talk)
    assert found["gain"] == {
        "name": "gain", "kind": "number", "value": 1.5, "description": "how much",
        "constraints": "", "read_only": False, "minimum": 0.0, "maximum": 10.0, "step": 0.0}
    assert found["fixed"]["read_only"] and "it is read once" in found["fixed"]["constraints"]
    assert [status for status, _ in said] == [200, 400, 400, 200, 400, 400, 400, 400, 400]
    assert "out of range" in said[1][1] and "expected number, found 'x'" in said[2][1]
    assert "/g/a, count: expected integer, found 4.5" in said[4][1]
    assert (node.get_parameter("gain").value, node.get_parameter("count").value) == (2.0, 4)
    assert unknown == [400, 400, 400]


def test_with_view_pages_listen_and_change_nothing(fed, spoken, node):
    async def talk(visit, feed):
        page = await open_page(visit)
        await page.of_type("graphs")
        async with visit.session.get(f"{visit.base}/api/server") as answer:
            read_only = (await answer.json())["read_only"]
        return read_only, [await visit.status(path, "POST", json={}) for path in (
            "/api/parameters", "/api/stop")]

    assert fed(talk, read_only=True) == (True, [403, 403])


@pytest.mark.parametrize("rubbish", [
    "{", "[]", '{"images": "x"}', '{"images": [1]}', '{"graphs": 7}', b"\x00\x01", "[" * 60_000,
    "x" * 70_000])
def test_a_page_that_sends_rubbish_is_sent_away(fed, rubbish):
    async def talk(visit, feed):
        page = await open_page(visit)
        await page.of_type("graphs")
        await (page.socket.send_bytes if isinstance(rubbish, bytes)
               else page.socket.send_str)(rubbish)
        async for _ in page.socket:
            pass
        return page.socket.close_code

    assert fed(talk) in (1003, 1009)


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_rubbish_for_whatever_there_is_to_ask_is_no_fault_of_the_server(fed, kind):
    bodies = [b"", b"{", b"[]", b"null", b"3", b"{}", b"\xff\x00", b"[" * 100_000,
              b'{"graph": {}, "node": [], "name": 3, "value": {"a": [1e999]}}',
              b'{"graph": "/nobody", "node": "/no/body", "name": "", "value": null}']

    async def talk(visit, feed):
        assert ("POST", "/api/stop") in visit.routes
        for method, path in visit.routes:
            for body in bodies if method not in ("GET", "HEAD") else [None]:
                for query in ("", "?node=%00", "?node=/no/body", "?node=%FF&graph=[]"):
                    status = await visit.status(path + query, method, data=body,
                                                headers={"Content-Type": kind})
                    assert status < 500, (method, path, query, body)
    fed(talk)


def test_there_is_an_end_to_pages(fed, monkeypatch):
    monkeypatch.setattr(listeners, "_MOST", 2)

    async def talk(visit, feed):
        pages = [await open_page(visit) for _ in range(2)]
        refused = await visit.status("/api/feed")
        await pages[0].socket.close()
        await asyncio.sleep(0)
        return refused

    assert fed(talk) == 503


def test_a_page_sees_the_graphs_that_it_asks_for(fed, spoken):
    graphs = [spoken(name, ["a"], []) for name in ("/one", "/two")]

    async def talk(visit, feed):
        speaking = [asyncio.create_task(graph.go_on()) for graph in graphs]
        try:
            page = await open_page(visit)
            await page.of_type("graphs", lambda message: len(message["graphs"]) == 2)
            await page.socket.send_json({"graphs": ["/two"]})
            return await page.of_type("graphs", lambda message: len(message["graphs"]) == 1)
        finally:
            for each in speaking:
                each.cancel()

    assert fed(talk)["graphs"][0]["namespace"] == "/two"
