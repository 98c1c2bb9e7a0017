"""What leaves the machine while the editor is used: nothing, counted by a proxy for all of it."""

import json

import pytest
from browser import MISSING, browsing, edited, new_page

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.long]
_OURS = ("http://127.0.0.1:", "blob:")
# A person who follows a link to a page of others leaves by that; here it is noted.
_WATCHED = """window.refused = []; window.followed = [];
document.addEventListener("securitypolicyviolation", (event) => refused.push(event.blockedURI));
window.open = (address) => { followed.push(String(address)); return null; };"""
# Does all that menus, keys and buttons do, one after the other, and closes what has opened.
_ALL_COMMANDS = """async () => {
  const done = [];
  const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  for (const { id } of app.extensionManager.command.commands) {
    Promise.resolve(app.extensionManager.command.execute(id)).catch(() => {});
    done.push(id);
    for (let frame = 0; frame < 2; frame++) await drawn();
    for (let key = 0; key < 2; key++) {
      document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    }
  }
  return done;
}"""


def _unknown(id):
    """Return a node of a package of others, as their workflows have them."""
    return {"id": id, "type": f"TheirNode{id}", "pos": [300 * id, 0], "size": [200, 100],
            "flags": {}, "order": id, "mode": 0, "inputs": [], "outputs": [],
            "properties": {"cnr_id": "their-pack", "aux_id": "they/their-pack", "ver": "1.0"}}


def test_nothing_leaves_the_machine_whatever_is_done_in_the_editor(repository, tmp_path):
    drawing = {"last_node_id": 3, "last_link_id": 0, "nodes": [_unknown(id) for id in (1, 2, 3)],
               "links": [], "groups": [], "config": {}, "extra": {}, "version": 0.4}
    file = tmp_path / "theirs.json"
    file.write_text(json.dumps(drawing))
    with edited(repository, tmp_path, str(file)) as address, browsing() as browser:
        page = new_page(browser, address, _WATCHED)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.wait_for_function("app.graph.nodes.length === 3")
        done = page.evaluate(_ALL_COMMANDS)
        for command in ("Comfy.BrowseTemplates", "Comfy.ShowSettingsDialog",
                        "Comfy.OpenManagerDialog", "Comfy.Manager.ShowMissingPacks",
                        "Comfy.ToggleHelpCenter", "Workspace.ToggleSidebarTab.model-library"):
            assert command in done
        # It would have: a dialog of theirs asks who can be reached, and the browser refuses.
        page.wait_for_function("refused.some((each) => each.includes('comfy.org'))")
        page.wait_for_load_state("networkidle")
        refused = page.evaluate("refused")
        left = [url for url in asked if not url.startswith((*_OURS, "data:"))]
        assert all(any(url.startswith(each) for each in refused) for url in left)
        assert browser.away == []
        # The proxy would have counted it.
        browser.new_page().goto("http://elsewhere.example/")
        assert browser.away[0] == "GET http://elsewhere.example/ HTTP/1.1"
