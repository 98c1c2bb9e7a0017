"""What becomes of a run whose page is loaded again or closed, that is stopped, or that dies.

The runs are of two nodes and end only as the tests let them: so no page is too slow to see one.
"""

import json
import signal
from pathlib import Path

import psutil
import pytest
from browser import KEEP_STATES, LIT, MISSING, browsing, edited, new_page, wait_for_editor
from tick_drawings import placed, ticks

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.slow]
NODES = Path(__file__).with_name("run_nodes.py")
# What the front end holds: which nodes it outlines, and which it says have failed.
_OUTLINED = """(id) => Object.values(app.graph.getNodeById(id).strokeStyles)
  .map((style) => style.call(app.graph.getNodeById(id))?.color).filter(Boolean)"""


@pytest.fixture
def editing(repository, tmp_path):
    """Give the address of an editor with three drawings: endless, failing, split."""
    for name, drawing in (("endless", ticks()), ("failing", ticks(number=50)),
                          ("split", ticks(process="other"))):
        (tmp_path / f"{name}.json").write_text(json.dumps(placed(drawing)))
    with edited(repository, tmp_path, "--nodes", str(NODES)) as address:
        yield address


def open_drawing(page, name):
    """Open a file as the list of workflows does."""
    page.evaluate("""async (path) => {
      const { workflow } = app.extensionManager;
      await workflow.syncWorkflows();
      const found = workflow.getWorkflowByPath(path);
      await found.load();
      await app.loadGraphData(found.activeState, true, true, found);
    }""", f"workflows/{name}.json")
    page.wait_for_function("app.graph.nodes.length === 2")


def press_run(page):
    page.get_by_role("button", name="Run", exact=True).click()


def press_stop(page):
    page.get_by_role("button", name="Cancel current run").click()


def wait_until_seen(page, name):
    """Wait until all of a run is there: its state, figures of its link, its lit nodes."""
    page.wait_for_function("dnneRosLive.run?.state === 'running' && dnneRosLive.edges.size === 1"
                           f" && {LIT}.length === 2")
    assert page.evaluate("dnneRosLive.run.name") == name
    assert page.evaluate("dnneRosLive.edges.get('2/value').received_per_s") > 0
    for id in (1, 2):
        page.wait_for_function(f"({_OUTLINED})({id}).length > 0")
    page.locator("#dnne-ros-state").get_by_text(f"{name} runs").wait_for()


def jobs(page):
    found = page.evaluate("async () => (await (await fetch('/editor/api/jobs')).json()).jobs")
    return {job["priority"]: job["status"] for job in found}


def test_a_run_outlives_its_pages_and_a_second_waits_until_it_is_stopped(editing):
    with browsing() as browser:
        page = new_page(browser, editing, KEEP_STATES)
        open_drawing(page, "endless")
        press_run(page)
        wait_until_seen(page, "endless")
        assert page.evaluate("seen[1]") == ["starting", "running"]
        open_drawing(page, "failing")
        press_run(page)  # waits for its turn
        page.wait_for_function("async () => (await (await fetch('/editor/api/jobs')).json())"
                               ".jobs.length === 2")
        assert jobs(page) == {1: "in_progress", 2: "pending"}
        page.reload()
        wait_for_editor(page)
        assert not page.evaluate("dnneRosLive.isOf(app)")  # it is of another drawing
        open_drawing(page, "endless")
        assert page.evaluate("dnneRosLive.isOf(app)")
        wait_until_seen(page, "endless")
        page.context.close()  # as a closed browser: nobody looks on

        page = new_page(browser, editing, KEEP_STATES)
        page.wait_for_function("app.graph.nodes.length === 2")  # what runs is opened by itself
        wait_until_seen(page, "endless")
        assert jobs(page) == {1: "in_progress", 2: "pending"}
        press_stop(page)
        page.wait_for_function("seen[2]?.at(-1) === 'failed'")
        assert page.evaluate("seen[1]")[-2:] == ["stopping", "stopped"]
        assert page.evaluate("seen[2]")[:2] == ["starting", "running"]
        assert jobs(page) == {1: "completed", 2: "failed"}
        # The second has failed by itself: at which node, and with its last lines.
        open_drawing(page, "failing")
        banner = page.locator("#dnne-ros-state")
        banner.get_by_text("failing failed").wait_for()
        assert "it is 50" in banner.inner_text()
        assert page.evaluate("dnneRosLive.run.failed_node") == "2"
        assert browser.away == []


@pytest.mark.long  # without a browser: test_run_queue
def test_a_process_that_is_killed_is_shown_at_its_node(editing):
    with browsing() as browser:
        page = new_page(browser, editing, KEEP_STATES)
        open_drawing(page, "split")
        press_run(page)
        wait_until_seen(page, "split")
        victim = next(each for each in psutil.Process().children(recursive=True)
                      if each.name() == "other")
        victim.send_signal(signal.SIGKILL)
        page.wait_for_function("dnneRosLive.over")
        page.get_by_text("was killed by SIGKILL").first.wait_for()
        assert page.evaluate("dnneRosLive.run.failed_node") == "2"
        page.wait_for_function(f"({_OUTLINED})(2).length > 0")
        assert not page.evaluate(_OUTLINED, 1)
        page.get_by_text("the one that fails failed").wait_for()  # in the front end's own words
