// What a drawing is made into for use elsewhere: in the panel, and in the menu File.
import { currentFile } from "./requests.js";

export const EXPORTS = [["package", "ROS 2 package"], ["svg", "Picture (SVG)"], ["policy", "Trained policy"]];

// The commands of the extension, and where they are in the menu.
export function exportCommands(app, api) {
  const commands = EXPORTS.map(([kind, title]) => ({
    id: `dnne_ros.export.${kind}`, label: `Export: ${title}`, icon: "pi pi-download",
    function: async () => app.extensionManager.toast.add({
      severity: "info", summary: title, detail: await download(app, api, kind), life: 8000 }),
  }));
  return { commands, menuCommands: [{ path: ["File"], commands: commands.map(({ id }) => id) }] };
}

export async function download(app, api, kind) {
  const workflow = app.graph.serialize();
  const answer = await fetch(api.fileURL(`/dnne_ros/export/${kind}`), {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ extra_data: { extra_pnginfo: { workflow }, dnne_ros: { file: currentFile(app) } } }),
  });
  if (!answer.ok) return (await answer.json()).error ?? `${answer.status}`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1] ?? kind;
  link.click();
  URL.revokeObjectURL(link.href);
  return `${link.download} was made.`;
}
