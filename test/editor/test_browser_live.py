"""What is seen of a run beyond plain drawings, and what is changed while it runs."""

import json
from pathlib import Path

import pytest
from browser import MISSING, browsing, edited, new_page
from tick_drawings import nested_ticks

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.long]
NODES = Path(__file__).with_name("run_nodes.py")
# The figures that stand at each link of the graph that is shown.
_AT_LINKS = """async () => {
  const { edgeOf } = await import("/editor/extensions/dnne_ros/link_figures.js");
  const graph = app.canvas.graph;
  return [...graph.links.values()].map(
    (link) => edgeOf(app, graph, dnneRosLive, link)?.received_per_s);
}"""


def test_links_into_and_inside_a_subgraph_have_figures_and_widgets_of_nodes_2_change_live(
        repository, tmp_path):
    (tmp_path / "nested.json").write_text(json.dumps(nested_ticks()))
    words = (str(tmp_path / "nested.json"), "--nodes", str(NODES),
             "--ros-args", "-r", "__ns:=/robot1")
    with edited(repository, tmp_path, *words) as address, browsing() as browser:
        page = new_page(browser, address)
        page.wait_for_function("app.graph.nodes.length === 2")
        page.get_by_role("button", name="Menu", exact=True).click()
        page.get_by_text("File", exact=True).first.click()
        with page.expect_download() as made:
            page.get_by_text("Export: Picture (SVG)").click()
        assert made.value.suggested_filename == "nested.svg"
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_function("dnneRosLive.run?.state === 'running' && dnneRosLive.edges.size")
        assert page.evaluate("[...dnneRosLive.edges.keys()]") == ["3:2/value"]
        assert all(rate > 0 for rate in page.evaluate(_AT_LINKS))
        page.evaluate("app.canvas.setGraph(app.graph.getNodeById(3).subgraph)")
        inside = page.evaluate(_AT_LINKS)
        assert len(inside) == 1 and inside[0] > 0
        page.evaluate("app.canvas.setGraph(app.rootGraph)")

        page.evaluate("app.extensionManager.command.execute('Experimental.ToggleVueNodes')")
        rest = page.locator("[data-node-id='1'] input").first
        rest.wait_for()
        with page.expect_response("**/dnne_ros/parameter") as answer:
            rest.fill("2")
            rest.press("Enter")
        assert answer.value.json() == {"error": ""}
        page.wait_for_function(
            "[...dnneRosLive.edges.values()].every((edge) => edge.received_per_s <= 1)")
        assert browser.away == []
