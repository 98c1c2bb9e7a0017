// Shows a number as it is: the front end cuts it to the decimals of its step, so that 1e-6 is 0.00.

const MOST = 12;

export function showAllDecimals(node) {
  for (const widget of node.widgets ?? []) {
    if (typeof widget.value !== "number" || widget.options?.precision === undefined) continue;
    const needed = Math.min(MOST, decimalsOf(widget.value));
    if (needed > widget.options.precision) widget.options.precision = needed;
  }
}

// Also of a value that has just been entered.
export function keepAllDecimals() {
  const before = globalThis.LGraphNode.prototype.onWidgetChanged;
  globalThis.LGraphNode.prototype.onWidgetChanged = function (...change) {
    before?.apply(this, change);
    showAllDecimals(this);
  };
}

function decimalsOf(number) {
  const [digits, exponent] = String(number).split("e");
  const decimals = (digits.split(".")[1] ?? "").length;
  return Math.max(0, decimals - Number(exponent ?? 0));
}
