// On each link: items in a second, how full it is, and how long its sender waited; on hover more.
import { formatRate, idOf } from "./live.js";

const FONT = "11px sans-serif";
const NEAR = 14;
const COLORS = { OK: "#e8f0e8", WARN: "#ffcf66", ERROR: "#ff7b6b", STALE: "#9aa5b1" };

export function drawLinkFigures(app, live, context) {
  if (!live.edges.size) return;
  const graph = app.canvas.graph;
  const taken = [];
  let hovered = null;
  for (const link of linksOf(graph)) {
    const edge = edgeOf(app, graph, live, link);
    // The front end knows where a link is once it has drawn it.
    if (!edge || !link._pos || (link._pos[0] === 0 && link._pos[1] === 0)) continue;
    const place = freePlace(taken, link._pos);
    label(context, lineOf(edge), place, COLORS[edge.level] ?? COLORS.OK);
    const mouse = app.canvas.graph_mouse;
    if (app.canvas.last_mouse_position[0] && Math.hypot(mouse[0] - place[0], mouse[1] - place[1]) < NEAR) hovered = [edge, place];
  }
  if (hovered) box(context, detailsOf(hovered[0]), hovered[1]);
}

export function linksOf(graph) {
  return [...graph.links instanceof Map ? graph.links.values() : Object.values(graph.links)];
}

export function edgeOf(app, graph, live, link) {
  const source = endOf(app, graph, link.origin_id, "outputs", link.origin_slot);
  const target = endOf(app, graph, link.target_id, "inputs", link.target_slot);
  const edge = target && live.edges.get(target.join("/"));
  if (edge || (!source && !target)) return edge;
  // An end may be inside of a subgraph, or of what a node is short for; a subgraph's own ends are no nodes.
  return [...live.edges.values()].find((each) => reaches(each.source, source) && reaches(each.target, target));
}

function endOf(app, graph, id, side, slot) {
  const node = graph.getNodeById(id);
  return node && [idOf(app, graph, node), node[side]?.[slot]?.name];
}

function reaches([id, port], end) {
  return !end || (id === end[0] && port === end[1]) || id.startsWith(`${end[0]}:`);
}

function lineOf(edge) {
  const rate = formatRate(edge.received_per_s ?? edge.sent_per_s);
  const blocked = edge.blocked_percent === undefined ? "" : ` ${Math.round(edge.blocked_percent)}%`;
  return `${rate}/s ${edge.depth}/${edge.capacity}${blocked}`;
}

function detailsOf(edge) {
  const lines = [`${edge.policy}, ${edge.transport}`,
    `sent ${edge.sent ?? "–"}, received ${edge.received ?? "–"}`,
    `waiting ${edge.depth} of ${edge.capacity}, sender blocked ${edge.blocked_percent ?? "–"} %`];
  if (edge.latency_ms !== undefined) {
    lines.push(`latency ${edge.latency_ms} ms, at most ${edge.latency_max_ms} ms`);
  }
  if (edge.lost || edge.dropped || edge.duplicated) {
    lines.push(`lost ${edge.lost}, dropped ${edge.dropped}, twice ${edge.duplicated}`);
  }
  return edge.level === "OK" ? lines : [edge.message, ...lines];
}

// Labels of links that lie close together stand below each other.
export function freePlace(taken, [x, y]) {
  while (taken.some(([a, b]) => Math.abs(a - x) < 90 && Math.abs(b - y) < 13)) y += 13;
  taken.push([x, y]);
  return [x, y];
}

function label(context, text, [x, y], color) {
  context.save();
  context.font = FONT;
  context.textAlign = "center";
  const width = context.measureText(text).width + 8;
  context.fillStyle = "rgba(20, 22, 26, 0.8)";
  context.fillRect(x - width / 2, y - 7, width, 13);
  context.fillStyle = color;
  context.fillText(text, x, y + 3);
  context.restore();
}

function box(context, lines, [x, y]) {
  context.save();
  context.font = FONT;
  const width = Math.max(...lines.map((line) => context.measureText(line).width)) + 16;
  context.fillStyle = "rgba(20, 22, 26, 0.95)";
  context.strokeStyle = "#6b7280";
  context.fillRect(x + 10, y + 10, width, 16 * lines.length + 8);
  context.strokeRect(x + 10, y + 10, width, 16 * lines.length + 8);
  context.fillStyle = "#e8eaed";
  lines.forEach((line, index) => context.fillText(line, x + 18, y + 26 + 16 * index));
  context.restore();
}
