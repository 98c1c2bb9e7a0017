"""What the front end itself makes of workflows and of numbers: it changes nothing that counts."""

import json
import shutil
from pathlib import Path

import pytest
from browser import MISSING, edited, opened
from cartpole_drawings import DRAWINGS, graph_of
from widget_numbers import numbers_of

from dnne_ros.editor.object_info import object_info
from dnne_ros.workflow.json_text import load_json

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
CONFIG = Path(__file__).parents[2] / "config" / "workflows"
SHARED = Path(__file__).parents[2].parent / "shared" / "workflows"  # others', where there are some
FILES = sorted([*CONFIG.glob("*.json"), *SHARED.glob("*.json")])

# Loads a workflow as the list of workflows does, and returns what Run sends and Save writes.
_THROUGH = """async (name) => {
  const answer = await fetch(`/editor/api/userdata/${encodeURIComponent('workflows/' + name)}`);
  await app.loadGraphData(await answer.json(), true, true);
  const sent = await app.graphToPrompt();
  return {sent: sent.workflow, saved: app.graph.serialize()};
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the package's workflows, and drawings of every kind."""
    found = tmp_path_factory.mktemp("served")
    for path in FILES:
        shutil.copy(path, found)
    shutil.copytree(CONFIG / "cartpole_leapp", found / "cartpole_leapp")
    cartpole = load_json(CONFIG / "cartpole_ppo.json")
    for name, change in DRAWINGS.items():
        (found / f"{name}.json").write_text(json.dumps(change(cartpole)))
    return found


@pytest.fixture(scope="module")
def page(repository, folder):
    nodes = (str(CONFIG / name) for name in ("balance.py", "reach_by_camera.py"))
    with edited(repository, folder, *(word for file in nodes for word in ("--nodes", file))
                ) as address, opened(address) as page:
        yield page
        assert page.away == []


@pytest.mark.parametrize("name", [*(path.stem for path in FILES), *DRAWINGS])
def test_what_run_sends_is_what_check_sees(name, page, folder, catalogue):
    path = folder / f"{name}.json"
    before = graph_of(load_json(path), path, catalogue)
    through = page.evaluate(_THROUGH, path.name)
    for document in (through["sent"], through["saved"]):
        after = graph_of(document, path, catalogue)
        for part, expected in before.items():
            assert after[part] == expected, part


def test_no_number_changes_by_being_loaded_and_saved(page, catalogue):
    """Each widget's default and bounds, 1e-6 and negative ones, as far as it takes them."""
    nodes, expected = [], {}
    for node_type in catalogue:
        given = {name: list(numbers_of(widget)) for name, widget in node_type.widgets.items()
                 if widget.kind in (int, float)}
        for index in range(max(map(len, given.values()), default=0)):
            values = {name: each[index % len(each)] for name, each in given.items()}
            id = len(nodes) + 1
            nodes.append({"id": id, "type": node_type.type_name, "pos": [id * 10, 0],
                          "size": [200, 100], "flags": {}, "order": id, "mode": 0,
                          "properties": {}, "widgets_values_named": values})
            expected[id] = values
    assert len(nodes) > 200
    drawing = {"last_node_id": len(nodes), "last_link_id": 0, "nodes": nodes, "links": [],
               "groups": [], "config": {}, "extra": {}, "version": 0.4}
    saved = page.evaluate("""async (drawing) => {
      await app.loadGraphData(drawing);
      return JSON.parse(JSON.stringify(app.graph.serialize())).nodes;
    }""", drawing)
    found = {int(node["id"]): node["widgets_values_named"] for node in saved}
    changed = {(nodes[id - 1]["type"], name): (value, found[id][name])
               for id, values in expected.items() for name, value in values.items()
               if found[id][name] != value}
    assert changed == {}
    assert len(object_info(catalogue)) > 100


def test_a_new_drawing_is_empty(page):
    page.evaluate("() => app.loadGraphData()")
    assert page.evaluate("() => app.graph.nodes.length") == 0
