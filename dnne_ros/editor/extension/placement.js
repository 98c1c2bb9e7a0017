// Which process a node is in: the colour of its title, changed in its menu.

const COLORS = ["#1f6f54", "#2b4c8a", "#8a3d2b", "#6a2b8a", "#8a6d1b", "#2b7d8a", "#5c5c5c"];

export function processesOf(app) {
  const nodes = app.rootGraph?.nodes ?? app.graph.nodes;
  return [...new Set(nodes.map((node) => node.properties?.dnne_ros?.process).filter(Boolean))].sort();
}

export function colorOf(app, process) {
  return COLORS[processesOf(app).indexOf(process) % COLORS.length];
}

export function putInto(app, node, process) {
  const options = { ...node.properties.dnne_ros };
  if (process) options.process = process;
  else delete options.process;
  if (Object.keys(options).length) node.properties.dnne_ros = options;
  else delete node.properties.dnne_ros;
  app.graph.setDirtyCanvas(true, true);
}

export function showPlacement(app) {
  const drawNode = app.canvas.drawNode;
  app.canvas.drawNode = function (node, context) {
    drawNode.call(this, node, context);
    const process = node.properties?.dnne_ros?.process;
    if (!process) return;
    const title = globalThis.LiteGraph.NODE_TITLE_HEIGHT;
    context.save();
    context.fillStyle = colorOf(app, process);
    context.fillRect(0, -title - 4, node.size[0], 4);
    context.font = "10px sans-serif";
    context.textAlign = "right";
    context.fillText(process, node.size[0], -title - 7);
    context.restore();
  };
}

// The entry of a node's menu.
export function processMenu(app, node) {
  return {
    content: "Process", has_submenu: true,
    submenu: { options: [...processesOf(app), "(none)", "New …"].map((name) => ({
      content: name, callback: () => choose(app, node, name) })) },
  };
}

async function choose(app, node, name) {
  const chosen = Object.values(app.canvas.selected_nodes ?? {});
  let process = name === "(none)" ? "" : name;
  if (name === "New …") {
    process = await app.extensionManager.dialog.prompt({
      title: "Process", message: "Lower-case letters, digits and underscores", defaultValue: "" });
    if (!process) return;
  }
  for (const each of chosen.includes(node) ? chosen : [node]) putInto(app, each, process);
}
