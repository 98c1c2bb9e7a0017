// A widget that is changed while its graph runs sets the parameter of its node, or says why not.
import { idOf } from "./live.js";
import { showAllDecimals } from "./numbers.js";

const PAUSE = 250;

export function offerLiveWidgets(app, api, live) {
  const waiting = new Map();
  const changed = (node, widget) => {
    if (!live.run || live.run.state !== "running" || app.configuringGraph) return;
    const key = `${node.id}/${widget.name}`;
    clearTimeout(waiting.get(key));
    waiting.set(key, setTimeout(() => set(app, api, node, widget), PAUSE));
  };
  const before = globalThis.LGraphNode.prototype.onWidgetChanged;
  globalThis.LGraphNode.prototype.onWidgetChanged = function (name, value, old, widget) {
    before?.call(this, name, value, old, widget);
    showAllDecimals(this);
    changed(this, widget);
  };
}

async function set(app, api, node, widget) {
  const answer = await fetch(api.fileURL("/dnne_ros/parameter"), {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ node: idOf(app, node.graph, node), name: widget.name,
      value: widget.value }),
  });
  const { error } = await answer.json();
  app.extensionManager.toast.add(error
    ? { severity: "warn", summary: `${node.title}: ${widget.name}`, detail: error, life: 8000 }
    : { severity: "success", summary: `${node.title}: ${widget.name} = ${widget.value}`, life: 2000 });
}
