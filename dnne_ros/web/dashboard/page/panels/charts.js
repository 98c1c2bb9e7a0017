// Curves of what nodes publish as numbers, with the history that the server has kept.

import { colour, element, setText } from "../elements.js";
import { figure } from "../texts.js";
import uPlot from "../uplot/uPlot.esm.js";

const HEIGHT = 170;
const FIRST = ["mean_return", "loss", "accuracy"];
const STROKES = ["accent", "warn", "lit", "error"];

export class ChartsPanel {
  title = "Curves";
  types = ["curves"];

  constructor(page) {
    this.page = page;
    this.charts = new Map();
    this.nothing = element("p", { class: "nothing" }, "No node of these graphs publishes numbers "
      + "so far: curves come from outputs that are numbers, and from the metrics of trainers.");
    this.cards = element("div", { class: "cards" });
    this.element = element("div", {}, this.nothing, this.cards);
    new ResizeObserver(() => this.#resize()).observe(this.cards);
  }

  onTheme() {
    for (const chart of this.charts.values()) chart.figure.remove();
    this.charts.clear();
    if (!this.element.hidden) this.refresh();
  }

  refresh() {
    const graphs = this.page.shown().map(({ namespace }) => `${namespace}/`);
    const byName = new Map();
    for (const curve of this.page.feed.curves.values())
      if (graphs.some(graph => curve.node.startsWith(graph)))
        byName.set(curve.name, [...(byName.get(curve.name) ?? []), curve]);
    const names = [...byName.keys()].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
    this.nothing.hidden = names.length > 0;
    for (const [name, chart] of this.charts) {
      if (byName.get(name)?.length === chart.count) continue;
      chart.figure.remove();
      this.charts.delete(name);
    }
    names.forEach((name, at) => {
      const curves = byName.get(name);
      if (!this.charts.has(name)) this.charts.set(name, this.#chart(name, curves));
      const chart = this.charts.get(name);
      if (this.cards.children[at] !== chart.figure)
        this.cards.insertBefore(chart.figure, this.cards.children[at] ?? null);
      chart.plot.setData(curves.length === 1 ? [curves[0].times, curves[0].values]
        : uPlot.join(curves.map(({ times, values }) => [times, values])));
      setText(chart.caption, curves.map(curve => `${curves.length > 1 ? `${curve.node}: ` : ""}`
        + `${figure(curve.values.at(-1))}`).join(", "));
    });
  }

  #chart(name, curves) {
    const caption = element("figcaption");
    const holder = element("div", { role: "img", "aria-label": `Curve of ${name}` });
    const made = element("figure", {}, element("h3", {}, name.replaceAll("_", " ")), holder,
      caption);
    this.cards.append(made);
    const axis = { stroke: colour("dim"), grid: { stroke: colour("line"), width: 1 },
      ticks: { stroke: colour("line"), width: 1 } };
    const plot = new uPlot({
      width: holder.clientWidth || 240, height: HEIGHT, legend: { show: curves.length > 1 },
      cursor: { drag: { x: false, y: false } },
      axes: [{ ...axis, space: 75, values: (_, ticks) => ticks.map(clock) }, { ...axis, size: 52,
        values: (_, ticks) => ticks.map(each => each === null ? "" : figure(each)) }],
      series: [{}, ...curves.map((curve, at) => ({ label: curve.node, spanGaps: true, width: 1.5,
        stroke: colour(STROKES[at % STROKES.length]), points: { show: false } }))],
    }, [[], ...curves.map(() => [])], holder);
    return { figure: made, plot, caption, holder, count: curves.length };
  }

  #resize() {
    for (const { plot, holder } of this.charts.values())
      if (holder.clientWidth && holder.clientWidth !== plot.width)
        plot.setSize({ width: holder.clientWidth, height: HEIGHT });
  }
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

function place(name) {
  const found = FIRST.indexOf(name);
  return found < 0 ? FIRST.length : found;
}
