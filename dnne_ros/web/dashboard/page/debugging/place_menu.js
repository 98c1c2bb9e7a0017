// The menu of a node or a link: what the debugger can do there.

import { element } from "../elements.js";
import { menuOf } from "./control.js";

let open = null;

// Show the menu of ``place`` at a point of the window; ``act(action, words)`` does what is chosen.
export function showPlaceMenu(place, x, y, act) {
  close();
  const entries = menuOf(place).map(([title, action, words]) => element("button", {
    type: "button", role: "menuitem", onclick: () => {
      close();
      act(action, words);
    } }, title));
  open = element("div", { class: "menu", role: "menu", "aria-label": place,
    onkeydown: event => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") close();
      else if (step) entries.at((entries.indexOf(document.activeElement) + step)
        % entries.length).focus();
      else return;
      event.preventDefault();
    },
    onfocusout: event => open?.contains(event.relatedTarget) || close() }, ...entries);
  document.body.append(open);
  open.style.left = `${Math.max(0, Math.min(x, innerWidth - open.offsetWidth))}px`;
  open.style.top = `${Math.max(0, Math.min(y, innerHeight - open.offsetHeight))}px`;
  entries[0].focus();
}

function close() {
  const menu = open;
  open = null;
  menu?.remove();
}
