// What the server tells of the current run, for whatever shows it.
import { currentFile } from "./requests.js";

export class Live {
  constructor(app, api) {
    this.run = null;
    this.nodes = {};
    this.edges = new Map();
    this.listeners = [];
    const changed = () => {
      for (const listener of this.listeners) listener();
      app.graph?.setDirtyCanvas(true, true);
    };
    api.addEventListener("dnne_ros.run", ({ detail }) => {
      const known = this.run?.id === detail.id ? this.run.curve.slice(0, detail.known_points) : [];
      if (this.run?.id !== detail.id) this.forget();
      this.run = { ...detail, curve: [...known, ...detail.curve] };
      if (this.over) this.forget();
      changed();
    });
    api.addEventListener("dnne_ros.figures", ({ detail }) => {
      if (detail.run !== this.run?.id) return;
      this.nodes = detail.nodes;
      this.edges = new Map(detail.edges.map((edge) => [edge.target.join("/"), edge]));
      changed();
    });
  }

  get over() {
    return ["ended", "stopped", "failed"].includes(this.run?.state);
  }

  // Tells whether the drawing that is open is that of the run: others may have nodes of the same ids.
  isOf(app) {
    const name = currentFile(app).split("/").pop().replace(/\.json$/, "");
    return name === this.run?.name || (app.rootGraph ?? app.graph).id === this.run?.drawing;
  }

  // Tells whether something runs, when the server has told what.
  async hasRun(api) {
    const { jobs } = await (await api.fetchApi("/jobs?status=in_progress")).json();
    if (jobs.length && !this.run) await new Promise((resolve) => this.onChange(resolve));
    return jobs.length > 0;
  }

  forget() {
    this.nodes = {};
    this.edges = new Map();
  }

  onChange(listener) {
    this.listeners.push(listener);
  }
}

// The id of a node as the server has it: that of a node in a subgraph begins with its host's.
export function idOf(app, graph, node) {
  return `${prefixOf(app.rootGraph ?? app.graph, graph) ?? ""}${node.id}`;
}

function prefixOf(root, wanted, prefix = "") {
  if (root === wanted) return prefix;
  for (const node of root.nodes) {
    const found = node.subgraph && prefixOf(node.subgraph, wanted, `${prefix}${node.id}:`);
    if (found) return found;
  }
  return undefined;
}

export function formatRate(number) {
  if (number === undefined) return "–";
  return number >= 100 ? Math.round(number).toLocaleString("en") : `${number}`;
}
