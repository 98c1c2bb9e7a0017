"""The debugger in the drawing: a run that begins paused is stepped from the menus of its nodes."""

import json
import os
from pathlib import Path

import pytest
from browser import MISSING, edited, opened

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.slow,
              pytest.mark.long]
REPOSITORY = Path(__file__).parents[2]
_STEP = """(title) => {
  const node = app.graph.getNodeById(6);
  const [menu] = dnneRosDebugging.nodeMenu(node);
  menu.submenu.options.find((each) => each.content === title).callback();
}"""
_ITEM = "dnneRosDebugging.control.state?.items.find((each) => each.why)"


def test_a_run_is_stepped_from_the_menu_of_a_node(repository, tmp_path):
    drawing = json.loads((REPOSITORY / "config/workflows/cartpole_ppo.json").read_text())
    drawing["extra"] = {**drawing["extra"], "dnne_ros": {"run": {"paused": "true"}}}
    (tmp_path / "cartpole.json").write_text(json.dumps(drawing))
    with edited(repository, tmp_path, tmp_path / "cartpole.json") as address, \
            opened(address) as page:
        page.wait_for_function("app.graph.nodes.length === 7")
        page.evaluate("() => app.queuePrompt(0, 1)")
        page.wait_for_function("dnneRosDebugging.control.state?.why === '--paused'")
        page.evaluate(_STEP, "Step to here")
        page.wait_for_function(f"{_ITEM}?.node === 'ppo_trainer_6'")
        page.evaluate(_STEP, "Break here at NaN")
        page.wait_for_function(
            "dnneRosDebugging.control.state.breakpoints[0]?.condition === 'nan'")
        # The tab has the same as the dashboard's panel.
        page.get_by_role("button", name="Pause, step, break, look at items").click()
        page.get_by_text("break 1: ppo_trainer_6 if nan").wait_for()
        place = page.get_by_label("Place", exact=True)
        place.fill("4")  # a node's id in the drawing
        page.get_by_role("button", name="Step", exact=True).click()
        page.wait_for_function(f"{_ITEM}?.node === 'isaac_gym_step_4'")
        if pictures := os.environ.get("DNNE_ROS_PICTURES"):
            page.screenshot(path=f"{pictures}/editor_debugger.png")
        # A link has its figures when items have moved, and then a menu of its own.
        page.wait_for_function("window.dnneRosLive.edges.size > 10")
        page.get_by_role("button", name="Go", exact=True).click()
        page.wait_for_function("dnneRosDebugging.control.state.paused === false")
        page.evaluate("async () => fetch('/editor/api/interrupt', {method: 'POST'})")
        page.wait_for_function("window.dnneRosLive.over")
        assert page.away == []
