// Numbers and states as a person reads them.

export function rate(perSecond) {
  if (perSecond === undefined) return "–";
  return perSecond.toLocaleString("en", { maximumFractionDigits: perSecond >= 100 ? 0 : 1 });
}

export function count(number) {
  return number === undefined ? "–" : number.toLocaleString("en");
}

export function milliseconds(value) {
  if (!value) return "–";
  return value.toLocaleString("en", { maximumFractionDigits: value >= 10 ? 0 : 2 });
}

export function figure(value) {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en");
  return Number(value.toPrecision(4)).toString();
}

export function rateOf(link) {
  return link.values.received_per_s ?? link.values.sent_per_s ?? 0;
}

export function stateOf(record) {
  if (record.stale) return "silent";
  return record.level === "OK" ? record.message : `${record.level}: ${record.message}`;
}

export function rank(record) {
  return record.stale ? -1 : ["OK", "STALE", "WARN", "ERROR"].indexOf(record.level);
}

// node_9 before node_10, and what is wrong before both.
export function worstFirst(records) {
  const byName = new Intl.Collator("en", { numeric: true });
  return [...records].sort((a, b) => rank(b) - rank(a) || byName.compare(a.name, b.name));
}

export function classOf(record) {
  return record.stale ? "stale" : record.level === "OK" ? "" : record.level;
}

export function linkText(link) {
  const values = link.values;
  const lines = [link.name, `${rate(rateOf(link))} items/s, ${values.depth ?? 0} of `
    + `${values.capacity ?? "?"} waiting`];
  if (values.blocked_percent) lines.push(`blocked ${values.blocked_percent} % of the time`);
  if (values.latency_ms) lines.push(`latency ${milliseconds(values.latency_ms)} ms, at most `
    + `${milliseconds(values.latency_max_ms)} ms`);
  lines.push(`${count(values.sent)} sent, ${count(values.received)} received, `
    + `${values.policy ?? ""} by ${values.transport ?? "?"}`);
  for (const key of ["lost", "duplicated", "dropped"])
    if (values[key]) lines.push(`${count(values[key])} ${key}`);
  if (link.level !== "OK" || link.stale) lines.push(stateOf(link));
  return lines.join("\n");
}

export function nodeText(node) {
  const values = node.values;
  return [values.title && values.title !== node.name ? `${node.name}: ${values.title}` : node.name,
    `${values.type ?? ""} in process ${values.process ?? "?"}`,
    `${rate(values.taken_per_s)} items/s in, ${rate(values.sent_per_s)} out`,
    ...(node.level === "OK" && !node.stale ? [] : [stateOf(node)])].join("\n");
}
