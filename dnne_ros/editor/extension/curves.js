// Below each node its rates, and below a trainer its curves: they take no room in the drawing.
import { formatRate, idOf } from "./live.js";

const HEIGHT = 110;
const CURVES = [["mean_return", "mean return", "#7bd88f"], ["accuracy", "accuracy", "#7bd88f"],
  ["loss", "loss", "#ff9d5c"]];

export function drawCurves(app, live, context) {
  const graph = app.canvas.graph;
  for (const node of graph.nodes) {
    const id = idOf(app, graph, node);
    const figures = live.nodes[id];
    const [x, width] = [node.pos[0], node.size[0]];
    let y = node.pos[1] + (node.flags?.collapsed ? 0 : node.size[1]);
    if (figures) {
      rates(context, figures, x, y + 14);
      y += 18;
    }
    if (live.run?.trainers.includes(id) || live.run?.trainers.some((each) => each === `${node.id}`)) {
      for (const [name, title, color] of CURVES) {
        const points = live.run.curve.filter((point) => point[name] !== undefined);
        if (points.length < 2) continue;
        curve(context, points.map((point) => point[name]), title, color, x, y + 8, width);
        y += HEIGHT + 8;
      }
    }
  }
}

function rates(context, figures, x, y) {
  context.save();
  context.font = "11px sans-serif";
  context.fillStyle = { OK: "#b9c2cc", WARN: "#ffcf66" }[figures.level] ?? "#ff7b6b";
  const text = `in ${formatRate(figures.taken_per_s)}/s  out ${formatRate(figures.sent_per_s)}/s`;
  context.fillText(figures.level === "OK" ? text : `${text}  ${figures.message}`, x + 4, y);
  context.restore();
}

function curve(context, values, title, color, x, y, width) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = high - low || 1;
  const place = (value, index) => [
    x + 6 + (index * (width - 12)) / (values.length - 1),
    y + HEIGHT - 6 - ((value - low) * (HEIGHT - 28)) / span];
  context.save();
  context.fillStyle = "rgba(20, 22, 26, 0.9)";
  context.strokeStyle = "#4b5563";
  context.fillRect(x, y, width, HEIGHT);
  context.strokeRect(x, y, width, HEIGHT);
  context.font = "11px sans-serif";
  context.fillStyle = "#e8eaed";
  context.fillText(`${title} ${shorten(values[values.length - 1])}`, x + 6, y + 14);
  context.fillStyle = "#9aa5b1";
  context.textAlign = "right";
  context.fillText(`${shorten(low)} … ${shorten(high)}`, x + width - 6, y + 14);
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  values.forEach((value, index) => context.lineTo(...place(value, index)));
  context.stroke();
  context.restore();
}

function shorten(number) {
  return Number(number.toPrecision(4)).toString();
}
