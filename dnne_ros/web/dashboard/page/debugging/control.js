// The debugger of one graph: stop, step, break, and look at items.  The dashboard has it as a
// panel, the editor in its side bar.

import { element, setText } from "../elements.js";
import { ask, post } from "../feed.js";
import { itemView } from "./item_view.js";

const LOOK_MILLISECONDS = 400;

export class DebugControl {
  // ``graph()`` returns the namespace of the graph that is meant, or null.
  constructor(graph, readOnly) {
    this.graph = graph;
    this.readOnly = readOnly;
    this.state = null;
    this.listeners = [];
    this.said = element("p", { role: "status" });
    this.problem = element("p", { class: "ERROR", role: "alert" });
    this.place = element("input", { type: "text", "aria-label": "Place",
      placeholder: "NODE, NODE/PORT or an edge" });
    this.condition = element("input", { type: "text", "aria-label": "Condition",
      placeholder: "nan, reward < -10, …" });
    const button = (text, title, action) =>
      element("button", { type: "button", title, onclick: action }, text);
    const there = () => [this.place.value.trim()];
    this.orders = element("div", {},
      element("div", { class: "controls" },
        button("Pause", "Stop the whole run at once", () => this.act("pause")),
        button("At a boundary", "Stop when a trainer announces a boundary",
          () => this.act("boundary")),
        button("Go", "Go on, until a breakpoint if there is one", () => this.act("go")),
        button("Step", "Go on until the next item, at the place below if there is one",
          () => this.act("step", there()))),
      element("div", { class: "controls" }, this.place, this.condition,
        button("Break", "Stop at items there, of which the condition is true",
          () => this.act("break", [...there(), this.condition.value.trim()])),
        button("Watch", "Count such items and keep the last, without stopping",
          () => this.act("watch", [...there(), this.condition.value.trim()]))));
    this.breakpoints = element("ul", { "aria-label": "Breakpoints" });
    this.items = element("div", { class: "cards" });
    this.element = element("div", { class: "debugger" }, this.said, this.problem, this.orders,
      this.breakpoints, this.items);
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  // Look again and again while it is on the page.
  watch(shown) {
    clearTimeout(this.timer);
    if (!shown) return;
    const look = async () => {
      await this.look();
      this.timer = setTimeout(look, LOOK_MILLISECONDS);
    };
    look();
  }

  async look() {
    const graph = this.graph();
    if (!graph) return this.#take(null, "no graph runs");
    const { found, problem } = await ask(
      `/api/debug?graph=${encodeURIComponent(graph)}&place=`);
    if (found?.absent) this.#take(null, `${graph} cannot be debugged: no process of it answers`);
    else this.#take(found ?? null, problem);
  }

  async act(action, words = []) {
    const graph = this.graph();
    if (!graph) return setText(this.problem, "no graph runs");
    setText(this.problem, await post("/api/debug", { graph, action, words }));
    await this.look();
  }

  #take(state, problem) {
    this.state = state;
    setText(this.said, state ? `${state.graph}: ${words(state)}` : problem);
    this.orders.hidden = this.readOnly() || !state;
    const shown = JSON.stringify([state?.breakpoints, state?.items]);
    if (shown !== this.shown) {  // so that nothing moves under a person's hand
      this.shown = shown;
      this.breakpoints.replaceChildren(...(state?.breakpoints ?? []).map(each => this.#line(each)));
      this.items.replaceChildren(...(state?.items ?? []).map(itemView));
    }
    for (const listener of this.listeners) listener();
  }

  #line(each) {
    const condition = each.condition ? ` if ${each.condition}` : "";
    const text = `${each.stops ? "break" : "watch"} ${each.id}: ${each.place}${condition}, held `
      + `${each.hits} times${each.trouble ? `; could not be asked of ${each.trouble}` : ""} `;
    return element("li", {}, text, ...this.readOnly() ? [] : [element("button", { type: "button",
      "aria-label": `Clear ${each.id}`, onclick: () => this.act("clear", [String(each.id)]) }, "×")]);
  }
}

export function words(state) {
  const others = state.others.length ? `; also debugged by ${state.others.join(", ")}` : "";
  if (state.paused) return `paused by ${state.why || "the parameter run.paused"}${others}`;
  const until = { step: `, until the next item${state.place ? ` at ${state.place}` : ""}`,
    boundary: ", until the next boundary" }[state.until] ?? "";
  return `goes on${until}${others}`;
}

// What can be done at a place, as entries [title, action, words] of a menu.
export function menuOf(place) {
  return [["Break here", "break", [place, ""]], ["Break here at NaN", "break", [place, "nan"]],
    ["Watch here", "watch", [place, ""]], ["Step to here", "step", [place]]];
}
