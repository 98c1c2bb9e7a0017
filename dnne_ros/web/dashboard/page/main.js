// The dashboard: graphs above or on the left, what is known of them in panels.

import { element, setText } from "./elements.js";
import { Feed } from "./feed.js";
import { GraphSection } from "./graph_section.js";
import { ChartsPanel } from "./panels/charts.js";
import { DebuggerPanel } from "./panels/debugger.js";
import { DiagnosticsPanel } from "./panels/diagnostics.js";
import { JobsPanel } from "./panels/jobs.js";
import { LogPanel } from "./panels/log.js";
import { PicturesPanel } from "./panels/pictures.js";
import { SettingsPanel } from "./panels/settings.js";
import { TablesPanel } from "./panels/tables.js";

const feed = new Feed();
const sections = new Map();
const hidden = new Set();       // graphs that are not to be shown
const page = {
  feed,
  chosen: { graph: null, node: null, link: null },
  shown: () => [...feed.graphs.values()].filter(graph => !hidden.has(graph.namespace)),
  choose,
};

function choose(graph, node, link) {
  page.chosen = { graph, node, link };
  for (const [namespace, section] of sections)
    section.choose(namespace === graph ? node ?? link : null);
  for (const panel of panels) panel.onChosen?.();
  if (node && current !== panels[0] && current !== debug) select(settings);
  refresh();
}

// Do what the menu of a node or link says, and show what comes of it.
function debugAt(graph, node, link, action, words) {
  choose(graph, node, link);
  select(debug);
  debug.control.act(action, words);
}

// ---- Panels, one at a time

const settings = new SettingsPanel(page);
const debug = new DebuggerPanel(page);
const panels = [new TablesPanel(page), settings, debug, new ChartsPanel(page), new PicturesPanel(page),
  new LogPanel(page), new DiagnosticsPanel(page), new JobsPanel(page)];
let current = panels[0];

const tabs = panels.map((panel, place) => {
  panel.element.id = `panel-${place}`;
  panel.element.classList.add("panel");
  panel.element.setAttribute("role", "tabpanel");
  panel.element.setAttribute("aria-labelledby", `tab-${place}`);
  document.getElementById("panels").append(panel.element);
  return element("button", { type: "button", id: `tab-${place}`, role: "tab",
    "aria-controls": `panel-${place}`, onclick: () => select(panel),
    onkeydown: event => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const visible = panels.filter((each, at) => !tabs[at].hidden);
      const next = visible.at((visible.indexOf(panel) + step) % visible.length);
      select(next);
      tabs[panels.indexOf(next)].focus();
    } }, panel.title);
});
document.getElementById("tabs").append(...tabs);

function select(panel) {
  current = panel;
  panels.forEach((each, place) => {
    each.element.hidden = each !== panel;
    tabs[place].setAttribute("aria-selected", String(each === panel));
    tabs[place].tabIndex = each === panel ? 0 : -1;
    each.onShown?.(each === panel);
  });
  refresh();
}

function refresh() {
  tabs[panels.length - 1].hidden = feed.jobs === null;
  current.refresh();
}

// ---- Graphs

const graphList = document.getElementById("graphs");
const drawings = document.getElementById("drawings");
const nothing = element("p", { class: "nothing" },
  "No graph is heard so far. Start one with dnne-ros run, in the same ROS domain.");
drawings.append(nothing);

function showGraphs() {
  for (const [namespace, section] of sections) {
    if (feed.graphs.has(namespace) && !hidden.has(namespace)) continue;
    section.close();
    sections.delete(namespace);
  }
  for (const graph of page.shown()) {
    let section = sections.get(graph.namespace);
    if (!section) {
      section = new GraphSection(feed, graph.namespace, choose, debugAt);
      sections.set(graph.namespace, section);
      drawings.append(section.element);
    }
    section.show(graph);
  }
  nothing.hidden = feed.graphs.size > 0;
  showNames();
  refresh();
}

function showNames() {
  const names = [...feed.graphs.keys()];
  if (names.join() !== [...graphList.children].map(each => each.value).join()) {
    graphList.replaceChildren(...names.map(name => element("button", { type: "button", value: name,
      onclick: () => {
        if (!hidden.delete(name)) hidden.add(name);
        showGraphs();
      } }, name)));
  }
  for (const button of graphList.children)
    button.setAttribute("aria-pressed", String(!hidden.has(button.value)));
  document.title = names.length ? `${names.join(", ")} – dnne-ros` : "dnne-ros dashboard";
}

feed.addEventListener("graphs", showGraphs);
feed.addEventListener("connection", ({ detail }) => {
  const place = document.getElementById("connection");
  setText(place, detail);
  place.className = detail ? "ERROR" : "";
});
for (const type of ["logs", "curves", "images", "diagnostics", "jobs", "parameters"])
  feed.addEventListener(type, () => {
    if (current.types?.includes(type) || type === "jobs") refresh();
  });

// ---- Light and dark: as the system has it, until a person says otherwise

const themes = ["auto", "light", "dark"];
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const themeButton = document.getElementById("theme");

function setTheme(theme) {
  localStorage.setItem("dnne-ros theme", theme);
  const dark = theme === "dark" || (theme === "auto" && systemIsDark.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  setText(themeButton, `Theme: ${theme}`);
  for (const section of sections.values()) {
    section.painter.readColours();
    section.dirty = true;
  }
  for (const panel of panels) panel.onTheme?.();
}

const theme = () => themes.find(each => each === localStorage.getItem("dnne-ros theme")) ?? "auto";
themeButton.addEventListener("click", () =>
  setTheme(themes[(themes.indexOf(theme()) + 1) % themes.length]));
systemIsDark.addEventListener("change", () => setTheme(theme()));

setTheme(theme());
select(panels[0]);
feed.open();
window.dashboard = { page, sections };  // for those who look at it from the console, and tests
