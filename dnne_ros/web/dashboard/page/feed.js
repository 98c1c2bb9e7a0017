// What the server knows, kept up to date over one WebSocket that is opened again when it breaks.

const LINES = 3000;
const POINTS = 4000;

export class Feed extends EventTarget {
  graphs = new Map();      // views of graphs, by namespace
  lines = [];              // log lines, the oldest first
  curves = new Map();      // {node, name, times, values}, by node and name
  parameters = new Map();  // values that have changed, by node and name
  imageTopics = [];
  statuses = [];           // what others say on /diagnostics
  jobs = null;             // null: there is no store
  readOnly = true;
  watched = new Set();     // image topics
  #socket = null;
  #wait = 500;

  async open() {
    try {
      const answer = await fetch("/api/server");
      if (answer.status === 401) {
        this.#say("connection", "This server was started again: open the address that it printed");
        return this.#again();
      }
      this.readOnly = (await answer.json()).read_only;
    } catch {  // not there: which the person is told, and it may come back
      this.#say("connection", "No connection to the server; trying again");
      return this.#again();
    }
    const socket = this.#socket = new WebSocket(`ws://${location.host}/api/feed`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#wait = 500;
      this.lines = [];         // the server sends all that it has kept
      this.curves.clear();
      this.#say("connection", "");
      this.#want();
    };
    socket.onmessage = ({ data }) => typeof data === "string"
      ? this.#take(JSON.parse(data)) : this.#takePicture(data);
    socket.onclose = () => {
      this.#say("connection", "Connection lost; trying again");
      this.#again();
    };
  }

  watch(topic, wanted) {
    if (wanted) this.watched.add(topic);
    else this.watched.delete(topic);
    this.#want();
  }

  #want() {
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify({ images: [...this.watched] }));
  }

  #again() {
    setTimeout(() => this.open(), this.#wait);
    this.#wait = Math.min(this.#wait * 1.6, 5000);
  }

  #say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #take(message) {
    switch (message.type) {
      case "graphs":
        this.graphs = new Map(message.graphs.map(graph => [graph.namespace, graph]));
        break;
      case "logs":
        this.lines.push(...message.lines);
        this.lines.splice(0, this.lines.length - LINES);
        break;
      case "curves":
        message.curves.forEach(points => this.#addPoints(points));
        break;
      case "parameters":
        for (const { node, name, value } of message.changes)
          this.parameters.set(`${node} ${name}`, value);
        break;
      case "images": this.imageTopics = message.topics; break;
      case "diagnostics": this.statuses = message.statuses; break;
      case "jobs": this.jobs = message.jobs; break;
    }
    this.#say(message.type, message);
  }

  #addPoints({ node, name, times, values }) {
    const key = `${node} ${name}`;
    let curve = this.curves.get(key);
    if (!curve) this.curves.set(key, curve = { node, name, times: [], values: [] });
    curve.times.push(...times);
    curve.values.push(...values);
    if (curve.times.length > POINTS) {
      curve.times = curve.times.filter((_, place) => place % 2);
      curve.values = curve.values.filter((_, place) => place % 2);
    }
  }

  #takePicture(data) {
    const length = new DataView(data).getUint32(0);
    const { topic, type } = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    this.#say("image", { topic, picture: new Blob([data.slice(4 + length)], { type }) });
  }
}

// Ask the server to do something; returns why it did not, or nothing.
export async function post(path, body) {
  return (await ask(path, { method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" } })).problem;
}

// Ask the server for something; returns it as ``found``, or a ``problem``.
export async function ask(path, options = {}) {
  let answer, text;
  try {
    answer = await fetch(path, options);
    text = await answer.text();
  } catch {
    return { problem: "no connection to the server" };
  }
  try {
    const found = JSON.parse(text);
    return answer.ok ? { found, problem: "" } : { problem: found.error };
  } catch {  // a guard's answer is a line of text
    return { problem: text.trim() };
  }
}
