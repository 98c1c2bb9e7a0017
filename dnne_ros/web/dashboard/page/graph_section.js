// One running graph: its state in words, what may be done to it, and its drawing.

import { showPlaceMenu } from "./debugging/place_menu.js";
import { announce, element, setText } from "./elements.js";
import { ask, post } from "./feed.js";
import { bounds, layOut } from "./layout.js";
import { hit, Painter } from "./painter.js";
import { endOf } from "./panels/debugger.js";
import { linkText, nodeText } from "./texts.js";

const MARGIN = 24;
const LARGEST = 1.15;
const NARROW = 560;
const LEAST_HEIGHT = 180;
const SURE_MILLISECONDS = 4000;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

export class GraphSection {
  constructor(feed, namespace, onChoose, onDebug) {
    this.feed = feed;
    this.namespace = namespace;
    this.onChoose = onChoose;
    this.onDebug = onDebug;
    this.chosen = null;
    this.frames = 0;           // painted so far: tests count them
    this.topology = "";
    this.state = element("p");
    this.lastWords = element("p", { class: "ERROR" });
    this.problem = element("p", { class: "ERROR", role: "alert" });
    this.pauseButton = element("button", { type: "button", onclick: () => this.#pause() });
    this.stopButton = element("button", { type: "button", onclick: () => this.#stop() }, "Stop");
    const still = element("canvas");
    this.canvas = element("canvas", { tabIndex: 0, role: "application",
      "aria-roledescription": "graph",
      onkeydown: event => this.#press(event), onwheel: event => this.#wheel(event),
      onpointerdown: event => this.#grab(event), onpointermove: event => this.#move(event),
      onpointerleave: () => this.#point(null), ondblclick: () => this.fit(),
      oncontextmenu: event => this.#menu(event) });
    this.tip = element("div", { class: "tip", hidden: true });
    this.stage = element("div", { class: "stage" }, still, this.canvas, this.tip);
    this.element = element("section", { class: "graph", "aria-label": `Graph ${namespace}` },
      element("header", {}, element("h2", {}, namespace), this.state, this.pauseButton,
        this.stopButton, this.lastWords, this.problem, element("div", { class: "tools" },
          this.#tool("+", "Larger", () => this.#zoom(1.25)),
          this.#tool("−", "Smaller", () => this.#zoom(0.8)),
          this.#tool("⤢", "Show all of the graph", () => this.fit()))), this.stage);
    this.painter = new Painter(still, this.canvas);
    this.resizing = new ResizeObserver(() => this.#resize());
    this.resizing.observe(this.stage);
    this.#askWhetherPaused();
    this.#next();
  }

  #tool(text, label, action) {
    return element("button", { type: "button", "aria-label": label, title: label,
      onclick: action }, text);
  }

  // Take the figures of now.
  show(graph) {
    this.graph = graph;
    this.nodes = new Map(graph.nodes.map(node => [node.name, node]));
    this.links = new Map(graph.edges.map(link => [link.name, link]));
    const topology = JSON.stringify([[...this.nodes.keys()], [...this.links.keys()]]);
    if (topology !== this.topology) {
      this.topology = topology;
      this.#layOut();
    }
    this.dirty = true;
    this.#say();
  }

  #layOut() {
    this.layout = layOut(this.graph.nodes, this.graph.edges, this.#isNarrow());
    if (!this.touched) this.fit();
  }

  #isNarrow() {
    return this.stage.clientWidth > 0 && this.stage.clientWidth < NARROW;
  }

  close() {
    this.closed = true;
    this.resizing.disconnect();
    this.element.remove();
  }

  choose(name) {
    this.chosen = name;
    this.dirty = true;
  }

  #say() {
    const { processes, expected, silent, stale, level } = this.graph;
    const count = Object.keys(processes).length;
    const why = this.graph.nodes.find(each => each.values.paused && !each.stale)?.values.paused;
    const use = Object.values(processes).reduce((sum, each) => sum + each, 0);
    const words = stale ? `silent for ${Math.round(silent)} s`
      : `${count === expected ? count : `${count} of ${expected}`} process`
        + `${expected > 1 ? "es" : ""}, CPU ${Math.round(use)} %`
        + (why ? `, paused by ${why}` : this.paused ? ", paused" : "") + (level === "OK" ? "" : `, ${level}`);
    setText(this.state, words);
    this.state.className = stale ? "ERROR" : level;
    setText(this.lastWords, stale || level === "ERROR" ? this.#lastError() : "");
    this.canvas.setAttribute("aria-label", `${this.namespace}, ${this.nodes.size} nodes and `
      + `${this.links.size} links, ${words}. Arrow keys go from node to node.`);
    const paused = this.feed.parameters.get(`${this.#anyNode()} run.paused`);
    if (paused !== undefined) this.paused = paused;
    setText(this.pauseButton, this.paused ? "Go on" : "Pause");
    this.pauseButton.hidden = this.stopButton.hidden = this.feed.readOnly;
    this.pauseButton.disabled = stale || Boolean(this.fixed);
    this.pauseButton.title = this.fixed ?? "";
    this.stopButton.disabled = stale;
  }

  // What a graph that has died said last, if it was an error.
  #lastError() {
    const line = this.feed.lines.findLast(({ node, level }) =>
      node.startsWith(`${this.namespace}/`) && ["ERROR", "FATAL"].includes(level));
    return line ? `${line.node}: ${line.text}` : "";
  }

  #anyNode() {
    const node = this.graph.nodes.find(each => !each.stale) ?? this.graph.nodes[0];
    return `${this.namespace}/${node?.name}`;
  }

  async #askWhetherPaused() {
    await new Promise(resolve => setTimeout(resolve));  // until there are figures
    const answer = await ask(`/api/parameters?node=${encodeURIComponent(this.#anyNode())}`);
    const found = answer.found?.parameters.find(each => each.name === "run.paused");
    if (found) {
      this.paused = found.value;
      this.fixed = found.read_only ? found.constraints : null;
      this.#say();
    }
  }

  async #pause() {
    setText(this.problem, await post("/api/parameters", {
      node: this.#anyNode(), name: "run.paused", value: !this.paused }));
  }

  // Asked twice, as it cannot be taken back.
  async #stop() {
    const button = this.stopButton;
    if (!this.sure) {
      setText(button, "Really stop?");
      this.sure = setTimeout(() => this.#unsure(), SURE_MILLISECONDS);
      return;
    }
    this.#unsure();
    setText(this.problem, await post("/api/stop", { graph: this.namespace }));
  }

  #unsure() {
    clearTimeout(this.sure);
    this.sure = null;
    setText(this.stopButton, "Stop");
  }

  #resize() {
    const { width, height } = this.stage.getBoundingClientRect();
    this.painter.resize(width, height);
    if (this.layout && this.layout.down !== this.#isNarrow()) this.#layOut();
    else if (this.layout && !this.touched) this.fit();
    this.dirty = true;
  }

  fit() {
    this.touched = false;
    if (!this.painter.size.width) return;
    const { left, top, right, bottom } = bounds(this.layout);
    const width = this.stage.clientWidth;
    // As high as the graph is when it has all of the width, within a screen.
    const full = Math.min(LARGEST, (width - 2 * MARGIN) / (right - left));
    const height = Math.round(Math.max(LEAST_HEIGHT, Math.min(
      (this.layout.down ? 0.9 : 0.6) * innerHeight, full * (bottom - top) + 2 * MARGIN)));
    this.stage.style.height = `${height}px`;
    const scale = Math.min(full, (height - 2 * MARGIN) / (bottom - top));
    this.painter.view = { scale, x: (width - scale * (left + right)) / 2,
      y: (height - scale * (top + bottom)) / 2 };
    this.dirty = true;
  }

  #zoom(factor, x = this.painter.size.width / 2, y = this.painter.size.height / 2) {
    const view = this.painter.view;
    const scale = Math.max(0.05, Math.min(4, view.scale * factor));
    view.x = x - (x - view.x) * scale / view.scale;
    view.y = y - (y - view.y) * scale / view.scale;
    view.scale = scale;
    this.touched = this.dirty = true;
  }

  #wheel(event) {
    if (!event.ctrlKey && document.activeElement !== this.canvas) return;  // the page scrolls
    event.preventDefault();
    this.#zoom(Math.exp(-event.deltaY / 500), event.offsetX, event.offsetY);
  }

  #grab(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.grabbed = { x: event.offsetX, y: event.offsetY, moved: false };
    this.canvas.addEventListener("pointerup", up => {
      if (!this.grabbed.moved) this.#click(up);
      this.grabbed = null;
    }, { once: true });
  }

  #move(event) {
    const held = this.grabbed;
    if (!held) return this.#point(event);
    const [dx, dy] = [event.offsetX - held.x, event.offsetY - held.y];
    if (!held.moved && Math.hypot(dx, dy) < 4) return;
    held.moved = true;
    held.x += dx;
    held.y += dy;
    this.painter.view.x += dx;
    this.painter.view.y += dy;
    this.touched = this.dirty = true;
  }

  #under(event) {
    const { x, y, scale } = this.painter.view;
    return hit(this.layout, (event.offsetX - x) / scale, (event.offsetY - y) / scale, 8 / scale);
  }

  #click(event) {
    const { node, link } = this.#under(event);
    if (node && this.nodes.has(node)) this.onChoose(this.namespace, node, null);
    else this.onChoose(this.namespace, null, link ?? null);
  }

  // By the right button, or the keyboard's key for it at the chosen node.
  #menu(event) {
    if (this.feed.readOnly) return;
    const byKey = event.button !== 2;
    const { node, link } = byKey ? { node: this.chosen } : this.#under(event);
    const place = this.nodes.has(node) ? node : link;
    if (!place) return;
    event.preventDefault();
    const { left, top } = this.canvas.getBoundingClientRect();
    const [x, y] = byKey ? [left + 20, top + 20] : [event.clientX, event.clientY];
    showPlaceMenu(place === node ? node : endOf(link), x, y, (action, words) => this.onDebug(
      this.namespace, place === node ? node : null, place === node ? null : link, action, words));
  }

  #point(event) {
    const { node, link } = event ? this.#under(event) : {};
    const text = this.nodes?.has(node) ? nodeText(this.nodes.get(node))
      : link ? linkText(this.links.get(link)) : "";
    this.tip.hidden = !text;
    if (!text) return;
    setText(this.tip, text);
    const { width, height } = this.painter.size;
    this.tip.style.left = `${Math.max(0, Math.min(event.offsetX + 14,
      width - this.tip.offsetWidth))}px`;
    this.tip.style.top = `${Math.max(0, Math.min(event.offsetY + 14,
      height - this.tip.offsetHeight))}px`;
  }

  #press(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (steps[event.key]) this.#step(...steps[event.key]);
    else if (event.key === "+" || event.key === "=") this.#zoom(1.25);
    else if (event.key === "-") this.#zoom(0.8);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  // Choose the nearest node in a direction.
  #step(dx, dy) {
    const boxes = [...this.layout.boxes.values()].filter(each => this.nodes.has(each.name));
    const from = this.layout.boxes.get(this.chosen);
    let best = null;
    for (const each of boxes) {
      if (each === from) continue;
      const along = from ? (each.x - from.x) * dx + (each.y - from.y) * dy : each.x + each.y;
      const aside = from ? Math.abs((each.x - from.x) * dy) + Math.abs((each.y - from.y) * dx) : 0;
      if (from && along <= 0) continue;
      const cost = along + 2 * aside;
      if (!best || cost < best.cost) best = { cost, name: each.name };
    }
    if (!best) return;
    this.onChoose(this.namespace, best.name, null);
    announce(nodeText(this.nodes.get(best.name)));
  }

  #next() {
    if (this.closed) return;
    requestAnimationFrame(now => {
      this.#paint(now / 1000);
      this.#next();
    });
  }

  #paint(seconds) {
    if (!this.layout || !this.painter.size.width) return;
    if (this.dirty) {
      this.dirty = false;
      this.painter.paintStill(this.layout, this.nodes, this.links, this.chosen);
      if (CALM.matches) this.painter.clearMoving();
    }
    if (!CALM.matches) this.painter.paintMoving(this.layout, this.links, seconds);
    this.frames++;
  }
}
