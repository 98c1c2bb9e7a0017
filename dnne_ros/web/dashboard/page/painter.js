// Paints a graph on two canvases: below what changes with its figures or the view, above the dots
// that travel along links where items move.  So a frame costs one small square per busy link.

import { colour } from "./elements.js";
import { pointOf } from "./layout.js";
import { rate, rateOf } from "./texts.js";

const COLOURS = ["page", "card", "text", "dim", "line", "accent", "lit", "warn", "error", "idle",
  "chosen"];
const LABELLED_LINKS = 60;
const SMALLEST_TEXT = 0.42;   // below this scale text is not legible
const PIECES = 24;

export class Painter {
  constructor(still, moving) {
    this.still = still.getContext("2d");
    this.moving = moving.getContext("2d");
    this.canvases = [still, moving];
    this.view = { x: 0, y: 0, scale: 1 };
    this.size = { width: 0, height: 0, ratio: 1 };
    this.readColours();
  }

  readColours() {
    this.colours = Object.fromEntries(COLOURS.map(name => [name, colour(name)]));
  }

  resize(width, height) {
    const ratio = window.devicePixelRatio || 1;
    this.size = { width, height, ratio };
    for (const canvas of this.canvases) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
  }

  // Whatever is fixed until figures or the view change.
  paintStill(layout, nodes, links, chosen) {
    const pen = this.still;
    this.#begin(pen);
    for (const link of links.values()) this.#link(pen, layout, link, link.name === chosen);
    const legible = this.view.scale >= SMALLEST_TEXT;
    if (legible && !layout.down && links.size <= LABELLED_LINKS)  // downwards there is no room
      for (const link of links.values()) this.#linkLabel(pen, layout, link);
    for (const box of layout.boxes.values())
      this.#node(pen, box, nodes.get(box.name), box.name === chosen, legible);
  }

  // Dots on their way; ``seconds`` is any time that goes on.
  paintMoving(layout, links, seconds) {
    const pen = this.moving;
    this.#begin(pen);
    const side = Math.max(4, 3 / this.view.scale);
    let phase = 0;
    for (const link of links.values()) {
      phase += 0.381966;  // links side by side do not beat together
      const perSecond = link.stale ? 0 : rateOf(link);
      if (!perSecond) continue;
      pen.fillStyle = this.#linkColour(link);
      const curves = layout.curves.get(link.name);
      // Faster on a logarithmic scale: a thousand items a second cannot be shown one by one.
      const part = (phase + seconds * (0.15 + 0.15 * Math.log10(1 + perSecond))) % 1;
      const [x, y] = pointOf(curves, part);
      pen.fillRect(x - side / 2, y - side / 2, side, side);
    }
  }

  clearMoving() {
    this.#begin(this.moving);
  }

  #begin(pen) {
    const { width, height, ratio } = this.size;
    const { x, y, scale } = this.view;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width * ratio, height * ratio);
    pen.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
  }

  #linkColour(link) {
    if (link.stale) return this.colours.idle;
    if (link.level === "ERROR") return this.colours.error;
    if (link.level === "WARN") return this.colours.warn;
    return rateOf(link) ? this.colours.lit : this.colours.idle;
  }

  #link(pen, layout, link, isChosen) {
    pen.strokeStyle = isChosen ? this.colours.accent : this.#linkColour(link);
    pen.lineWidth = (isChosen ? 2.5 : 1) + 0.5 * Math.log10(1 + rateOf(link));
    pen.globalAlpha = isChosen || link.level !== "OK" ? 1 : 0.65;
    pen.beginPath();
    for (const [ax, ay, bx, by, cx, cy, dx, dy] of layout.curves.get(link.name)) {
      pen.moveTo(ax, ay);
      pen.bezierCurveTo(bx, by, cx, cy, dx, dy);
    }
    pen.stroke();
    pen.globalAlpha = 1;
  }

  // Rate, and how full the link is: at its end, where its consumer stands.
  #linkLabel(pen, layout, link) {
    const { depth = 0, capacity = 1, blocked_percent: blocked = 0 } = link.values;
    const curves = layout.curves.get(link.name);
    const [x, y] = curves.at(-1).slice(6);
    let text = rateOf(link) ? `${rate(rateOf(link))}/s` : "";
    if (depth > 1) text += `  ${depth}/${capacity}`;
    if (blocked >= 1) text += `  blocked ${Math.round(blocked)} %`;
    if (!text) return;
    pen.font = "10px system-ui, sans-serif";
    pen.textAlign = "right";
    const width = pen.measureText(text).width;
    pen.fillStyle = this.colours.page;
    pen.globalAlpha = 0.85;
    pen.fillRect(x - 12 - width, y - 13, width + 4, 12);
    pen.globalAlpha = 1;
    pen.fillStyle = link.level === "OK" ? this.colours.text : this.#linkColour(link);
    pen.fillText(text, x - 10, y - 3);
  }

  #node(pen, box, node, isChosen, legible) {
    const { card, text, dim, line, lit, idle, accent, chosen } = this.colours;
    const works = node && !node.stale && (node.values.taken_per_s || node.values.sent_per_s);
    const state = this.#nodeColour(node, works);
    pen.fillStyle = isChosen ? chosen : card;
    pen.strokeStyle = isChosen ? accent : state;
    pen.lineWidth = isChosen ? 3 : works || (node && node.level !== "OK") ? 2 : 1;
    pen.setLineDash(!node || node.stale ? [5, 4] : []);
    pen.beginPath();
    pen.roundRect(box.x, box.y, box.width, box.height, 7);
    pen.fill();
    pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = state;
    pen.fillRect(box.x + 1, box.y + 8, 4, box.height - 16);
    if (!legible) return;
    pen.textAlign = "left";
    pen.fillStyle = !node || node.stale ? idle : text;
    pen.font = "600 12px system-ui, sans-serif";
    pen.fillText(fitting(pen, box.name, box.width - 30), box.x + 12, box.y + 17);
    pen.fillStyle = dim;
    pen.font = "10.5px system-ui, sans-serif";
    const said = !node ? "other ROS nodes" : node.stale ? "silent"
      : `${rate(node.values.taken_per_s)}/s in  ${rate(node.values.sent_per_s)}/s out`;
    pen.fillText(fitting(pen, said, box.width - 20), box.x + 12, box.y + 32);
    if (node && !node.stale && node.level !== "OK") {
      pen.font = "700 13px system-ui, sans-serif";
      pen.fillStyle = state;
      pen.fillText(node.level === "ERROR" ? "✕" : "!", box.x + box.width - 16, box.y + 18);
    }
    this.#ports(pen, box);
  }

  #nodeColour(node, works) {
    if (!node || node.stale) return this.colours.idle;
    if (node.level === "ERROR") return this.colours.error;
    if (node.level === "WARN") return this.colours.warn;
    return works ? this.colours.lit : this.colours.line;
  }

  #ports(pen, box) {
    pen.font = "9.5px system-ui, sans-serif";
    pen.fillStyle = this.colours.dim;
    const half = box.width / 2 - 10;
    const sides = box.inputs.length && box.outputs.length ? half : box.width - 16;
    box.inputs.forEach((name, at) => {
      pen.fillText(fitting(pen, name, sides), box.x + 9, box.y + 52 + 15 * at);
    });
    pen.textAlign = "right";
    box.outputs.forEach((name, at) => {
      pen.fillText(fitting(pen, name, sides), box.x + box.width - 6, box.y + 52 + 15 * at);
    });
  }
}

const shortened = new Map();

function fitting(pen, text, width) {
  const key = `${pen.font} ${width} ${text}`;
  let found = shortened.get(key);
  if (found === undefined) {
    if (shortened.size > 5000) shortened.clear();
    found = text;
    while (found.length > 2 && pen.measureText(found).width > width)
      found = `${found.slice(0, -2)}…`;
    shortened.set(key, found);
  }
  return found;
}

// The name of what is at a point of the layout: a node or, within ``reach``, a link.
export function hit(layout, x, y, reach) {
  for (const box of layout.boxes.values())
    if (x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height)
      return { node: box.name };
  let nearest = { distance: reach };
  for (const [name, curves] of layout.curves) {
    for (let piece = 0; piece <= PIECES; piece++) {
      const [px, py] = pointOf(curves, piece / PIECES);
      const distance = Math.hypot(px - x, py - y);
      if (distance < nearest.distance) nearest = { link: name, distance };
    }
  }
  return nearest;
}
