// Elements of the page.  Text is always text: names come from whoever publishes in the domain.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;  // readers speak what is set
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function announce(text) {
  setText(document.getElementById("announcement"), text);
}

// A table whose rows stay the same elements while their texts change, so that a focus, a selection
// and a reader's place survive.
export class Table {
  constructor(caption, columns) {
    // [title, what it shows of a record, whether it is a number, what a click on it does]
    this.columns = columns;
    this.caption = element("caption", {}, caption);
    this.body = element("tbody");
    this.rows = new Map();
    this.element = element("div", { class: "scroll" }, element("table", {}, this.caption,
      element("thead", {}, element("tr", {}, ...columns.map(([title, , isNumber]) =>
        element("th", { scope: "col", class: isNumber ? "number" : "" }, title)))), this.body));
  }

  show(records, keyOf, classOf, caption) {
    if (caption) setText(this.caption, caption);
    const gone = new Set(this.rows.keys());
    let at = this.body.firstChild;
    for (const record of records) {
      const key = keyOf(record);
      gone.delete(key);
      let row = this.rows.get(key);
      if (!row) this.rows.set(key, row = this.#row());
      this.#fill(row, record, classOf(record));
      if (row === at) at = at.nextSibling;
      else this.body.insertBefore(row, at);
    }
    for (const key of gone) {
      this.rows.get(key).remove();
      this.rows.delete(key);
    }
  }

  #row() {
    const row = element("tr", {}, ...this.columns.map(([, , isNumber, action], place) =>
      element("td", { class: isNumber ? "number" : place ? "" : "name" }, ...action ? [element(
        "button", { type: "button", class: "link", onclick: () => action(row.record) })] : [])));
    return row;
  }

  #fill(row, record, className) {
    row.record = record;
    if (row.className !== className) row.className = className;
    this.columns.forEach(([, text, , action], place) => {
      const cell = row.cells[place];
      setText(action ? cell.firstChild : cell, text(record));
    });
  }
}
