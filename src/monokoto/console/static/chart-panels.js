// The drawn part of a chart: a panel for each unit of measure and one for each state, one below the other on the same time.

import { drawSpans } from "./chart-spans.js";
import { bandsOf, columnsOf, indexAt, isState } from "./chart-data.js";

const LINE_HEIGHT = 180; // without the time axis, which the lowest panel alone has
const LONE_HEIGHT = 300; // a line that has the chart to itself
const BAND_HEIGHT = 32;
const TIME_AXIS_HEIGHT = 44;
const AXIS_WIDTH = 58;
const COLOURS = 8;

// Properties that share a unit of measure share a panel; each state has its own.
export function panelsOf(properties) {
  const panels = [];
  properties.forEach((property, index) => {
    const coloured = { ...property, colour: (index % COLOURS) + 1 };
    const mate = panels.find((one) => !one.state && !isState(property) && one.unit === property.unit);
    if (mate) mate.properties.push(coloured);
    else panels.push({ unit: property.unit, state: isState(property), properties: [coloured] });
  });
  return panels;
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    series: Array.from({ length: COLOURS }, (_, index) => read(`--chart-${index + 1}`, "#3b6fd4")),
    text: read("--chart-text", "#555"),
    strong: read("--text", "#111"),
    grid: read("--chart-grid", "#ddd"),
    family: getComputedStyle(document.body).fontFamily,
  };
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export class Panel {
  constructor(Plot, { panel, format, sync, events, last, lone }) {
    this.Plot = Plot;
    this.properties = panel.properties;
    this.state = panel.state;
    this.format = format;
    this.sync = sync;
    this.last = last;
    this.lone = lone;
    this.events = events;
    this.series = new Map();
    this.element = element("section", `chart-panel${panel.state ? " chart-panel-state" : ""}${last ? " chart-panel-last" : ""}${lone ? " chart-panel-lone" : ""}`);
    this.element.append(this._legend(), (this.holder = element("div", "chart-plot")));
    this.holder.setAttribute("aria-hidden", "true"); // the chart's summary and table say the same
  }

  _legend() {
    const list = element("ul", "chart-legend");
    this.outputs = new Map();
    for (const property of this.properties) {
      const item = element("li", "chart-legend-item");
      if (!this.state) item.append(element("span", `swatch swatch-${property.colour}`));
      item.append(element("span", "chart-legend-name", property.title));
      const output = element("span", "chart-legend-value", "–");
      item.append(output);
      if (property.unit) item.append(element("span", "measure", property.unit));
      this.outputs.set(property.name, output);
      list.append(item);
    }
    return list;
  }

  get height() {
    const inner = this.state ? BAND_HEIGHT : this.lone ? LONE_HEIGHT : LINE_HEIGHT;
    return inner + (this.last ? TIME_AXIS_HEIGHT : 0);
  }

  // Draw these series between two instants; made anew when what they are made of changed.
  draw(series, from, to) {
    const shape = this.properties.map((one) => `${one.name}:${series.get(one.name)?.width ? "b" : "r"}`).join();
    this.series = series;
    this.from = from;
    this.to = to;
    if (this.plot && shape === this.shape) {
      this.plot.setData(this._data(), false);
      this.plot.setScale("x", { min: from, max: to });
    } else {
      this.shape = shape;
      this.plot?.destroy();
      this.plot = new this.Plot(this._options(), this._data(), this.holder);
    }
    this.point(this.moment);
  }

  _data() {
    if (this.state) return [[this.from, this.to], [0, 0]];
    const tables = this.properties.map((one) => columnsOf(this.series.get(one.name) || { at: [], value: [], gap: Infinity }));
    const modes = tables.map((table) => table.map(() => 1));
    return tables.length === 1 ? tables[0] : this.Plot.join(tables, modes);
  }

  _options() {
    const colours = theme();
    this.colours = colours;
    return {
      width: Math.max(200, this.holder.clientWidth || this.element.clientWidth),
      height: this.height,
      tzDate: (moment) => this.Plot.tzDate(new Date(moment * 1000), this.format.zone),
      padding: [this.state ? 2 : 8, 26, this.last ? 0 : this.state ? 2 : 8, 0],
      legend: { show: false },
      cursor: {
        sync: { key: this.sync },
        drag: { x: true, y: false, setScale: false },
        points: { show: !this.state, size: 7 },
        bind: { dblclick: () => () => this.events.back(), mousedown: (plot, _target, handler) => (event) => this._down(plot, event, handler) },
        y: false,
      },
      scales: { x: { time: true, range: () => [this.from, this.to] }, y: this.state ? { range: [0, 1] } : {} },
      axes: [this._timeAxis(colours), this._valueAxis(colours)],
      ...this._lines(colours),
      hooks: {
        setSelect: [(plot) => this._selected(plot)],
        setCursor: [(plot) => plot.cursor.event && this.events.point(plot.cursor.left < 0 ? null : plot.posToVal(plot.cursor.left, "x"))],
        drawClear: [(plot) => drawSpans(plot, this.events.spans?.() ?? []), ...(this.state ? [(plot) => this._drawBands(plot)] : [])],
      },
    };
  }

  // A drag selects a time to look at; with Shift, or of the middle button, it moves the time.
  _down(plot, event, handler) {
    if (!event.shiftKey && event.button !== 1) return handler(event);
    event.preventDefault();
    const start = event.clientX;
    const { from, to } = this;
    const perPixel = (to - from) / plot.over.clientWidth;
    const move = (moved) => this.events.preview(from - (moved.clientX - start) * perPixel, to - (moved.clientX - start) * perPixel);
    const up = (ended) => {
      document.removeEventListener("mousemove", move);
      document.removeEventListener("mouseup", up);
      this.events.show(from - (ended.clientX - start) * perPixel, to - (ended.clientX - start) * perPixel);
    };
    document.addEventListener("mousemove", move);
    document.addEventListener("mouseup", up);
    return null;
  }

  _selected(plot) {
    const { left, width } = plot.select;
    if (width < 4) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.events.show(from, to);
  }

  _timeAxis(colours) {
    const { last } = this;
    return {
      stroke: colours.text, font: `12px ${colours.family}`, space: 76, size: last ? TIME_AXIS_HEIGHT : 0,
      grid: { show: !this.state, stroke: colours.grid, width: 1 }, ticks: { show: last, stroke: colours.grid, width: 1, size: 5 },
      values: (_plot, splits, _axis, _space, step) => (last ? this._ticks(splits, step) : splits.map(() => null)),
    };
  }

  // The day is said where it begins; the first tick always says it, so that no chart is without a date.
  _ticks(splits, step) {
    let told = "";
    return splits.map((moment) => {
      const text = this.format.tick(moment, step);
      const day = this.format.day(moment);
      if (step >= 86400 || day === told) return text;
      told = day;
      return `${text}\n${day}`;
    });
  }

  _valueAxis(colours) {
    return {
      size: AXIS_WIDTH, stroke: colours.text, font: `12px ${colours.family}`,
      grid: { show: !this.state, stroke: colours.grid, width: 1 }, ticks: { show: false },
      values: (_plot, splits) => (this.state ? splits.map(() => "") : splits.map((value) => this.format.number(value))),
    };
  }

  // A line for each property; of buckets also the band between least and greatest.
  _lines(colours) {
    if (this.state) return { series: [{}, { show: false }] };
    const series = [{}];
    const bands = [];
    for (const property of this.properties) {
      const colour = colours.series[property.colour - 1];
      const held = this.series.get(property.name);
      const few = held && !held.width && held.at.length < 120;
      series.push({ label: property.title, stroke: colour, width: 1.75, points: { show: few ? true : undefined, size: 4, fill: colour } });
      if (!held?.width) continue;
      const place = series.length;
      for (let edge = 0; edge < 2; edge += 1) series.push({ stroke: "transparent", width: 0, points: { show: false } });
      bands.push({ series: [place + 1, place], fill: `${colour}33` });
    }
    return { series, bands };
  }

  _drawBands(plot) {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    const series = this.series.get(this.properties[0].name);
    if (!series) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const [from, to, value] of bandsOf(series, Math.min(this.to, Date.now() / 1000))) {
      const left = plot.valToPos(from, "x", true);
      const width = Math.max(ratio, plot.valToPos(to, "x", true) - left);
      this._drawBand(ctx, value, left, bbox, width, ratio);
    }
    ctx.restore();
  }

  _drawBand(ctx, value, left, { top, height, left: edge }, width, ratio) {
    const colour = this.colours.series[this._place(value) % COLOURS];
    ctx.globalAlpha = value === false ? 0.14 : 0.45;
    ctx.fillStyle = colour;
    ctx.fillRect(left, top, width, height);
    ctx.globalAlpha = 1;
    const text = this.format.value(value);
    ctx.font = `${12 * ratio}px ${this.colours.family}`;
    const visible = Math.max(left, edge);
    if (ctx.measureText(text).width + 10 * ratio > width - (visible - left)) return;
    ctx.fillStyle = this.colours.strong;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    ctx.fillText(text, visible + 5 * ratio, top + height / 2);
  }

  // The colour of a state: its place among those the model lists, else among those seen.
  _place(value) {
    const property = this.properties[0];
    if (typeof value === "boolean") return property.colour - 1;
    if (!property.states.includes(value)) property.states.push(value);
    return property.states.indexOf(value);
  }

  // What the legend says: the values at an instant, or the last ones.
  point(moment) {
    this.moment = moment;
    for (const property of this.properties) {
      const series = this.series.get(property.name);
      const place = !series ? -1 : moment == null ? series.at.length - 1 : indexAt(series, moment);
      this.outputs.get(property.name).textContent = place < 0 ? "–" : this._told(series, place);
    }
  }

  _told(series, place) {
    const value = this.format.value(series.value[place]);
    if (!series.width || series.low[place] === series.high[place]) return value;
    return `${this.format.mean(series.value[place])} (${this.format.value(series.low[place])} – ${this.format.value(series.high[place])})`;
  }

  // Move the crosshair, as with the mouse.
  crosshair(moment) {
    if (!this.plot) return;
    const left = moment == null ? -10 : this.plot.valToPos(moment, "x");
    this.plot.setCursor({ left, top: this.plot.over.clientHeight / 2 }, false);
  }

  resize() {
    const width = Math.max(200, this.element.clientWidth);
    if (this.plot && width !== this.plot.width) this.plot.setSize({ width, height: this.height });
  }

  // Colours are read when a plot is made.
  repaint() {
    this.shape = "";
    if (this.plot) this.draw(this.series, this.from, this.to);
  }

  destroy() {
    this.plot?.destroy();
    this.element.remove();
  }
}
