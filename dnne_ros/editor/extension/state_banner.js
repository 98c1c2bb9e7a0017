// One line at the top of the drawing: what the run is doing, how far it is, and why it ended.
import { openRunning } from "./opening.js";

const NARROW = "880px";
const WORDS = {
  queued: "waits for its turn", starting: "starting", running: "runs", stopping: "stopping",
  ended: "has ended", stopped: "was stopped", failed: "failed",
};

export function showState(app, api, live, debugging) {
  api.addEventListener("dnne_ros.job", ({ detail }) => app.extensionManager.toast.add({
    severity: "info", summary: `Became job ${detail.number}`, detail: detail.text, life: 8000 }));
  const banner = document.createElement("section");
  banner.id = "dnne-ros-state";
  banner.setAttribute("role", "status");
  banner.hidden = true;
  Object.assign(banner.style, {
    // The front end tells of failures in the upper right corner: this is to the left of that, or
    // below it where there is no room.
    position: "fixed", top: `clamp(92px, (${NARROW} - 100vw) * 1000, 290px)`, zIndex: 900,
    right: `clamp(16px, (100vw - ${NARROW}) * 1000, 516px)`,
    maxWidth: "min(720px, max(100vw - 590px, 290px))", padding: "6px 12px", borderRadius: "8px", color: "#e8eaed",
    background: "rgba(24, 26, 30, 0.95)", border: "1px solid #4b5563", font: "13px sans-serif",
  });
  const text = document.createElement("span");
  const close = document.createElement("button");
  close.textContent = "×";
  close.title = "Hide";
  Object.assign(close.style, { marginLeft: "12px", background: "none", border: "0", color: "inherit" });
  const lines = document.createElement("pre");
  Object.assign(lines.style, {
    margin: "6px 0 0", maxHeight: "220px", overflow: "auto", whiteSpace: "pre-wrap",
    font: "11px monospace",
  });
  const show = document.createElement("button");
  show.textContent = "Open its drawing";
  Object.assign(show.style, {
    marginLeft: "12px", background: "none", border: "1px solid #4b5563", borderRadius: "6px",
    padding: "1px 8px", color: "inherit",
  });
  show.onclick = () => openRunning(app, api, live);
  banner.append(text, show, close, lines);
  document.body.append(banner);

  let hidden = "";
  close.onclick = () => {
    hidden = live.run.id + live.run.state;
    update();
  };
  const update = () => {
    const run = live.run;
    banner.hidden = !run || hidden === run.id + run.state;
    if (banner.hidden) return;
    show.hidden = live.isOf(app);
    const { state } = debugging.control;
    const stands = state?.paused ? `  ·  paused by ${state.why || "run.paused"}` : "";
    text.textContent = describe(run) + stands;
    text.style.color = run.state === "failed" ? "#ff7b6b" : "";
    const said = run.state === "failed" ? [run.failure, "", ...run.last_lines].join("\n") : "";
    lines.hidden = !said;
    lines.textContent = said;
  };
  live.onChange(update);
  setInterval(update, 1000);
}

export function describe(run) {
  const parts = [`${run.name} ${WORDS[run.state]}`];
  const { metrics } = run;
  if (run.started) parts.push(clock((run.ended ?? Date.now() / 1000) - run.started));
  if (metrics.mean_return !== undefined) parts.push(`mean return ${metrics.mean_return.toFixed(1)}`);
  if (metrics.max_epochs) parts.push(`epoch ${metrics.epoch}/${metrics.max_epochs}`);
  if (metrics.env_steps) parts.push(`${metrics.env_steps.toLocaleString("en")} env steps`);
  if (run.expected_end && !run.ended) {
    parts.push(`ends in ${clock(Math.max(0, run.expected_end - Date.now() / 1000))}`);
  }
  if (run.ended && run.reason && run.state !== "failed") parts.push(run.reason);
  if (run.checkpoint) parts.push(`checkpoint ${run.checkpoint}`);
  return parts.join("  ·  ");
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
