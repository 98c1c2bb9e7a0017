// A widget that is changed while its graph runs sets the parameter of its node, or says why not.
// Values are looked at: what tells of a change differs between the canvas and Nodes 2.0, and undoing one tells nothing.
import { idOf } from "./live.js";

const PERIOD = 250;

export function offerLiveWidgets(app, api, live) {
  let run = null;
  let known = new Map();
  setInterval(() => {
    if (!live.run || live.over || app.configuringGraph || !live.isOf(app)) return;
    const found = new Map(widgetsOf(app));
    if (run !== live.run.id) { // what it was started with
      run = live.run.id;
      known = new Map([...found].map(([key, { widget }]) => [key, widget.value]));
    }
    if (live.run.state !== "running") return;
    for (const [key, { node, widget }] of found) {
      if (known.has(key) && known.get(key) !== widget.value) set(app, api, node, widget);
      known.set(key, widget.value);
    }
  }, PERIOD);
}

function* widgetsOf(app, graph = app.rootGraph ?? app.graph) {
  for (const node of graph.nodes) {
    if (node.subgraph) yield* widgetsOf(app, node.subgraph);
    const { required, optional } = node.constructor.nodeData?.input ?? {};
    for (const widget of node.widgets ?? []) {
      // Others are of the front end: what becomes of a seed, a preview.
      if (widget.name in { ...required, ...optional }) {
        yield [`${idOf(app, graph, node)}/${widget.name}`, { node, widget }];
      }
    }
  }
}

async function set(app, api, node, widget) {
  const answer = await fetch(api.fileURL("/dnne_ros/parameter"), {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ node: idOf(app, node.graph, node), name: widget.name,
      value: widget.value }),
  });
  const error = answer.ok ? "" : await reasonOf(answer);
  app.extensionManager.toast.add(error
    ? { severity: "warn", summary: `${node.title}: ${widget.name}`, detail: error, life: 8000 }
    : { severity: "success", summary: `${node.title}: ${widget.name} = ${widget.value}`, life: 2000 });
}

async function reasonOf(answer) {
  const text = await answer.text(); // JSON of ours, or a guard's line (--view)
  try {
    return JSON.parse(text).error;
  } catch {
    return text;
  }
}
