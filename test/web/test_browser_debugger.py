"""The debugger in the dashboard: a run is stepped, broken and looked at by the mouse."""

import asyncio

import pytest
from pages import MISSING, browsing, open_page

in_browser = pytest.mark.skipif(bool(MISSING), reason=MISSING)
pytestmark = pytest.mark.slow
SMALL = ("--set", "1.num_envs=16", "--set", "6.minibatch_size=64", "--quiet")


@pytest.fixture
def paused_run(start_command, cartpole, tmp_path):
    return start_command("dnne_ros", "run", cartpole, *SMALL, "--paused", "--peer-timeout", "1h",
                         folder=tmp_path)


@in_browser
def test_a_run_is_stepped_broken_and_let_go(fed, paused_run):
    complaints = []

    async def talk(visit, feed):
        async with browsing(viewport={"width": 1280, "height": 900}) as window:
            page = await open_page(window, visit, complaints)
            graph = page.get_by_role("region", name="Graph /cartpole_ppo")
            await graph.get_by_text("paused by --paused").wait_for()
            await page.get_by_role("tab", name="Debugger").click()
            place, condition = page.get_by_label("Place"), page.get_by_label("Condition")
            await place.fill("isaac_gym_step_4/rewards -> ppo_trainer_6/reward")
            step = page.get_by_role("button", name="Step", exact=True)
            for number in (1, 2):
                await step.click()
                item = page.get_by_role(
                    "region", name=f"item {number} at isaac_gym_step_4/rewards → "
                                   "ppo_trainer_6/reward")
                await item.get_by_text("float32").wait_for()
                await item.get_by_role("img", name="histogram").wait_for()
            # What means nothing is refused by the graph, in its words.
            await condition.fill("reward <")
            await page.get_by_role("button", name="Break").click()
            await page.get_by_role("alert").filter(has_text="character 9").wait_for()
            await condition.fill("number == 40")
            await page.get_by_role("button", name="Break").click()
            await page.get_by_role("listitem").filter(has_text="if number == 40").wait_for()
            await page.get_by_role("button", name="Go", exact=True).click()
            await page.get_by_role("region", name="item 40 at isaac_gym_step_4/rewards").wait_for()
            await page.get_by_text("held 1 times").wait_for()
            await page.get_by_role("button", name="Clear 1").click()
            await page.get_by_role("listitem").filter(has_text="number == 40").wait_for(
                state="detached")
            # The same by the menu of a node in the drawing, with the keyboard alone.
            await page.locator("canvas").nth(1).focus()
            await page.keyboard.press("ArrowRight")
            chosen = await page.evaluate("dashboard.page.chosen.node")
            await page.locator("canvas").nth(1).dispatch_event("contextmenu", {"button": 0})
            await page.get_by_role("menu", name=chosen).wait_for()
            await page.get_by_role("menuitem", name="Watch here").press("Enter")
            await page.get_by_role("listitem").filter(has_text=f"watch 1: {chosen}").wait_for()
            await page.get_by_role("button", name="Go", exact=True).click()
            await page.get_by_role("status").filter(has_text="goes on").wait_for()

    fed(talk)
    assert not [text for text in complaints if "400" not in text]


@in_browser
def test_with_view_nothing_can_be_stepped(fed, paused_run):
    async def talk(visit, feed):
        async with browsing() as window:
            page = await open_page(window, visit, [])
            await page.get_by_role("tab", name="Debugger").click()
            await page.get_by_role("status").filter(has_text="paused by --paused").wait_for()
            assert await page.get_by_role("button", name="Step", exact=True).count() == 0
            answer = await visit.session.post(f"{visit.base}/api/debug", json={
                "graph": "/cartpole_ppo", "action": "go", "words": []})
            assert answer.status == 403

    fed(talk, read_only=True)


RUBBISH = [
    ({"graph": "/none", "action": "go"}, "expected one that runs"),
    ({"graph": "/cartpole_ppo", "action": "exec"}, "expected one of pause"),
    ({"graph": "/cartpole_ppo", "action": "step", "words": "x"}, "expected at most 2 texts"),
    ({"graph": "/cartpole_ppo", "action": "step", "words": ["x" * 2000]}, "expected at most 2"),
    ({"graph": "/cartpole_ppo", "action": "step", "words": ["ppo_trainer", "1"]}, "ppo_trainer_6"),
    ({"graph": "/cartpole_ppo", "action": "break", "words": ["ppo_trainer_6", "open('x')"]},
     "character 1: expected one of nan")]


def test_rubbish_is_refused(fed, paused_run):
    async def talk(visit, feed):
        while "/cartpole_ppo" not in feed.debugged.graphs():
            await asyncio.sleep(0.01)  # discovery has no event to wait for
        for asked, problem in RUBBISH:
            answer = await visit.session.post(f"{visit.base}/api/debug", json=asked)
            assert answer.status == 400 and problem in await answer.text()
        state = await visit.session.get(f"{visit.base}/api/debug?graph=/cartpole_ppo")
        assert (await state.json())["why"] == "--paused"

    fed(talk)
