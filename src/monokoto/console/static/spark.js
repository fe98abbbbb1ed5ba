// <koto-sparklines>: the last hour of each value as a small line beside it, fetched in one question and carried on live.

import { seconds } from "./format.js";

const SPAN = 3600;
const WIDTH = 120;
const HEIGHT = 28;
const BUCKET = 60;

class KotoSparklines extends HTMLElement {
  connectedCallback() {
    this.lines = new Map();
    this.stopping = new AbortController();
    const { signal } = this.stopping;
    document.addEventListener("koto:reported", (event) => this._live(event.detail), { signal });
    this.timer = setInterval(() => !document.hidden && this._draw(), 10000);
    this._load(signal);
  }

  disconnectedCallback() {
    this.stopping.abort();
    clearInterval(this.timer);
  }

  async _load(signal) {
    const names = [...this.querySelectorAll("[data-spark]")].map((one) => one.dataset.spark);
    if (!names.length) return;
    const query = new URLSearchParams({ from: "-1h", width: "1min", aggregate: "avg" });
    for (const name of names) query.append("property", name);
    try {
      const answer = await fetch(`${this.getAttribute("api")}/history?${query}`, { signal, credentials: "same-origin" });
      if (!answer.ok) return; // a small line is no reason for an alarm
      for (const one of (await answer.json()).series) {
        const points = one.at.map((text, index) => [Date.parse(text) / 1000 + BUCKET / 2, Number(one.avg[index])]);
        this.lines.set(one.property, points.filter(([, value]) => Number.isFinite(value)));
      }
      this._draw();
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  _live(news) {
    for (const [name, told] of Object.entries(news.properties)) {
      const value = Number(told.value);
      if (!Number.isFinite(value) || typeof told.value === "string") continue;
      const points = this.lines.get(name) ?? [];
      const at = seconds(told.at);
      if (!points.length || at > points[points.length - 1][0]) points.push([at, value]);
      if (points.length > 600) points.splice(0, points.length - 600);
      this.lines.set(name, points);
    }
    this._draw();
  }

  _draw() {
    const now = Date.now() / 1000;
    for (const place of this.querySelectorAll("[data-spark]")) {
      const points = (this.lines.get(place.dataset.spark) ?? []).filter(([at]) => at > now - SPAN);
      place.querySelector("path").setAttribute("d", path(points, now));
    }
  }
}

// A path over the last hour; pauses over five minutes are left open.
export function path(points, now) {
  if (!points.length) return "";
  const values = points.map(([, value]) => value);
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const high = greatest - least;
  const x = (at) => (((at - now + SPAN) / SPAN) * WIDTH).toFixed(1);
  const y = (value) => (high ? HEIGHT - 3 - ((value - least) / high) * (HEIGHT - 6) : HEIGHT / 2).toFixed(1);
  return points
    .map(([at, value], index) => `${index && at - points[index - 1][0] < 300 ? "L" : "M"}${x(at)} ${y(value)}`)
    .join("");
}

customElements.define("koto-sparklines", KotoSparklines);
