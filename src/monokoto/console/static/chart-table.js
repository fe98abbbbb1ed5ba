// The same as a chart, for whoever cannot see it: a sentence, and a table.

import { indexAt } from "./chart-data.js";
import { fill } from "./format.js";

const ROWS_MAX = 200;

// One sentence a property: how many values, the least, the greatest, the last.
export function summaryOf(properties, series, from, to, format, words) {
  const head = fill(words.summary, { from: format.instant(from), to: format.instant(to) });
  const told = properties.map((property) => {
    const one = series.get(property.name);
    if (!one?.at.length) return fill(words.nothing, { title: property.title });
    const last = one.width ? format.mean(one.value.at(-1)) : format.value(one.value.at(-1));
    if (one.state || property.kind === "boolean") return fill(words.state, { title: property.title, last });
    const numbers = (list) => list.filter((value) => typeof value === "number");
    const least = Math.min(...numbers(one.low || one.value));
    const greatest = Math.max(...numbers(one.high || one.value));
    return fill(words.numbers, {
      title: property.title, unit: property.unit, last, least: format.number(least), greatest: format.number(greatest),
    });
  });
  return [head, ...told].join(" ");
}

// Rows by time, newest first; of many, evenly chosen ones.
export function fillTable(table, properties, series, format, words) {
  const moments = [...new Set([...series.values()].flatMap((one) => one.at))].sort((a, b) => b - a);
  const step = Math.max(1, Math.ceil(moments.length / ROWS_MAX));
  const head = row("th", [words.time, ...properties.map((one) => (one.unit ? `${one.title} (${one.unit})` : one.title))]);
  for (const cell of head.children) cell.scope = "col";
  const rows = moments.filter((_, index) => index % step === 0).map((moment) => {
    const values = properties.map((property) => {
      const one = series.get(property.name);
      const place = one ? indexAt(one, moment) : -1;
      return place < 0 ? "" : told(one, place, format);
    });
    return row("td", [format.instant(moment), ...values]);
  });
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...rows);
}

function told(series, place, format) {
  const value = series.value[place];
  if (!series.width) return format.value(value);
  return `${format.mean(value)} (${format.value(series.low[place])} – ${format.value(series.high[place])})`;
}

function row(cell, texts) {
  const made = document.createElement("tr");
  for (const text of texts) {
    const one = document.createElement(cell);
    one.textContent = text;
    made.append(one);
  }
  return made;
}
