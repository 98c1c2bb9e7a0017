"""Cartpole, drawn on an empty canvas and run from there: what a person sees of it."""

import json
from pathlib import Path

import pytest
from browser import KEEP_STATES, LIT, MISSING, browsing, edited, new_page, wait_for_editor
from cartpole_drawings import node_of

from dnne_ros.workflow.json_text import load_json

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.slow]
REPOSITORY = Path(__file__).parents[2]
CARTPOLE = load_json(REPOSITORY / "config" / "workflows" / "cartpole_ppo.json")

# Adds the nodes of a file one by one, sets their widgets and connects their ports by name.
_DRAW = """async ([nodes, links, run]) => {
  await app.loadGraphData();
  const made = {};
  for (const each of nodes) {
    const node = LiteGraph.createNode(each.type);
    app.graph.add(node);
    node.pos = each.pos;
    node.title = each.title;
    for (const [name, value] of Object.entries(each.values)) {
      const widget = node.widgets.find((one) => one.name === name);
      widget.value = value;
      widget.callback?.(value);
    }
    made[each.id] = node;
  }
  for (const [origin, output, target, input] of links) {
    const from = made[origin].outputs.findIndex((slot) => slot.name === output);
    const to = made[target].inputs.findIndex((slot) => slot.name === input);
    if (!made[origin].connect(from, made[target], to)) throw new Error(`${output} → ${input}`);
  }
  app.graph.extra = {...app.graph.extra, dnne_ros: {run}};
  await new Promise((resolve) => setTimeout(resolve, 300));
  await app.extensionManager.command.execute("Comfy.Canvas.FitView");
  return app.graph.nodes.length;
}"""
TODAY = {"IsaacGymEnvNode": "SimulatorEnvNode", "IsaacGymStepNode": "SimulatorStepNode"}


def drawn():
    """Return the nodes and links of Cartpole, by names alone, with a camera."""
    nodes = [{**{key: node[key] for key in ("id", "title", "pos")}, "values": {},
              "type": TODAY.get(node["type"], node["type"])} for node in CARTPOLE["nodes"]]
    by_id = {node["id"]: node for node in nodes}
    by_id[1]["values"] = {"env_name": "Cartpole", "num_envs": 512}
    by_id[3]["values"] = {"hidden_sizes": "64,64", "learning_rate": 0.002, "init_log_std": -1.0}
    by_id[4]["values"] = {"camera": "320x240@5"}
    by_id[5] |= {"values": {"max_push_effort": 10.0}, "pos": [1080, 620]}  # below the picture
    by_id[7]["values"] = {"title": "mean return"}
    by_id[6]["values"] = trainer_values()
    links = [[origin, node_of(CARTPOLE, origin)["outputs"][slot]["name"], target,
              node_of(CARTPOLE, target)["inputs"][place]["name"]]
             for _, origin, slot, target, place, _ in CARTPOLE["links"]]
    return nodes, links


def trainer_values():
    from dnne_ros.catalogue.catalogue import Catalogue

    trainer = Catalogue().find("PPOTrainerNode")
    return dict(zip(trainer.widgets, node_of(CARTPOLE, 6)["widgets_values"], strict=False))


def test_cartpole_from_an_empty_canvas_to_a_return_of_450(repository, tmp_path, pictures):
    """The run has no limit: however slow page and machine are, all can be seen before it ends."""
    nodes, links = drawn()
    with edited(repository, tmp_path) as address, browsing() as browser:
        page = new_page(browser, address, KEEP_STATES)
        assert page.evaluate(_DRAW, [nodes, links, {"save_checkpoint_dir": "saved"}]) == 7
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_function("dnneRosLive.edges.size > 10")
        page.wait_for_function("dnneRosLive.run.curve.length > 20")
        page.wait_for_function(f"{LIT}.length >= 6")
        page.wait_for_function("app.nodePreviewImages[4]?.length")
        see(page, pictures, "editor_running")
        page.wait_for_function("dnneRosLive.run.metrics.mean_return >= 450")
        curve = page.evaluate("dnneRosLive.run.curve")
        assert max(point.get("mean_return", 0) for point in curve) > 100

        page.reload()  # in mid-run: the curve is there from its beginning
        wait_for_editor(page)
        page.wait_for_function("dnneRosLive.edges.size > 10")
        assert page.evaluate("dnneRosLive.run.curve.length") > 20
        assert page.evaluate("dnneRosLive.run.curve[0]") == curve[0]
        page.get_by_role("button", name="Cancel current run").click()
        page.wait_for_function("dnneRosLive.over")
        see(page, pictures, "editor_ended")
        assert page.evaluate("seen[1]") == ["running", "stopping", "stopped"]
        assert json.loads((tmp_path / "saved" / "checkpoint.json").read_text())
        assert browser.away == []


def see(page, pictures, name):
    """Keep a picture of the page, where somebody asked for pictures."""
    if pictures:
        page.wait_for_timeout(1500)  # for a picture of the camera that is worth seeing
        page.screenshot(path=f"{pictures}/{name}.png")


@pytest.fixture
def pictures():
    """Return where pictures for the documentation go: ``DNNE_ROS_PICTURES``, else nowhere."""
    import os

    return os.environ.get("DNNE_ROS_PICTURES", "")
