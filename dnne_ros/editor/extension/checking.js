// Checks the drawing a moment after it was changed; what is wrong is marked and never in the way.
import { currentFile } from "./requests.js";

const PAUSE = 700;
const COLOR = "#e5484d";

export function watchDrawing(app, api) {
  const checks = { problems: [], listeners: [], onChange: (listener) => checks.listeners.push(listener) };
  let last = "";
  let timer = null;
  const check = async () => {
    const workflow = app.graph.serialize();
    const file = currentFile(app);
    const text = JSON.stringify([file, meaning(workflow)]);
    if (text === last) return;
    last = text;
    const answer = await fetch(api.fileURL("/dnne_ros/check"), {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ extra_data: { extra_pnginfo: { workflow }, dnne_ros: { file } } }),
    });
    if (!answer.ok) return; // only shown (--view), or the server is gone
    const { error, node_errors: errors } = await answer.json();
    checks.problems = workflow.nodes.length ? listed(error, errors) : [];
    mark(app, errors);
    for (const listener of checks.listeners) listener();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE);
  };
  api.addEventListener("graphChanged", soon);
  const after = app.canvas.onAfterChange;
  app.canvas.onAfterChange = function (...rest) {
    after?.apply(this, rest);
    soon();
  };
  // Not each way to change a drawing tells of it.
  setInterval(() => document.visibilityState === "visible" && check(), 3000);
  checks.soon = soon;
  return checks;
}

// What the check depends on: not where nodes lie.
function meaning(workflow) {
  return [workflow.nodes.map(({ pos, size, order, ...rest }) => rest), workflow.links,
    workflow.definitions, workflow.extra?.dnne_ros];
}

function listed(error, errors) {
  const general = error?.details ? error.details.split("\n").map((message) => ({ message })) : [];
  return [...general, ...Object.entries(errors).flatMap(([node, { class_type: type, errors: found }]) =>
    found.map(({ details }) => ({ node, type, message: details })))];
}

const marked = new Set();

// Frames around the nodes with problems, which stand out behind those of Nodes 2.0, too.
export function drawProblems(app, context) {
  const title = globalThis.LiteGraph.NODE_TITLE_HEIGHT;
  context.save();
  context.strokeStyle = COLOR;
  context.lineWidth = 3;
  for (const node of app.canvas.graph.nodes) {
    if (!marked.has(node)) continue;
    const [x, y, width, height] = node.boundingRect ?? [node.pos[0], node.pos[1] - title, node.size[0], node.size[1] + title];
    context.beginPath();
    context.roundRect(x - 5, y - 5, width + 10, height + 10, 12);
    context.stroke();
  }
  context.restore();
}

function mark(app, errors) {
  marked.clear();
  const hosts = new Set(Object.keys(errors).map((id) => id.split(":")[0]));
  for (const node of app.rootGraph?.nodes ?? app.graph.nodes) {
    const bad = hosts.has(String(node.id));
    if (bad) marked.add(node);
    const wrong = new Set((errors[node.id]?.errors ?? []).map((each) => each.extra_info.input_name));
    for (const input of node.inputs ?? []) input.hasErrors = wrong.has(input.name);
  }
  app.graph.setDirtyCanvas(true, true);
}
