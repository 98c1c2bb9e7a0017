// What `dnne-ros top` shows: nodes and links, the worst first.

import { element, Table } from "../elements.js";
import { classOf, count, milliseconds, rate, rateOf, stateOf, worstFirst }
  from "../texts.js";

export class TablesPanel {
  title = "Overview";

  constructor(page) {
    this.page = page;
    const label = record => this.#label(record);
    this.chosen = element("dl");
    this.nodes = new Table("nodes", [
      ["node", label, false, ({ graph, name }) => page.choose(graph, name, null)],
      ["in/s", ({ values }) => rate(values.taken_per_s), true],
      ["out/s", ({ values }) => rate(values.sent_per_s), true],
      ["CPU %", ({ values }) => rate(values.cpu_percent), true],
      ["process", ({ values }) => values.process ?? ""],
      ["type", ({ values }) => values.type ?? ""],
      ["health", stateOf]]);
    this.links = new Table("links", [
      ["link", label, false, ({ graph, name }) => page.choose(graph, null, name)],
      ["items/s", record => rate(rateOf(record)), true],
      ["waiting", ({ values }) => `${values.depth ?? 0}/${values.capacity ?? "?"}`, true],
      ["blocked", ({ values }) => values.blocked_percent === undefined ? "–"
        : `${Math.round(values.blocked_percent)} %`, true],
      ["ms", ({ values }) => milliseconds(values.latency_ms), true],
      ["max", ({ values }) => milliseconds(values.latency_max_ms), true],
      ["received", ({ values }) => count(values.received), true],
      ["lost", ({ values }) => count(values.lost), true],
      ["twice", ({ values }) => count(values.duplicated), true],
      ["dropped", ({ values }) => count(values.dropped), true],
      ["by", ({ values }) => values.transport ?? ""],
      ["policy", ({ values }) => values.policy ?? ""],
      ["state", record => record.stale || record.level !== "OK" ? stateOf(record) : "ok"]]);
    this.element = element("div", {}, this.chosen, element("div", { class: "side-by-side" },
      this.nodes.element, this.links.element));
  }

  #label(record) {
    return this.page.shown().length > 1 ? `${record.graph}: ${record.name}` : record.name;
  }

  refresh() {
    const { graph, node, link } = this.page.chosen;
    const all = kind => worstFirst(this.page.shown().flatMap(each =>
      each[kind].map(record => ({ ...record, graph: each.namespace }))));
    const show = (table, records, chosen, noun) => table.show(
      records, record => `${record.graph} ${record.name}`,
      record => record.graph === graph && record.name === chosen ? "chosen" : classOf(record),
      `${records.length} ${noun}${records.length === 1 ? "" : "s"}`);
    show(this.nodes, all("nodes"), node, "node");
    show(this.links, all("edges"), link, "link");
    this.#showChosen(graph, node, link);
  }

  #showChosen(graph, node, link) {
    const view = this.page.feed.graphs.get(graph);
    const record = view?.nodes.find(each => each.name === node)
      ?? view?.edges.find(each => each.name === link);
    if (!record) return this.chosen.replaceChildren();
    const pairs = [[node ? "node" : "link", record.name], ["state", stateOf(record)],
      ...Object.entries(record.values).map(([key, value]) => [key.replaceAll("_", " "),
        typeof value === "number" ? value.toLocaleString("en") : value])];
    this.chosen.replaceChildren(...pairs.flatMap(([key, value]) =>
      [element("dt", {}, key), element("dd", {}, String(value))]));
  }
}
