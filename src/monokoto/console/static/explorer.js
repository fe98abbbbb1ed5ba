// The API explorer: a search that answers while one types, and requests sent as the visitor.

import { send } from "./console.js";

const SHOWN_MAX = 200_000;

const filter = document.querySelector("[data-filter]");
function keepMatching() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const group of document.querySelectorAll("[data-group]")) {
    let here = 0;
    for (const one of group.querySelectorAll("[data-words]")) {
      one.hidden = !words.every((word) => one.dataset.words.includes(word));
      if (!one.hidden) here += 1;
    }
    group.hidden = here === 0;
    shown += here;
  }
  const nothing = document.querySelector("[data-nothing]");
  if (nothing) nothing.hidden = shown > 0;
}
filter?.addEventListener("input", keepMatching);

const form = document.querySelector("[data-try]");
if (form) begin();

function begin() {
  const at = (name) => document.querySelector(`[data-${name}]`);
  const stop = at("stop");
  let running = null;

  /** The request as the form has it now. */
  function asked() {
    let path = form.dataset.path;
    const query = new URLSearchParams();
    const headers = {};
    for (const input of form.querySelectorAll("[data-place]")) {
      const { value, name } = input;
      if (input.dataset.place === "path") path = path.replace(new RegExp(`\\{${name}(:[^}]*)?\\}`), encodeURIComponent(value) || `{${name}}`);
      else if (value === "") continue;
      else if (input.dataset.place === "query") query.append(name, value);
      else headers[name] = value;
    }
    const body = at("body")?.value;
    const carries = Boolean(body?.trim());
    if (carries) headers["Content-Type"] = at("body-type").value;
    return { method: form.dataset.method, path: path + (query.size ? `?${query}` : ""), headers, body: carries ? body : undefined };
  }

  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  function showCurl() {
    const { method, path, headers, body } = asked();
    const lines = [`curl${method === "GET" ? "" : ` -X ${method}`} ${quoted(form.dataset.origin.replace(/\/$/, "") + path)}`];
    lines.push('-H "Authorization: Bearer $MONOKOTO_KEY"');
    for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
    if (body !== undefined) lines.push(`--data-binary ${quoted(body)}`);
    const text = lines.join(" \\\n  ");
    at("curl").textContent = text;
    at("copy-curl").dataset.copy = text;
  }
  form.addEventListener("input", showCurl);
  showCurl();

  stop.addEventListener("click", () => running?.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    running?.abort();
    running = new AbortController();
    const { method, path, headers, body } = asked();
    stop.hidden = false;
    const begun = performance.now();
    try {
      const answer = await send(path, { method, headers, body, signal: running.signal });
      at("answer").hidden = false;
      at("waiting").hidden = true;
      at("status").textContent = `${answer.status} ${answer.statusText}`;
      at("took").textContent = `${Math.round(performance.now() - begun)} ms`;
      at("headers").textContent = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      await showContent(answer);
    } catch (error) {
      if (at("answer").hidden) at("waiting").textContent = form.dataset.wordLost;
    } finally {
      stop.hidden = true;
    }
  });

  /** The body as it arrives; JSON in a readable shape. */
  async function showContent(answer) {
    const place = at("content");
    const json = /json$/.test((answer.headers.get("content-type") ?? "").split(";")[0]);
    place.textContent = "";
    let text = "";
    const decoder = new TextDecoder();
    for (const reader = answer.body?.getReader(); reader; ) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      if (!json) place.textContent = text.slice(0, SHOWN_MAX);
      if (text.length > SHOWN_MAX) {
        await reader.cancel();
        text = `${text.slice(0, SHOWN_MAX)}\n${form.dataset.wordCut}`;
        break;
      }
    }
    try {
      place.textContent = json ? JSON.stringify(JSON.parse(text), null, 2) : text;
    } catch {
      place.textContent = text;
    }
  }
}
