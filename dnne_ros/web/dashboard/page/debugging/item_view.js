// An item as the debugger sees it: shape, range, histogram, picture; the dashboard and the editor
// show it alike.

import { element } from "../elements.js";

const BAR = 6;
const HEIGHT = 48;

export function itemView(item) {
  const where = item.edge || `${item.node}/${item.port}`;
  return element("section", { class: "item", "aria-label": `item ${item.number} at ${where}` },
    element("h3", {}, `item ${item.number} at ${where}`),
    ...item.why ? [element("p", {}, item.why)] : [], ...item.view ? [valueView(item.view)] : []);
}

function valueView(view) {
  const box = element("div");
  const facts = [["kind", view.kind]];
  if (view.shape) {
    facts.push(["type", view.dtype], ["shape", view.shape.join(" × ") || "scalar"]);
    if (view.device) facts.push(["device", view.device]);
    if (view.min !== undefined)
      facts.push(["range", `${short(view.min)} to ${short(view.max)}`],
        ["mean", `${short(view.mean)}, deviation ${short(view.std)}`]);
    if (view.nan || view.inf)
      facts.push(["not finite", `${view.nan} NaN, ${view.inf} infinite, of ${view.size}`]);
    const more = view.values.length < view.size ? ", …" : "";
    facts.push(["values", view.values.map(short).join(", ") + more]);
  }
  if (view.text) facts.push(["text", view.text]);
  box.append(element("dl", {}, ...facts.flatMap(([name, value]) =>
    [element("dt", {}, name), element("dd", {}, String(value))])));
  if (view.picture) box.append(picture(view.picture));
  else if (view.histogram) box.append(histogram(view.histogram));
  for (const [name, part] of Object.entries(view.parts ?? {}))
    box.append(element("details", { open: true }, element("summary", {}, name), valueView(part)));
  return box;
}

function short(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
}

function histogram({ low, high, counts }) {
  const canvas = element("canvas", { width: BAR * counts.length, height: HEIGHT, role: "img",
    "aria-label": `histogram from ${short(low)} to ${short(high)}` });
  const pen = canvas.getContext("2d");
  const most = Math.max(...counts, 1);
  pen.fillStyle = "#4a90d9";
  counts.forEach((count, place) => {
    const height = Math.ceil(HEIGHT * count / most);
    pen.fillRect(BAR * place, HEIGHT - height, BAR - 1, height);
  });
  return element("figure", {}, canvas,
    element("figcaption", {}, `${short(low)} … ${short(high)}`));
}

function picture({ width, height, rgb }) {
  const canvas = element("canvas", { width, height, role: "img", "aria-label": "picture" });
  const bytes = atob(rgb);
  const pixels = new ImageData(width, height);
  for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
    for (let channel = 0; channel < 3; channel++)
      pixels.data[to + channel] = bytes.charCodeAt(from + channel);
    pixels.data[to + 3] = 255;
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return element("figure", {}, canvas);
}
