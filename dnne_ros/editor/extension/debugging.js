// The debugger in the drawing: a tab in the side bar, entries in the menus of nodes and links, and
// marks where the run is to stop and where it stands.
import { DebugControl, menuOf } from "/debugging/control.js";
import { ask } from "/feed.js";
import { edgeOf, freePlace, linksOf } from "./link_figures.js";
import { idOf } from "./live.js";

const NEAR = 16;
const STYLE = `.dnne-debugger { padding: 12px; overflow: auto; height: 100%; font-size: 13px; }
.dnne-debugger button, .dnne-debugger input { border: 1px solid #6b7280; border-radius: 6px;
  padding: 3px 8px; margin: 0 4px 6px 0; background: none; }
.dnne-debugger dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 8px; }
.dnne-debugger dd { margin: 0; overflow-wrap: anywhere; }
.dnne-debugger h3 { font-weight: 600; margin: 10px 0 4px; overflow-wrap: anywhere; }
.dnne-debugger .ERROR { color: #ff7b6b; }`;

export class Debugging {
  constructor(app, live) {
    this.app = app;
    this.live = live;
    this.readOnly = true;
    this.control = new DebugControl(() => this.#graph(), () => this.readOnly);
    this.control.element.classList.add("dnne-debugger");
    ask("/api/server").then(({ found }) => { this.readOnly = found?.read_only ?? true; });
    live.onChange(() => this.#watch());
    this.control.onChange(() => app.graph?.setDirtyCanvas(true, true));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }

  #graph() {
    const { run } = this.live;
    return run && !this.live.over ? run.graph : null;
  }

  // Look while a run of ours may stand; what it does else, its figures say.
  #watch() {
    const wanted = Boolean(this.#graph());
    if (wanted === this.watched) return;
    this.watched = wanted;
    this.control.watch(wanted);
    if (!wanted) this.control.look();
  }

  addTab() {
    this.app.extensionManager.registerSidebarTab({
      id: "dnne_ros_debugger", icon: "pi pi-stopwatch", title: "Debugger",
      tooltip: "Pause, step, break, look at items", type: "custom",
      render: (element) => element.replaceChildren(this.control.element),
    });
  }

  // Whether the drawing is that of the run, and this page may do something to it.
  #mayAct() {
    return !this.readOnly && Boolean(this.#graph()) && this.live.isOf(this.app);
  }

  #entries(place) {
    return menuOf(place).map(([title, action, words]) => ({ content: title,
      callback: () => {
        this.control.place.value = place;
        this.control.act(action, words);
      } }));
  }

  nodeMenu(node) {
    if (!this.#mayAct()) return [];
    const place = idOf(this.app, this.app.canvas.graph, node);
    return [{ content: "Debug", has_submenu: true, submenu: { options: this.#entries(place) } }];
  }

  // The menu of the canvas, where the mouse is at the figures of a link.
  linkMenu() {
    if (!this.#mayAct()) return [];
    const mouse = this.app.canvas.graph_mouse;
    const found = this.#links().find(({ place }) =>
      Math.hypot(mouse[0] - place[0], mouse[1] - place[1]) < NEAR);
    return found ? [{ content: "Debug this link", has_submenu: true,
      submenu: { options: this.#entries(`→ ${found.end}`) } }] : [];
  }

  // Links with figures: where those are, and the input at which each ends.
  #links() {
    const { app, live } = this;
    const graph = app.canvas.graph;
    const taken = [];
    return linksOf(graph).filter((link) => link._pos && edgeOf(app, graph, live, link))
      .map((link) => ({ place: freePlace(taken, link._pos),
        end: edgeOf(app, graph, live, link).name.replace(/^.*→ */, "") }));
  }

  draw(context) {
    const state = this.control.state;
    if (!state) return;
    const stops = new Set(state.breakpoints.filter((each) => each.stops)
      .flatMap((each) => each.spots.map(([node, port]) => `${node}/${port}`)));
    const held = new Set(state.held.map((each) => `${each.node}/${each.port}`));
    for (const { place: [x, y], end } of this.#links()) {
      if (stops.has(end)) dot(context, x, y - 12, 5, "#e5484d");
      if (held.has(end)) dot(context, x, y + 12, 5, "#ffcf66");
    }
  }
}

function dot(context, x, y, radius, color) {
  context.save();
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
  context.restore();
}
