// Places for the nodes of a graph: layers from left to right, few crossings, no overlaps.
//
// The usual three steps of layered drawing: links that lead back are set aside, each node goes one
// layer behind its farthest predecessor, and within layers nodes are sorted by the mean place of
// their neighbours, sweep after sweep.

export const WIDTH = 184;
const HEAD = 46;
const PORT = 15;
const BETWEEN_LAYERS = 84;
const WITHIN_LAYER = 24;
const SWEEPS = 8;

// Return boxes by node name, and curves by link name; ``down``: from top to bottom, for a screen
// that is higher than wide.
export function layOut(nodes, links, down = false) {
  const boxes = new Map(nodes.map(node => [node.name, box(node.name)]));
  for (const { source, output, target, input } of links) {
    for (const end of [source, target])
      if (!boxes.has(end)) boxes.set(end, { ...box(end), foreign: true });
    addPort(boxes.get(source).outputs, output);
    addPort(boxes.get(target).inputs, input);
  }
  for (const each of boxes.values())
    each.height = HEAD + PORT * Math.max(each.inputs.length, each.outputs.length);
  const pairs = links.map(({ source, target }) => [source, target])
    .filter(([source, target]) => source !== target);
  place(layers(boxes, forward(boxes, pairs)), down);
  const curve = down ? curveDown : curveAcross;
  return { boxes, down, curves: new Map(links.map(link => [link.name, curve(boxes, link)])) };
}

function box(name) {
  return { name, inputs: [], outputs: [], x: 0, y: 0, width: WIDTH, height: 0, layer: 0,
    before: [], behind: [] };
}

function addPort(ports, name) {
  if (name && !ports.includes(name)) ports.push(name);
}

// Links that do not lead back to where a walk has come from.
function forward(boxes, pairs) {
  const targets = new Map();
  const incoming = new Map();
  for (const [source, target] of pairs) {
    targets.set(source, [...(targets.get(source) ?? []), target]);
    incoming.set(target, (incoming.get(target) ?? 0) + 1);
  }
  const state = new Map();
  const kept = [];
  const walk = start => {  // without recursion: a chain of nodes may be long
    const path = [[start, 0]];
    state.set(start, "open");
    while (path.length) {
      const top = path.at(-1);
      const target = (targets.get(top[0]) ?? [])[top[1]++];
      if (target === undefined) {
        state.set(top[0], "done");
        path.pop();
      } else if (state.get(target) !== "open") {
        kept.push([top[0], target]);
        if (!state.has(target)) {
          state.set(target, "open");
          path.push([target, 0]);
        }
      }
    }
  };
  const names = [...boxes.keys()];
  for (const name of [...names.filter(each => !incoming.has(each)), ...names])
    if (!state.has(name)) walk(name);
  return kept;
}

function layers(boxes, pairs) {
  const waiting = new Map([...boxes.keys()].map(name => [name, 0]));
  for (const [source, target] of pairs) {
    boxes.get(source).behind.push(boxes.get(target));
    boxes.get(target).before.push(boxes.get(source));
    waiting.set(target, waiting.get(target) + 1);
  }
  const ready = [...boxes.values()].filter(each => !waiting.get(each.name));
  for (let at = 0; at < ready.length; at++) {
    for (const next of ready[at].behind) {
      next.layer = Math.max(next.layer, ready[at].layer + 1);
      waiting.set(next.name, waiting.get(next.name) - 1);
      if (!waiting.get(next.name)) ready.push(next);
    }
  }
  // A source stands right before the first that takes from it.
  for (const each of ready)
    if (!each.before.length && each.behind.length)
      each.layer = Math.min(...each.behind.map(next => next.layer)) - 1;
  const found = [];
  for (const each of ready) (found[each.layer] ??= []).push(each);
  return [...found].map(layer => layer ?? []);
}

// A box's place and size along its layer, whichever way that runs: ``at`` and ``extent``.
function place(found, down) {
  for (const layer of found) {
    let at = 0;
    for (const each of layer) {
      each.extent = down ? each.width : each.height;
      each.at = at;
      at += each.extent + WITHIN_LAYER;
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const backwards = sweep % 2;
    for (const layer of backwards ? [...found].reverse() : found) {
      for (const each of layer) each.wish = wish(each, backwards ? each.behind : each.before);
      layer.sort((a, b) => a.wish - b.wish);
      settle(layer);
    }
  }
  let across = 0;
  for (const layer of found) {
    for (const each of layer) [each.x, each.y] = down ? [each.at, across] : [across, each.at];
    across += BETWEEN_LAYERS + (down ? Math.max(...layer.map(each => each.height)) : WIDTH);
  }
}

function wish(each, neighbours) {
  if (!neighbours.length) return middle(each);
  return neighbours.reduce((sum, next) => sum + middle(next), 0) / neighbours.length;
}

function middle(each) {
  return each.at + each.extent / 2;
}

// Put a layer's nodes as near to their wishes as their heights allow: whoever would overlap joins
// the block above, and the block moves to the mean of its wishes.
function settle(layer) {
  const blocks = [];
  for (const each of layer) {
    let block = { members: [each], extent: each.extent + WITHIN_LAYER,
      start: each.wish - each.extent / 2 };
    while (blocks.length && blocks.at(-1).start + blocks.at(-1).extent > block.start) {
      const above = blocks.pop();
      const members = [...above.members, ...block.members];
      let offset = 0;
      let sum = 0;
      for (const member of members) {
        sum += member.wish - member.extent / 2 - offset;
        offset += member.extent + WITHIN_LAYER;
      }
      block = { members, extent: offset, start: sum / members.length };
    }
    blocks.push(block);
  }
  for (const { members, start } of blocks) {
    let at = start;
    for (const member of members) {
      member.at = at;
      at += member.extent + WITHIN_LAYER;
    }
  }
}

// Cubic Bézier curves, each as eight numbers: one from left to right, two for a link that leads
// back, which goes below both of its nodes.
function curveAcross(boxes, { source, output, target, input }) {
  const from = boxes.get(source);
  const to = boxes.get(target);
  const [ax, ay] = [from.x + from.width, besidePort(from, from.outputs, output)];
  const [bx, by] = [to.x, besidePort(to, to.inputs, input)];
  if (bx > ax) {
    const reach = Math.max(40, (bx - ax) / 2);
    return [[ax, ay, ax + reach, ay, bx - reach, by, bx, by]];
  }
  const below = Math.max(from.y + from.height, to.y + to.height) + 22
    + 7 * (from.outputs.indexOf(output) + to.inputs.indexOf(input));
  const halfway = (ax + bx) / 2;
  return [[ax, ay, ax + 90, ay, ax + 60, below, halfway, below],
          [halfway, below, bx - 60, below, bx - 90, by, bx, by]];
}

function besidePort(each, ports, name) {
  return each.y + HEAD + PORT * (Math.max(0, ports.indexOf(name)) + 0.2);
}

function curveDown(boxes, { source, output, target, input }) {
  const from = boxes.get(source);
  const to = boxes.get(target);
  const [ax, ay] = [underPort(from, from.outputs, output), from.y + from.height];
  const [bx, by] = [underPort(to, to.inputs, input), to.y];
  if (by > ay) {
    const reach = Math.max(30, (by - ay) / 2);
    return [[ax, ay, ax, ay + reach, bx, by - reach, bx, by]];
  }
  const beside = Math.max(from.x + from.width, to.x + to.width) + 22
    + 7 * (from.outputs.indexOf(output) + to.inputs.indexOf(input));
  const halfway = (ay + by) / 2;
  return [[ax, ay, ax, ay + 50, beside, ay + 40, beside, halfway],
          [beside, halfway, beside, by - 40, bx, by - 50, bx, by]];
}

function underPort(each, ports, name) {
  return each.x + each.width * (Math.max(0, ports.indexOf(name)) + 1) / (ports.length + 1);
}

export function pointOf(curves, part) {
  const scaled = part * curves.length;
  const at = Math.min(Math.floor(scaled), curves.length - 1);
  const [ax, ay, bx, by, cx, cy, dx, dy] = curves[at];
  const t = scaled - at;
  const s = 1 - t;
  const [k, l, m, n] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
  return [k * ax + l * bx + m * cx + n * dx, k * ay + l * by + m * cy + n * dy];
}

export function bounds({ boxes, curves }) {
  const found = { left: 0, top: 0, right: WIDTH, bottom: HEAD };
  let first = true;
  const take = (x, y) => {
    found.left = first ? x : Math.min(found.left, x);
    found.right = first ? x : Math.max(found.right, x);
    found.top = first ? y : Math.min(found.top, y);
    found.bottom = first ? y : Math.max(found.bottom, y);
    first = false;
  };
  for (const each of boxes.values()) {
    take(each.x, each.y);
    take(each.x + each.width, each.y + each.height);
  }
  for (const pieces of curves.values())
    for (const part of [0.25, 0.5, 0.75]) take(...pointOf(pieces, part));
  return found;
}
