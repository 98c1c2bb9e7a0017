// The editor's own extension of ComfyUI's front end: one file for each thing that it adds.
import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";
import { drawProblems, watchDrawing } from "./checking.js";
import { drawCurves } from "./curves.js";
import { Debugging } from "./debugging.js";
import { exportCommands } from "./exporting.js";
import { drawLinkFigures } from "./link_figures.js";
import { Live } from "./live.js";
import { offerLiveWidgets } from "./live_widgets.js";
import { keepAllDecimals, showAllDecimals } from "./numbers.js";
import { keepNewDrawingsEmpty, openFirst } from "./opening.js";
import { addPanel } from "./panel.js";
import { processMenu, showPlacement } from "./placement.js";
import { tellServerMore } from "./requests.js";
import { showState } from "./state_banner.js";

keepNewDrawingsEmpty(app);
tellServerMore(app, api);
let debugging = null;

app.registerExtension({
  name: "dnne_ros",
  ...exportCommands(app, api),
  nodeCreated: showAllDecimals,
  loadedGraphNode: showAllDecimals,
  getNodeMenuItems: (node) => [null, processMenu(app, node), ...debugging?.nodeMenu(node) ?? []],
  getCanvasMenuItems: () => debugging?.linkMenu() ?? [],
  async setup() {
    const live = new Live(app, api);
    globalThis.dnneRosLive = live; // for other extensions, and tests
    debugging = new Debugging(app, live);
    globalThis.dnneRosDebugging = debugging;
    const checks = watchDrawing(app, api);
    const before = app.canvas.onDrawForeground;
    app.canvas.onDrawForeground = function (context, area) {
      before?.call(this, context, area);
      drawProblems(app, context);
      if (!live.isOf(app)) return;
      drawLinkFigures(app, live, context);
      drawCurves(app, live, context);
      debugging.draw(context);
    };
    showState(app, api, live, debugging);
    showPlacement(app);
    keepAllDecimals();
    offerLiveWidgets(app, api, live);
    addPanel(app, api, live, checks);
    debugging.addTab();
    // What the socket has said before anything here listened.
    await fetch(api.fileURL(`/dnne_ros/greeting?page=${encodeURIComponent(api.clientId ?? "")}`));
    await openFirst(app, api, live);
  },
});
