// Lines of /rosout, by node, level and words.

import { element } from "../elements.js";

const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const MOST = 500;

export class LogPanel {
  title = "Log";
  types = ["logs"];

  constructor(page) {
    this.page = page;
    const changed = () => this.refresh();
    this.node = element("select", { onchange: changed }, element("option", { value: "" }, "all"));
    this.level = element("select", { onchange: changed },
      ...LEVELS.map(level => element("option", { value: level }, level)));
    this.level.value = "INFO";
    this.words = element("input", { type: "search", oninput: changed });
    this.everybody = element("input", { type: "checkbox", onchange: changed });
    this.lines = element("ol", { class: "lines" });
    this.scroll = element("div", { class: "scroll", tabIndex: 0, role: "log",
      "aria-live": "off", "aria-label": "Log lines" }, this.lines);
    this.element = element("div", {}, element("div", { class: "filters" },
      element("label", {}, "Node", this.node), element("label", {}, "From level", this.level),
      element("label", {}, "Words", this.words),
      element("label", {}, this.everybody, "other ROS nodes, too")), this.scroll);
    this.names = new Set();
  }

  onShown(shown) {
    if (shown) this.follow = true;
  }

  refresh() {
    const graphs = this.page.shown().map(({ namespace }) => `${namespace}/`);
    const least = LEVELS.indexOf(this.level.value);
    const words = this.words.value.toLowerCase();
    const ours = this.page.feed.lines.filter(line => this.everybody.checked
      || graphs.some(graph => line.node.startsWith(graph)));
    this.#offer(ours);
    const found = ours.filter(line => (!this.node.value || line.node === this.node.value)
      && LEVELS.indexOf(line.level) >= least && line.text.toLowerCase().includes(words))
      .slice(-MOST);
    const box = this.scroll;
    const atEnd = this.follow || box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
    this.follow = false;
    this.lines.replaceChildren(...found.length ? found.map(show)
      : [element("li", { class: "dim" }, "No lines.")]);
    if (atEnd) box.scrollTop = box.scrollHeight;
  }

  #offer(lines) {
    for (const { node } of lines) {
      if (this.names.has(node)) continue;
      this.names.add(node);
      this.node.append(element("option", { value: node }, node));
    }
  }
}

function show({ node, level, time, text }) {
  const clock = new Date(time * 1000).toLocaleTimeString("en-GB");
  return element("li", { class: level }, element("span", { class: "dim" }, `${clock} `),
    `${level === "INFO" ? "" : `${level} `}${node}: ${text}`);
}
