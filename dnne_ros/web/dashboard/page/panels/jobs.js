// The latest jobs of the store, where there is one.

import { element, Table } from "../elements.js";
import { figure } from "../texts.js";

const COLOURS = { failed: "ERROR", dead: "ERROR", cancelled: "dim", running: "" };

export class JobsPanel {
  title = "Jobs";
  types = ["jobs"];

  constructor(page) {
    this.page = page;
    this.table = new Table("", [
      ["job", job => `${job.id} ${job.name}`], ["state", ({ state }) => state],
      ["done", ({ progress }) => progress.fraction === undefined ? "–"
        : `${Math.round(100 * progress.fraction)} %`, true],
      ["seconds", ({ seconds }) => figure(Math.round(seconds)), true],
      ["try", ({ attempt }) => String(attempt), true], ["queue", ({ queue }) => queue],
      ["user", ({ user }) => user], ["why", ({ reason }) => reason ?? ""]]);
    this.element = element("div", {}, this.table.element);
  }

  refresh() {
    const jobs = [...this.page.feed.jobs ?? []].reverse();
    this.table.show(jobs, ({ id }) => id, ({ state }) => COLOURS[state] ?? "",
      jobs.length ? "the latest jobs" : "No jobs.");
  }
}
