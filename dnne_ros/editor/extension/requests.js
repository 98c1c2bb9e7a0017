// Tells the server what the front end by itself does not: which file is run or checked, and which
// version of a file a page has seen, so that two pages do not save over each other.

export function currentFile(app) {
  const path = app.extensionManager?.workflow?.activeWorkflow?.path ?? "";
  return path.replace(/^workflows\//, "");
}

export function tellServerMore(app, api) {
  const seen = new Map();
  api.subscribeLogs = async () => {}; // all pages are told
  const fetchApi = api.fetchApi;
  api.fetchApi = async function (route, options = {}) {
    const name = /^\/userdata\/([^?/]+)(?:\?|$)/.exec(route)?.[1];
    if (route === "/prompt" && options.body) {
      const body = JSON.parse(options.body);
      body.extra_data = { ...body.extra_data, dnne_ros: { file: currentFile(app) } };
      options = { ...options, body: JSON.stringify(body) };
    } else if (name && options.method === "POST" && seen.has(name)) {
      options = { ...options, headers: { ...options.headers, "If-Match": seen.get(name) } };
    }
    const answer = await fetchApi.call(this, route, options);
    if (route === "/prompt" && answer.status === 403) { // only shown (--view): said as what is wrong in a drawing
      const error = { type: "invalid_prompt", message: await answer.text(), details: "", extra_info: {} };
      return new Response(JSON.stringify({ error, node_errors: {} }), { status: 400 });
    }
    const tag = answer.headers.get("ETag");
    if (name && answer.ok && tag) seen.set(name, tag);
    if (name && answer.status === 409) {
      app.extensionManager.toast.add({
        severity: "error", summary: "Not saved", detail: await answer.clone().text(),
      });
    }
    return answer;
  };
}
