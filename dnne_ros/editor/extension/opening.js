// Which drawing is there first.

const EMPTY = {
  last_node_id: 0, last_link_id: 0, nodes: [], links: [], groups: [], config: {}, extra: {},
  version: 0.4,
};

// The front end's own first drawing is of node types that are none of ours.
export function keepNewDrawingsEmpty(app) {
  const load = app.loadGraphData;
  app.loadGraphData = function (drawing, ...rest) {
    return load.call(this, drawing ?? structuredClone(EMPTY), ...rest);
  };
}

// Shows the whole drawing, once its nodes have been laid out.
export async function fitView(app) {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  await app.extensionManager.command.execute("Comfy.Canvas.FitView");
}

// Opens the file that the server was started with, in a page that has opened none yet.
export async function openFirstFile(app, api) {
  const { file } = await (await fetch(api.fileURL("/dnne_ros/opened"))).json();
  const opened = sessionStorage.getItem("dnne_ros.opened");
  if (!file || opened === file) return;
  const workflows = app.extensionManager.workflow;
  await workflows.syncWorkflows?.();
  const found = workflows.getWorkflowByPath?.(`workflows/${file}`);
  if (!found) return;
  await found.load();
  await app.loadGraphData(found.activeState, true, true, found);
  sessionStorage.setItem("dnne_ros.opened", file);
  await fitView(app);
}
