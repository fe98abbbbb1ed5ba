// Alerts, live: the stream says that something changed, and what shows alerts (`data-alert-list`) asks for itself anew. What is
// ticked and where the focus is stay. In the list: j and k move, x ticks, a acknowledges; only while the focus is in it.

const PAUSE_MS = 400; // a storm is one change of the page
const AGAIN_MS = [1000, 2000, 5000, 10000, 30000];
const REFRESH_MS = 60000; // what was missed comes by and by

let source = null;
let refusals = 0;
let due = null;
let ticked = new Set();
let focused = null;

const lists = () => document.querySelectorAll("[data-alert-list]");
const boxes = (root = document) => [...root.querySelectorAll("input[name='alert']")];

function refresh() {
  if (due || document.hidden) return;
  due = setTimeout(() => {
    due = null;
    for (const list of lists()) list.dispatchEvent(new CustomEvent("koto-alerts"));
    document.body.dispatchEvent(new CustomEvent("koto-counts"));
  }, PAUSE_MS);
}

function state(name) {
  for (const place of document.querySelectorAll("[data-alerts-connection]")) {
    place.textContent = place.dataset[name] ?? "";
    place.dataset.connectionText = name;
  }
}

function open() {
  if (!lists().length) return close();
  if (source && source.readyState !== EventSource.CLOSED) return;
  const opened = (source = new EventSource("/api/v1/alerts/stream"));
  opened.onopen = () => {
    refusals = 0;
    state("live");
  };
  opened.onerror = () => {
    state("lost");
    if (opened !== source || opened.readyState !== EventSource.CLOSED) return;
    setTimeout(open, AGAIN_MS[Math.min(refusals, AGAIN_MS.length - 1)]);
    refusals += 1;
  };
  const changed = (event) => {
    const only = [...lists()].map((list) => list.dataset.alertList).filter(Boolean);
    if (event.type === "alert" && only.length) {
      const alert = JSON.parse(event.data);
      if (!only.includes(alert.id) && !only.includes(alert.unit)) return;
    }
    refresh();
  };
  opened.addEventListener("alert", changed);
  opened.addEventListener("many", changed);
}

function close() {
  source?.close();
  source = null;
}

// Ticks.

function count() {
  const form = document.querySelector("[data-alert-form]");
  if (!form) return;
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked).length;
  const place = form.querySelector("[data-alert-count]");
  if (place) place.textContent = chosen ? `(${chosen})` : "";
  for (const button of form.querySelectorAll("button[name='do']")) button.disabled = chosen === 0;
  const every = form.querySelector("[data-alert-all]");
  if (!every) return;
  every.checked = chosen > 0 && chosen === all.length;
  every.indeterminate = chosen > 0 && chosen < all.length;
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-alert-all]")) for (const box of boxes(event.target.form)) box.checked = event.target.checked;
  count();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.target?.closest?.("[data-alert-list]")) return;
  const acted = event.detail.requestConfig?.verb === "post";
  ticked = new Set(acted ? [] : boxes().filter((box) => box.checked).map((box) => box.value));
  const row = document.activeElement?.closest?.("[data-alert]");
  focused = row ? { alert: row.dataset.alert, place: [...document.querySelectorAll("[data-alert]")].indexOf(row) } : focused;
});
document.addEventListener("htmx:afterSettle", () => {
  open(); // a tab that was swapped in may show alerts, or no longer
  for (const box of boxes()) if (ticked.has(box.value)) box.checked = true;
  count();
  if (!focused || (document.activeElement && document.activeElement !== document.body)) return;
  const rows = [...document.querySelectorAll("[data-alert]")];
  const row = rows.find((one) => one.dataset.alert === focused.alert) ?? rows[Math.min(focused.place, rows.length - 1)];
  focused = null;
  row?.querySelector("th a")?.focus();
});

// Keys.

function move(row, step) {
  const rows = [...document.querySelectorAll("[data-alert]")];
  const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(row) + step))];
  next?.querySelector("th a")?.focus();
}

function acknowledge(row) {
  const form = row.closest("form");
  const button = form?.querySelector("button[value='acknowledge']");
  if (!button) return;
  if (!boxes(form).some((box) => box.checked)) row.querySelector("input[name='alert']").checked = true;
  count();
  form.requestSubmit(button);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const row = event.target.closest?.("[data-alert]");
  if (!row || event.target.matches("select, textarea, input:not([type='checkbox'])")) return;
  const keys = {
    j: () => move(row, 1),
    k: () => move(row, -1),
    x: () => {
      const box = row.querySelector("input[name='alert']");
      if (box) box.checked = !box.checked;
      count();
    },
    a: () => acknowledge(row),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  open();
  refresh();
});
addEventListener("pagehide", close);
addEventListener("pageshow", (event) => event.persisted && open());
setInterval(refresh, REFRESH_MS);
count();
open();
