// <koto-chart>: the history of a unit's properties, live. The markup around it (range links, choice of properties, buttons,
// table) comes from the server; `data-config` says what to draw.
//
// Mouse: drag to look closer, Shift-drag to move, double-click to go back, wheel with Ctrl to zoom.
// Keys:  ← → move, + - zoom, Shift ← → crosshair, Backspace back, End to the present.

import { append, ask, trim } from "./chart-data.js";
import { Panel, panelsOf } from "./chart-panels.js";
import { askSpans, fillSpans, within } from "./chart-spans.js";
import { fillTable, summaryOf } from "./chart-table.js";
import { Format, fill, seconds } from "./format.js";

const SPANS = { hour: 3600, day: 86400, week: 7 * 86400, month: 30 * 86400 };
const SPAN_MIN = 1;
const SPAN_MAX = 20 * 365 * 86400;
const BACK_MAX = 50;
const SETTLE_MS = 150; // keys and wheel come in bursts: the history is asked when they pause
const REFRESH_MS = 60000; // live values come at most ten times a second: what was between them is fetched by and by
const STEP_MS = 1000;

class KotoChart extends HTMLElement {
  connectedCallback() {
    this.config = JSON.parse(this.dataset.config);
    this.format = new Format(this.config);
    this.past = [];
    this.panels = [];
    this.series = new Map();
    this.spans = this.config.spans ?? [];
    this.chosen = this.config.properties.filter((one) => this.config.chosen.includes(one.name));
    this.stopping = new AbortController();
    const { signal } = this.stopping;
    this.canvas = this.querySelector("[data-chart-panels]");
    this._range(this.config.range);
    this._listen(signal);
    this._start();
  }

  disconnectedCallback() {
    this.stopping.abort();
    this.asking?.abort();
    clearInterval(this.timer);
    clearTimeout(this.settling);
    this.resizing?.disconnect();
    this.panels.forEach((one) => one.destroy());
    this.panels = [];
    this.canvas?.replaceChildren();
  }

  get following() {
    return this.span !== null;
  }

  get view() {
    if (!this.following) return [this.from, this.to];
    const now = Date.now() / 1000;
    return [now - this.span, now];
  }

  _range(range) {
    this.span = SPANS[range.preset] ?? null;
    if (this.span === null) [this.from, this.to] = [seconds(range.from), seconds(range.to)];
  }

  async _start() {
    const { default: Plot } = await import("./vendor/uplot.js");
    if (this.stopping.signal.aborted) return;
    this.Plot = Plot;
    this._build();
    this.resizing = new ResizeObserver(() => this.panels.forEach((one) => one.resize()));
    this.resizing.observe(this.canvas);
    this.timer = setInterval(() => this._step(), STEP_MS);
    await this.load();
  }

  _build() {
    this.panels.forEach((one) => one.destroy());
    const events = {
      show: (from, to) => this.show(from, to),
      preview: (from, to) => this._draw(from, to),
      back: () => this.back(),
      spans: () => within(this.spans, ...(this.shown ?? this.view)),
      point: (moment) => this._point(moment),
    };
    const sync = `chart-${this.config.unit}`;
    const { Plot, format } = this;
    this.panels = panelsOf(this.chosen).map((panel, place, all) =>
      new Panel(Plot, { panel, format, sync, events, last: place === all.length - 1, lone: all.length === 1 }));
    this.canvas.replaceChildren(...this.panels.map((one) => one.element));
  }

  // Ask the history and draw; an answer that was overtaken is dropped.
  async load() {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const [from, to] = this.view;
    this.setAttribute("aria-busy", "true");
    this._say("loading");
    try {
      const columns = Math.min(1000, Math.max(100, Math.floor((this.canvas.clientWidth || 800) / 2)));
      const spans = this.config.alerts ? askSpans(this.config.alerts, to, asking.signal) : this.spans;
      this.series = this.chosen.length ? await ask(this.config.api, this.chosen, from, to, columns, asking.signal) : new Map();
      this.spans = await spans;
      this.asked = Date.now();
      this._say(!this.chosen.length ? "choose" : [...this.series.values()].some((one) => one.at.length) ? "" : "empty");
      this._draw(from, to);
      this._after();
    } catch (error) {
      if (error.name !== "AbortError") this._say("failed", error.message);
    } finally {
      if (this.asking === asking) this.removeAttribute("aria-busy");
    }
  }

  _draw(from, to) {
    this.shown = [from, to];
    this.panels.forEach((one) => one.draw(this.series, from, to));
  }

  // What follows from a new view: address, files to take away, summary, table.
  _after() {
    const [from, to] = this.view;
    const query = new URLSearchParams();
    for (const one of this.chosen) query.append("property", one.name);
    if (this.following) query.set("range", Object.keys(SPANS).find((name) => SPANS[name] === this.span));
    else for (const [name, moment] of [["from", from], ["to", to]]) query.set(name, new Date(moment * 1000).toISOString());
    const address = `${this.config.page}?${query}`;
    if (location.pathname === this.config.page) history.replaceState(history.state, "", address);
    for (const link of this.querySelectorAll("[data-export]")) link.href = this._file(link.dataset.export, from, to);
    for (const link of this.querySelectorAll("[data-range]")) {
      if (this.following && SPANS[link.dataset.range] === this.span) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    this.toggleAttribute("data-following", this.following);
    const summary = summaryOf(this.chosen, this.series, from, to, this.format, this.config.words);
    this.querySelector("[data-chart-summary]").textContent = summary;
    fillSpans(this.querySelector("[data-chart-spans]"), within(this.spans, from, to), this.format, this.config.words);
    this.dataset.spans = within(this.spans, from, to).length;
    this._table();
  }

  _table() {
    const table = this.querySelector("[data-chart-table]");
    if (table?.open) fillTable(table.querySelector("table"), this.chosen, this.series, this.format, this.config.words);
  }

  _file(format, from, to) {
    const query = new URLSearchParams({ unit: this.config.unit, format });
    for (const one of this.chosen) query.append("property", one.name);
    query.set("from", new Date(from * 1000).toISOString());
    query.set("to", new Date(to * 1000).toISOString());
    return `/api/v1/export?${query}`;
  }

  _say(state, detail = "") {
    const place = this.querySelector("[data-chart-state]");
    place.hidden = !state || state === "loading";
    place.textContent = state && state !== "loading" ? fill(this.config.words[state], { detail }) : "";
    this.dataset.state = state || "ready";
  }

  // Look at these instants; the way back is kept.
  show(from, to, { remember = true } = {}) {
    const span = Math.min(SPAN_MAX, Math.max(SPAN_MIN, to - from));
    const middle = (from + to) / 2;
    if (remember) this._remember();
    this.span = null;
    [this.from, this.to] = [middle - span / 2, middle + span / 2];
    this._draw(this.from, this.to);
    this._settle();
  }

  _remember() {
    this.past.push({ span: this.span, from: this.from, to: this.to });
    if (this.past.length > BACK_MAX) this.past.shift();
  }

  back() {
    const last = this.past.pop();
    if (!last) return;
    Object.assign(this, last);
    this._draw(...this.view);
    this._settle();
  }

  follow(span) {
    this._remember();
    this.span = span;
    this._draw(...this.view);
    this._settle();
  }

  zoom(factor, around = 0.5) {
    const [from, to] = this.view;
    const middle = from + (to - from) * around;
    this.show(middle - (middle - from) * factor, middle + (to - middle) * factor);
  }

  pan(share) {
    const [from, to] = this.view;
    const move = (to - from) * share;
    this.show(from + move, to + move);
  }

  _settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.load(), SETTLE_MS);
  }

  // Once a second a chart of the present moves on.
  _step() {
    if (!this.following || document.hidden || this.dataset.state === "failed") return;
    if (Date.now() - (this.asked || 0) > REFRESH_MS) this.load();
    else this._draw(...this.view);
  }

  _live(news) {
    if (!this.following || !this.asked) return;
    let changed = false;
    for (const property of this.chosen) {
      const told = news.properties[property.name];
      if (!told) continue;
      let series = this.series.get(property.name);
      if (!series) this.series.set(property.name, (series = { name: property.name, width: 0, at: [], value: [], gap: Infinity, state: property.kind === "boolean" || property.kind === "string" }));
      changed = append(series, seconds(told.at), told.value) || changed;
      trim(series, this.view[0]);
    }
    if (!changed) return;
    if (this.dataset.state === "empty") this._say("");
    this.dataset.points = Number(this.dataset.points || 0) + 1;
    this._draw(...this.view);
    this._table();
  }

  _point(moment) {
    this.moment = moment;
    this.panels.forEach((one) => one.point(moment));
    const place = this.querySelector("[data-chart-moment]");
    place.textContent = moment == null ? "" : this.format.instant(moment);
  }

  _listen(signal) {
    document.addEventListener("koto:reported", (event) => this._live(event.detail), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.panels.forEach((one) => one.repaint()), { signal });
    this.addEventListener("keydown", (event) => this._key(event), { signal });
    this.addEventListener("click", (event) => this._click(event), { signal });
    this.addEventListener("change", (event) => this._change(event), { signal });
    this.addEventListener("submit", (event) => this._custom(event), { signal });
    this.canvas.addEventListener("wheel", (event) => this._wheel(event), { signal, passive: false });
    this.querySelector("[data-chart-table]")?.addEventListener("toggle", () => this._table(), { signal });
  }

  _key(event) {
    if (event.target !== this.canvas || event.ctrlKey || event.altKey || event.metaKey) return;
    const keys = {
      ArrowLeft: () => (event.shiftKey ? this._walk(-1) : this.pan(-0.25)),
      ArrowRight: () => (event.shiftKey ? this._walk(1) : this.pan(0.25)),
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      Backspace: () => this.back(),
      Escape: () => this._walk(0),
      End: () => this.follow(this.span ?? nearestSpan(this.to - this.from)),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  // The crosshair by keys: a fiftieth of the width at a time; 0 takes it away.
  _walk(direction) {
    const [from, to] = this.shown;
    const step = (to - from) / 50;
    const moment = direction ? Math.min(to, Math.max(from, (this.moment ?? to) + direction * step)) : null;
    this.panels.forEach((one) => one.crosshair(moment));
    this._point(moment);
    const told = this.querySelector("[data-chart-said]");
    const values = this.panels.flatMap((one) => one.properties.map((it) => `${it.title}: ${one.outputs.get(it.name).textContent} ${it.unit}`));
    told.textContent = moment == null ? "" : `${this.format.instant(moment)}. ${values.join(", ")}`;
  }

  _wheel(event) {
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      event.preventDefault();
      this.pan((event.deltaX || event.deltaY) / 1500);
    } else if (event.ctrlKey) {
      event.preventDefault();
      const box = this.canvas.getBoundingClientRect();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
    }
  }

  _click(event) {
    const range = event.target.closest("[data-range]");
    if (range) {
      event.preventDefault();
      this.follow(SPANS[range.dataset.range]);
      return;
    }
    const actions = { in: () => this.zoom(0.5), out: () => this.zoom(2), left: () => this.pan(-0.25), right: () => this.pan(0.25), back: () => this.back() };
    const button = event.target.closest("[data-chart-do]");
    if (button) actions[button.dataset.chartDo]();
  }

  _change(event) {
    if (event.target.name !== "property") return;
    const wanted = [...this.querySelectorAll("input[name='property']:checked")].map((one) => one.value);
    if (wanted.length > this.config.chosen_max) {
      event.target.checked = false;
      this._say("many", String(this.config.chosen_max));
      return;
    }
    this.chosen = this.config.properties.filter((one) => wanted.includes(one.name));
    this._build();
    this.load();
  }

  _custom(event) {
    const form = event.target.closest("[data-chart-custom]");
    if (!form) return;
    event.preventDefault();
    const [from, to] = ["from", "to"].map((name) => zoned(form.elements[name].value, this.format.zone));
    if (from < to) this.show(from, to);
    else this._say("backward");
  }
}

function nearestSpan(span) {
  return Object.values(SPANS).find((one) => one >= span) ?? SPANS.month;
}

// `2026-01-31T12:00` on the clocks of a zone, in seconds: the guess by UTC is moved by what the zone's clock then shows.
export function zoned(text, zone) {
  const asked = Date.parse(`${text}Z`) / 1000;
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  const shown = (moment) => {
    const part = Object.fromEntries(clock.formatToParts(moment * 1000).map(({ type, value }) => [type, value]));
    return Date.parse(`${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}Z`) / 1000;
  };
  const guess = asked - (shown(asked) - asked);
  return guess - (shown(guess) - asked);
}

customElements.define("koto-chart", KotoChart);
