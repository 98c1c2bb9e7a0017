// The parameters of a node: sliders and fields for those that may change while it runs.

import { element, setText } from "../elements.js";
import { ask, post } from "../feed.js";

const REST_MILLISECONDS = 200;
const CHOICES = /One of: (.*?)\.(?: |$)/;

export class SettingsPanel {
  title = "Parameters";
  types = ["parameters", "graphs"];

  constructor(page) {
    this.page = page;
    this.node = element("select", { onchange: () => this.#choose() });
    this.list = element("div");
    this.element = element("div", {}, element("div", { class: "filters" },
      element("label", {}, "Node", this.node)), this.list);
    this.rows = new Map();
    this.loaded = "";
  }

  onChosen() {
    const { graph, node } = this.page.chosen;
    if (node) this.wanted = `${graph}/${node}`;
  }

  #choose() {
    this.wanted = this.node.value;
    this.refresh();
  }

  refresh() {
    const names = this.page.shown().flatMap(graph =>
      graph.nodes.map(node => `${graph.namespace}/${node.name}`)).sort();
    if (names.join() !== this.offered) {
      this.offered = names.join();
      this.node.replaceChildren(...names.map(name => element("option", { value: name }, name)));
    }
    if (!names.includes(this.wanted)) this.wanted = names[0];
    this.node.value = this.wanted ?? "";
    // A graph that was started again has other values: its processes are others.
    const graph = this.page.shown().find(({ namespace }) =>
      this.wanted?.startsWith(`${namespace}/`));
    const pid = graph?.nodes.find(node => `${graph.namespace}/${node.name}` === this.wanted)
      ?.values.pid;
    if (`${this.wanted} ${pid}` !== this.loaded) this.#load(this.wanted, pid);
    for (const [name, row] of this.rows) {
      const value = this.page.feed.parameters.get(`${this.wanted} ${name}`);
      if (value !== undefined) row.show(value);
    }
  }

  async #load(node, pid) {
    this.loaded = `${node} ${pid}`;
    this.rows.clear();
    this.list.replaceChildren();
    if (!node) return;
    const { found, problem } = await ask(`/api/parameters?node=${encodeURIComponent(node)}`);
    if (`${node} ${pid}` !== this.loaded) return;  // another one was chosen meanwhile
    if (problem) {
      this.list.replaceChildren(element("p", { class: "ERROR", role: "alert" }, problem));
      return;
    }
    const own = each => !each.name.includes(".") && !/^(use_sim_time|start_type_)/.test(each.name);
    const order = each => (each.read_only ? 2 : 0) + (own(each) ? 0 : 1);
    for (const parameter of found.parameters.sort((a, b) => order(a) - order(b))) {
      const row = new Setting(node, parameter, this.page.feed.readOnly);
      this.rows.set(parameter.name, row);
      this.list.append(row.element);
    }
  }
}

class Setting {
  constructor(node, parameter, readOnly) {
    this.node = node;
    this.parameter = parameter;
    this.sent = null;
    const label = `setting-${parameter.name}`;
    this.problem = element("p", { class: "ERROR", role: "alert" });
    this.inputs = parameter.read_only ? [] : this.#inputs(label);
    this.fixed = element("output", { id: label });
    for (const input of this.inputs) input.disabled = readOnly;
    this.element = element("div", { class: "setting" },
      element("div", { class: "controls" }, element("label", { for: label }, parameter.name),
        ...this.inputs.length ? this.inputs : [this.fixed]),
      element("p", {}, [parameter.description, this.#range(), parameter.constraints]
        .filter(Boolean).join(" ")), this.problem);
    this.show(parameter.value);
  }

  #range() {
    const { minimum, maximum } = this.parameter;
    if (minimum == null && maximum == null) return "";
    if (maximum == null) return `At least ${minimum}.`;
    return minimum == null ? `At most ${maximum}.` : `${minimum} to ${maximum}.`;
  }

  #inputs(id) {
    const { kind, minimum, maximum, constraints } = this.parameter;
    const send = () => this.#sendSoon();
    if (kind === "boolean") return [element("input", { id, type: "checkbox", onchange: send })];
    const choices = CHOICES.exec(constraints)?.[1].split(", ");
    if (kind === "string" && choices)
      return [element("select", { id, onchange: send },
        ...choices.map(choice => element("option", { value: choice }, choice)))];
    if (kind === "string") return [element("input", { id, type: "text", onchange: send })];
    const field = element("input", { id, type: "number", step: kind === "integer" ? "1" : "any",
      onchange: send });
    if (minimum == null || maximum == null || minimum === maximum) return [field];
    field.min = minimum;
    field.max = maximum;
    this.slider = element("input", { type: "range", min: "0", max: "1", step: "0.001",
      "aria-label": `${this.parameter.name}, slider`, oninput: () => {
        field.value = this.#valueAt(Number(this.slider.value));
        this.slider.setAttribute("aria-valuetext", field.value);
        send();
      } });
    return [this.slider, field];
  }

  // The value that it came with is in the middle: bounds are often far off, and a straight scale
  // from 0 to 10 has no room for a learning rate.
  #bend() {
    const { minimum, maximum, value } = this.parameter;
    const share = (value - minimum) / (maximum - minimum);
    return share > 0 && share < 1 ? Math.min(Math.max(Math.log(share) / Math.log(0.5), 0.2), 20) : 1;
  }

  #valueAt(place) {
    const { kind, minimum, maximum } = this.parameter;
    const exact = minimum + (maximum - minimum) * place ** this.#bend();
    return kind === "integer" ? Math.round(exact) : Number(exact.toPrecision(3));
  }

  #placeOf(value) {
    const { minimum, maximum } = this.parameter;
    return ((value - minimum) / (maximum - minimum)) ** (1 / this.#bend());
  }

  show(value) {
    if (this.sent !== null || value === this.shown) return;  // what a person does comes first
    this.shown = value;
    setText(this.fixed, String(value));
    const field = this.inputs.at(-1);
    if (!field) return;
    if (field.type === "checkbox") field.checked = value;
    else field.value = value;
    if (this.slider) {
      this.slider.value = this.#placeOf(value);
      this.slider.setAttribute("aria-valuetext", String(value));
    }
  }

  #value() {
    const field = this.inputs.at(-1);
    if (field.type === "checkbox") return field.checked;
    return this.parameter.kind === "string" ? field.value : field.valueAsNumber;
  }

  // A slider that is drawn sends a few values a second, and the last one in any case.
  #sendSoon() {
    if (this.sent !== null) return;
    this.sent = setTimeout(async () => {
      const value = this.#value();
      const refused = await post("/api/parameters", {
        node: this.node, name: this.parameter.name, value });
      this.sent = null;
      setText(this.problem, refused);
      if (refused) {
        const before = this.shown;
        this.shown = undefined;
        this.show(before);
      } else {
        this.shown = value;
        if (this.#value() !== value) this.#sendSoon();
      }
    }, REST_MILLISECONDS);
  }
}
