// Spans of time marked on a chart: alerts, from their beginning to their end, behind the curves and as a list below them.

import { fill } from "./format.js";

const ASKED_MAX = 200; // the last to begin
const SHOWN_MAX = 16; // in words; all are drawn
const TONES = { critical: "--bad", major: "--bad", minor: "--warn", warning: "--warn", info: "--accent" };

const seconds = (text) => Date.parse(text) / 1000;

// The alerts of a unit that began before an instant, as spans. A chart without them is better than none.
export async function askSpans(path, to, signal) {
  const query = new URLSearchParams({ to: new Date(to * 1000).toISOString(), limit: ASKED_MAX, sort: "-began_at" });
  const answer = await fetch(`${path}?${query}`, { signal, headers: { Accept: "application/json" }, credentials: "same-origin" }).catch((error) => {
    if (error.name === "AbortError") throw error;
    return null;
  });
  if (!answer?.ok) return [];
  const language = document.documentElement.lang;
  return (await answer.json()).items.map((one) => ({
    from: one.began_at, to: one.cleared_at, severity: one.severity_max, href: `/console/alerts/${one.id}`,
    label: one.title[language] ?? one.title[""] ?? one.title.en ?? Object.values(one.title)[0] ?? one.rule,
  }));
}

// Those that stood at some time between two instants.
export function within(spans, from, to) {
  return spans.filter((one) => seconds(one.from) < to && (one.to ? seconds(one.to) : Infinity) > from);
}

export function drawSpans(plot, spans) {
  if (!spans.length) return;
  const { ctx, bbox } = plot;
  const style = getComputedStyle(document.documentElement);
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const one of spans) {
    const left = plot.valToPos(seconds(one.from), "x", true);
    const right = plot.valToPos(one.to ? seconds(one.to) : Math.max(Date.now() / 1000, seconds(one.from)), "x", true);
    const width = Math.max(2 * ratio, right - left);
    ctx.fillStyle = style.getPropertyValue(TONES[one.severity] ?? "--accent").trim();
    ctx.globalAlpha = 0.13;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 0.9;
    ctx.fillRect(left, bbox.top, width, 3 * ratio);
    ctx.fillRect(left, bbox.top, ratio, bbox.height);
  }
  ctx.restore();
}

export function fillSpans(list, spans, format, words) {
  if (!list) return;
  list.replaceChildren(...spans.slice(0, SHOWN_MAX).map((one) => {
    const item = document.createElement("li");
    const name = document.createElement(one.href ? "a" : "span");
    if (one.href) name.href = one.href;
    name.textContent = one.label;
    name.className = `severity severity-${one.severity}`;
    const told = { from: format.instant(seconds(one.from)), to: one.to ? format.instant(seconds(one.to)) : "" };
    item.append(name, ` ${fill(one.to ? words.span : words.standing, told)}`);
    return item;
  }));
  list.hidden = !spans.length;
}
