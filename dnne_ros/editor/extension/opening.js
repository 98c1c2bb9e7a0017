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

// Opens what a person who opens a window wants to see: what runs, or else the file that the server
// was started with.  A page that is loaded again has its drawings from before.
export async function openFirst(app, api, live) {
  const isNew = !sessionStorage.getItem("dnne_ros.seen");
  sessionStorage.setItem("dnne_ros.seen", "1");
  const { file } = await (await fetch(api.fileURL("/dnne_ros/opened"))).json();
  if (isNew && (await live.hasRun(api)) && !live.isOf(app) && !hasUnsavedWork(app)) {
    await openRunning(app, api, live);
  } else if (file && sessionStorage.getItem("dnne_ros.opened") !== file) {
    await openFile(app, `workflows/${file}`);
  }
  if (file) sessionStorage.setItem("dnne_ros.opened", file);
}

// Opens the drawing that runs: its file, or what was run if it is in none.
export async function openRunning(app, api, live) {
  const { id, name } = live.run;
  const { workflow } = app.extensionManager;
  await workflow.syncWorkflows?.();
  const saved = workflow.workflows?.find(({ path }) => path.split("/").pop() === `${name}.json`);
  if (saved) return openFile(app, saved.path);
  const job = await (await api.fetchApi(`/jobs/${id}`)).json();
  await app.loadGraphData(job.workflow.extra_data.extra_pnginfo.workflow, true, true, name);
  await fitView(app);
}

async function openFile(app, path) {
  const { workflow } = app.extensionManager;
  await workflow.syncWorkflows?.();
  const found = workflow.getWorkflowByPath?.(path);
  if (!found) return;
  await found.load();
  await app.loadGraphData(found.activeState, true, true, found);
  await fitView(app);
}

function hasUnsavedWork(app) {
  const { activeWorkflow } = app.extensionManager.workflow;
  return Boolean(activeWorkflow?.isModified) && app.graph.nodes.length > 0;
}
