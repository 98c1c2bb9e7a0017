// The debugger of the chosen graph, or of the first.

import { DebugControl } from "../debugging/control.js";
import { element } from "../elements.js";

export class DebuggerPanel {
  title = "Debugger";

  constructor(page) {
    this.page = page;
    this.control = new DebugControl(() => this.#graph(), () => page.feed.readOnly);
    this.element = element("div", {}, this.control.element);
  }

  #graph() {
    return this.page.chosen.graph ?? this.page.shown()[0]?.namespace ?? null;
  }

  onChosen() {
    const { node, link } = this.page.chosen;
    if (node || link) this.control.place.value = node ?? endOf(link);
  }

  onShown(shown) {
    this.control.watch(shown);
  }

  refresh() {}
}

// The input at which a link ends: where it comes from may be a topic.
export function endOf(link) {
  return link.replace(/^.*→ */, "→ ");
}
