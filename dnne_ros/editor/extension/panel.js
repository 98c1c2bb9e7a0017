// The panel in the side bar: problems, options of a run, and what a drawing is exported as.
import { download, EXPORTS } from "./exporting.js";

export function addPanel(app, api, live, checks) {
  let options = [];
  const ready = fetch(api.fileURL("/dnne_ros/options")).then(async (answer) => {
    options = await answer.json();
  });
  app.extensionManager.registerSidebarTab({
    id: "dnne_ros", icon: "pi pi-sliders-h", title: "Run options", tooltip: "Problems, run options, export",
    type: "custom",
    render: async (element) => {
      await ready;
      const problems = document.createElement("div");
      element.style.cssText = "padding: 12px; overflow: auto; height: 100%; font-size: 13px";
      element.replaceChildren(heading("Problems"), problems, heading("Run options"),
        form(app, options, checks), heading("Export"), exportsOf(app, api));
      const update = () => {
        problems.replaceChildren(...listOf(app, checks.problems));
        element.querySelector("form").dispatchEvent(new Event("drawing"));
      };
      checks.onChange(() => problems.isConnected && update());
      update();
    },
  });
}

function heading(text) {
  const element = document.createElement("h3");
  element.textContent = text;
  element.style.cssText = "font-weight: 600; margin: 14px 0 6px";
  return element;
}

function listOf(app, problems) {
  if (!problems.length) {
    const none = document.createElement("p");
    none.textContent = "None.";
    return [none];
  }
  return problems.map(({ node, type, message }) => {
    const entry = document.createElement("button");
    entry.style.cssText = "display: block; text-align: left; margin: 0 0 8px; width: 100%;"
      + "background: none; border: 0; border-left: 3px solid #e5484d; padding: 2px 8px; cursor: pointer";
    entry.textContent = node ? `node ${node} (${type}), ${message}` : message;
    entry.onclick = () => {
      const found = node && app.graph.getNodeById(Number(node.split(":")[0]));
      if (found) app.canvas.centerOnNode(found);
    };
    return entry;
  });
}

function form(app, options, checks) {
  const box = document.createElement("form");
  box.onsubmit = (event) => event.preventDefault();
  const given = () => app.graph.extra?.dnne_ros?.run ?? {};
  for (const option of options) {
    const label = document.createElement("label");
    label.style.cssText = "display: block; margin: 0 0 8px";
    label.title = option.help;
    const input = document.createElement("input");
    input.name = option.name;
    input.type = option.flag ? "checkbox" : "text";
    const show = () => {
      if (document.activeElement === input) return;
      if (option.flag) input.checked = String(given()[option.name] ?? "") === "true";
      else input.value = given()[option.name] ?? "";
    };
    show();
    box.addEventListener("drawing", show); // another one may be open
    input.placeholder = option.default || option.metavar;
    if (option.choices.length) input.placeholder = option.choices.join(", ");
    input.style.cssText = option.flag ? "margin-right: 6px"
      : "display: block; width: 100%; background: #0003; border: 1px solid #6b7280; padding: 3px 6px";
    input.onchange = () => {
      const run = { ...given(), [option.name]: option.flag ? String(input.checked) : input.value.trim() };
      if (!run[option.name] || run[option.name] === "false") delete run[option.name];
      app.graph.extra = { ...app.graph.extra, dnne_ros: { ...app.graph.extra?.dnne_ros, run } };
      checks.soon();
    };
    const name = option.name.replaceAll("_", " ");
    if (option.flag) label.append(input, name);
    else label.append(name, input);
    box.append(label);
  }
  return box;
}

function exportsOf(app, api) {
  const box = document.createElement("div");
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  for (const [kind, title] of EXPORTS) {
    const button = document.createElement("button");
    button.textContent = title;
    button.style.cssText = "margin: 0 8px 8px 0; padding: 4px 10px; border: 1px solid #6b7280;"
      + "border-radius: 6px; background: none";
    button.onclick = async () => {
      told.textContent = "…";
      told.textContent = await download(app, api, kind);
    };
    box.append(button);
  }
  box.append(told);
  return box;
}
