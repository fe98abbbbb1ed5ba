// From a range of time to what is drawn: which question the history is asked, and the shape of its answer. No DOM in here.

const WIDTHS = [
  [1, "1s"], [2, "2s"], [5, "5s"], [10, "10s"], [15, "15s"], [30, "30s"],
  [60, "1min"], [120, "2min"], [300, "5min"], [600, "10min"], [900, "15min"], [1800, "30min"],
  [3600, "1h"], [7200, "2h"], [10800, "3h"], [21600, "6h"], [43200, "12h"],
  [86400, "24h"], [2 * 86400, "48h"], [7 * 86400, "168h"], [28 * 86400, "672h"],
];
const READINGS_DRAWN_MAX = 4000; // of all series together; past it buckets are drawn
const GAP_FACTOR = 4; // a pause so many times as long as nine pauses in ten are shorter than is a gap
const GAP_SECONDS_MIN = 2;

// The narrowest bucket of which `columns` cover the span.
export function widthFor(span, columns) {
  return WIDTHS.find(([seconds]) => seconds * columns >= span) || WIDTHS[WIDTHS.length - 1];
}

export function isState(property) {
  return property.kind === "boolean" || property.kind === "string";
}

// How long a pause must be to count as a gap; Infinity when there is too little to tell.
export function gapAfter(at) {
  if (at.length < 3) return Infinity;
  const pauses = [];
  for (let index = 1; index < at.length; index += 1) pauses.push(at[index] - at[index - 1]);
  pauses.sort((a, b) => a - b);
  return Math.max(GAP_SECONDS_MIN, GAP_FACTOR * pauses[Math.floor(pauses.length * 0.9)]);
}

function query(path, from, to, more) {
  const parameters = new URLSearchParams();
  parameters.set("from", new Date(from * 1000).toISOString());
  parameters.set("to", new Date(to * 1000).toISOString());
  for (const [name, value] of more) parameters.append(name, value);
  return `${path}?${parameters}`;
}

async function fetchJson(url, signal) {
  const answer = await fetch(url, { signal, headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail || answer.statusText), { status: answer.status });
}

function instants(texts, shift = 0) {
  return texts.map((text) => Date.parse(text) / 1000 + shift);
}

async function readings(api, names, from, to, signal) {
  const asked = [...names.map((name) => ["property", name]), ["limit", READINGS_DRAWN_MAX]];
  const answer = await fetchJson(query(`${api}/history`, from, to, asked), signal);
  if (answer.next_cursor) return null; // too many to draw one by one
  return answer.series.map((one) => ({ name: one.property, width: 0, at: instants(one.at), value: one.value }));
}

async function buckets(api, names, from, to, width, signal) {
  const asked = [
    ...names.map((name) => ["property", name]),
    ...["avg", "min", "max", "count"].map((name) => ["aggregate", name]),
    ["width", width[1]],
  ];
  const answer = await fetchJson(query(`${api}/history`, from, to, asked), signal);
  return answer.series.map((one) => ({
    name: one.property, width: width[0], at: instants(one.at, width[0] / 2),
    value: one.avg, low: one.min, high: one.max, count: one.count,
  }));
}

async function numbers(api, names, from, to, columns, signal) {
  if (!names.length) return [];
  const width = widthFor(to - from, columns);
  if (width[0] <= 10) {
    const all = await readings(api, names, from, to, signal);
    if (all) return all;
  }
  const told = await buckets(api, names, from, to, width, signal);
  const total = told.reduce((sum, one) => sum + one.count.reduce((a, b) => a + b, 0), 0);
  const few = total <= READINGS_DRAWN_MAX && width[0] > 10;
  return (few && (await readings(api, names, from, to, signal))) || told;
}

// States change now and then: the first and last of each pixel column, and the one that held when the range began.
async function states(api, names, from, to, columns, signal) {
  if (!names.length) return [];
  const asked = [...names.map((name) => ["property", name]), ["method", "m4"], ["points", Math.max(3, columns)]];
  const before = names.map((name) =>
    fetchJson(
      query(`${api}/history`, from - (to - from), from, [["property", name], ["limit", 1], ["order", "newest"]]),
      signal,
    ),
  );
  const [answer, ...earlier] = await Promise.all([
    fetchJson(query(`${api}/history`, from, to, asked), signal),
    ...before,
  ]);
  return names.flatMap((name, index) => {
    const found = answer.series.find((one) => one.property === name);
    const held = earlier[index].series[0];
    const at = [...(held ? instants(held.at) : []), ...(found ? instants(found.at) : [])];
    const value = [...(held ? held.value : []), ...(found ? found.value : [])];
    return at.length ? [{ name, width: 0, at, value, state: true }] : [];
  });
}

// The series of these properties between two instants (seconds), few enough to draw on so many pixel columns.
export async function ask(api, properties, from, to, columns, signal) {
  const names = (wanted) => properties.filter((one) => isState(one) === wanted).map((one) => one.name);
  const parts = await Promise.all([
    numbers(api, names(false), from, to, columns, signal),
    states(api, names(true), from, to, columns, signal),
  ]);
  const series = new Map();
  for (const one of parts.flat()) series.set(one.name, { ...one, gap: gapAfter(one.at) });
  return series;
}

// A live value joins a series: as a point, or into the bucket it belongs to. Whether anything changed.
export function append(series, at, value) {
  const last = series.at.length - 1;
  if (series.width) {
    const middle = (Math.floor(at / series.width) + 0.5) * series.width;
    if (last >= 0 && middle < series.at[last]) return false;
    if (last < 0 || middle > series.at[last]) {
      series.at.push(middle);
      for (const list of [series.value, series.low, series.high]) list.push(value);
      series.count.push(1);
      return true;
    }
    const count = (series.count[last] += 1);
    series.value[last] += (value - series.value[last]) / count;
    series.low[last] = Math.min(series.low[last], value);
    series.high[last] = Math.max(series.high[last], value);
    return true;
  }
  if (last >= 0 && at <= series.at[last]) return false;
  series.at.push(at);
  series.value.push(value);
  if (series.gap === Infinity) series.gap = gapAfter(series.at);
  return true;
}

// What lies before an instant is dropped, but for the last of it: the line comes in from the left edge.
export function trim(series, from) {
  let count = 0;
  while (count + 1 < series.at.length && series.at[count + 1] < from) count += 1;
  if (!count) return;
  for (const name of ["at", "value", "low", "high", "count"]) series[name]?.splice(0, count);
}

// Columns for a line: nulls are put into gaps, so that the line breaks there.
export function columnsOf(series) {
  const columns = series.width ? ["value", "low", "high"] : ["value"];
  const at = [];
  const rows = columns.map(() => []);
  for (let index = 0; index < series.at.length; index += 1) {
    const moment = series.at[index];
    if (index && moment - series.at[index - 1] > series.gap) {
      at.push(series.at[index - 1] + series.gap / GAP_FACTOR);
      for (const row of rows) row.push(null);
    }
    at.push(moment);
    columns.forEach((name, place) => rows[place].push(numberOrNull(series[name][index])));
  }
  return [at, ...rows];
}

function numberOrNull(value) {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" ? value : null;
}

// Bands of a state: [from, to, value], equal neighbours as one, ended where the unit fell silent.
export function bandsOf(series, now) {
  const bands = [];
  for (let index = 0; index < series.at.length; index += 1) {
    const begin = series.at[index];
    const next = index + 1 < series.at.length ? series.at[index + 1] : Math.max(begin, now);
    const end = Math.min(next, begin + series.gap);
    const previous = bands[bands.length - 1];
    if (previous && previous[2] === series.value[index] && previous[1] >= begin) previous[1] = end;
    else bands.push([begin, end, series.value[index]]);
  }
  return bands;
}

// The index of what a series says at an instant; -1: nothing.
export function indexAt(series, moment) {
  const { at } = series;
  if (!at.length) return -1;
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle] <= moment) low = middle + 1;
    else high = middle;
  }
  if (series.state) return low && moment - at[low - 1] <= series.gap ? low - 1 : -1;
  const nearest = low === 0 ? 0 : low === at.length ? low - 1 : moment - at[low - 1] <= at[low] - moment ? low - 1 : low;
  return Math.abs(at[nearest] - moment) <= Math.max(series.gap / 2, series.width) ? nearest : -1;
}
