// /diagnostics as a whole: what of these graphs is not well, and what others say there.

import { element, Table } from "../elements.js";
import { classOf, rank, stateOf, worstFirst } from "../texts.js";

const OLD_SECONDS = 10;

export class DiagnosticsPanel {
  title = "Diagnostics";
  types = ["diagnostics"];

  constructor(page) {
    this.page = page;
    const columns = [["status", ({ name }) => name], ["state", stateOf]];
    this.ours = new Table("", columns);
    this.others = new Table("", [...columns, ["of", ({ hardware_id: id }) => id],
      ["values", ({ values }) => Object.entries(values).map(each => each.join(": ")).join("; ")]]);
    this.element = element("div", {}, this.ours.element, this.others.element);
  }

  refresh() {
    const ours = this.page.shown().flatMap(graph => [...graph.nodes, ...graph.edges]
      .filter(record => rank(record) !== 0)
      .map(record => ({ ...record, name: `${graph.namespace}/${record.name}` })));
    this.ours.show(worstFirst(ours), ({ name }) => name, classOf,
      ours.length ? `${ours.length} not well in these graphs` : "All is well in these graphs.");
    const others = this.page.feed.statuses.map(status =>
      ({ ...status, stale: status.age > OLD_SECONDS }));
    this.others.show(worstFirst(others), ({ name }) => name, classOf,
      others.length ? `${others.length} of others` : "Nobody else says anything on /diagnostics.");
  }
}
