// <koto-map src="/api/v1/fleet/map" world="…/world.json">: where units are, on the outlines of Natural Earth, without a tile server.
//
// The window is counted in degrees of longitude, in the Mercator projection (y grows southwards). What is in it is asked
// of the server, in cells about as wide as a mark: near units are one mark with their number.

const LATITUDE_MAX = 85;
const WIDTH_MIN = 0.02;
const MARK_PX = 26;
const CELLS = [6, 96];
const WAIT_MS = 200;
const SVG = "http://www.w3.org/2000/svg";
const { PI, log, tan, atan, exp, min, max, round, abs, log10 } = Math;

export const up = (latitude) => -(180 / PI) * log(tan(PI / 4 + (max(-LATITUDE_MAX, min(LATITUDE_MAX, latitude)) * PI) / 360));
export const down = (y) => (360 / PI) * (atan(exp((-y * PI) / 180)) - PI / 4);

class KotoMap extends HTMLElement {
  connectedCallback() {
    this.stopping = new AbortController();
    const { signal } = this.stopping;
    this.number = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 });
    this.whole = new Intl.NumberFormat(document.documentElement.lang);
    this._build();
    this._listen(signal);
    this._world(signal);
    this._first();
    new ResizeObserver(() => this._resized()).observe(this.svg);
    document.body.addEventListener("koto-refresh", () => this._ask(), { signal });
  }

  disconnectedCallback() {
    this.stopping.abort();
    clearTimeout(this.timer);
  }

  _build() {
    this.svg = element("svg", { class: "map", tabindex: "0", role: "group", "aria-label": this.dataset.label, preserveAspectRatio: "xMidYMid slice" });
    this.earth = element("g", {});
    this.marks = element("g", { class: "marks" });
    this.svg.append(this.earth, this.marks);
    this.status = document.createElement("p");
    this.status.className = "map-status";
    this.status.setAttribute("role", "status");
    this.prepend(this.svg);
    this.append(this.status);
    this.view = { x: 0, y: up(20), width: 360 };
  }

  async _world(signal) {
    const answer = await fetch(this.getAttribute("world"), { signal }).catch(() => null);
    if (!answer?.ok || !window.topojson) return; // the marks alone still say where
    const world = await answer.json();
    const { land, countries } = world.objects;
    const lines = { land: outline(window.topojson.mesh(world, land)) };
    lines.borders = outline(window.topojson.mesh(world, countries, (one, other) => one !== other));
    for (const [name, d] of Object.entries(lines)) {
      for (const turn of [-360, 0, 360]) this.earth.append(element("path", { class: name, d, transform: `translate(${turn} 0)` }));
    }
  }

  _listen(signal) {
    this.addEventListener("click", (event) => {
      const tool = event.target.closest("[data-map]")?.dataset.map;
      if (tool === "in") this._zoom(0.5);
      if (tool === "out") this._zoom(2);
      if (tool === "all") this._all();
    });
    this.svg.addEventListener("keydown", (event) => this._key(event));
    this.svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.svg) return; // the page scrolls on
      event.preventDefault();
      this._zoom(event.deltaY > 0 ? 1.25 : 0.8, event);
    }, { passive: false });
    this.svg.addEventListener("dblclick", (event) => {
      event.preventDefault();
      this._zoom(0.5, event);
    });
    this.svg.addEventListener("click", (event) => this._mark(event));
    this.svg.addEventListener("pointerdown", (event) => this._drag(event, signal));
  }

  _key(event) {
    const step = this.view.width / 6;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) this._move(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") this._zoom(0.5);
    else if (event.key === "-") this._zoom(2);
    else if (event.key === "0") this._all();
    else return;
    event.preventDefault();
  }

  _drag(event, signal) {
    if (event.button !== 0 || event.pointerType === "touch") return; // a finger scrolls the page
    const start = { ...this.view };
    const scale = this.view.width / this.svg.clientWidth;
    const stop = new AbortController();
    this.dragged = false;
    const until = { signal: AbortSignal.any([stop.signal, signal]) };
    addEventListener("pointermove", (move) => {
      const [x, y] = [move.clientX - event.clientX, move.clientY - event.clientY];
      if (abs(x) + abs(y) > 4) this.dragged = true;
      if (this.dragged) this._look({ ...start, x: start.x - x * scale, y: start.y - y * scale });
    }, until);
    addEventListener("pointerup", () => stop.abort(), until);
    event.preventDefault();
    this.svg.focus({ preventScroll: true });
  }

  // A mark of many units comes nearer until they part; those at one spot are shown as a list.
  _mark(event) {
    const mark = event.target.closest("a.mark");
    if (this.dragged) event.preventDefault();
    if (!mark || this.dragged || event.ctrlKey || event.metaKey || !mark.dataset.box) return;
    const [south, west, north, east] = mark.dataset.box.split(",").map(Number);
    if (max(east - west, up(south) - up(north)) < WIDTH_MIN / 4) return;
    event.preventDefault();
    this._fit(south, west, north, east);
  }

  _move(x, y) {
    this._look({ ...this.view, x: this.view.x + x, y: this.view.y + y });
  }

  _zoom(factor, at) {
    const { x, y, width } = this.view;
    const wide = max(WIDTH_MIN, min(360, width * factor));
    const scale = width / this.svg.clientWidth;
    const frame = this.svg.getBoundingClientRect();
    const [offX, offY] = at ? [at.clientX - frame.x - frame.width / 2, at.clientY - frame.y - frame.height / 2] : [0, 0];
    const grown = (1 - wide / width) * scale;
    this._look({ x: x + offX * grown, y: y + offY * grown, width: wide });
  }

  _fit(south, west, north, east) {
    const aspect = this.svg.clientWidth / max(1, this.svg.clientHeight);
    const width = max(east - west, (up(south) - up(north)) * aspect) * 1.35;
    this._look({ x: (west + east) / 2, y: (up(south) + up(north)) / 2, width: max(WIDTH_MIN, min(360, width)) });
  }

  async _first() {
    const found = await this._fetch({ cells: 48 });
    if (!found) return this._look(this.view);
    this.extent = extent(found.clusters);
    this._all();
  }

  _all() {
    if (this.extent) this._fit(...this.extent);
    else this._look({ x: 0, y: up(20), width: 360 });
  }

  _resized() {
    if (this.svg.clientWidth) this._look(this.view);
  }

  get _height() {
    return (this.view.width * this.svg.clientHeight) / max(1, this.svg.clientWidth);
  }

  // Show this part of the earth; at its edges the window stops.
  _look({ x, y, width }) {
    this.view.width = width;
    const height = this._height;
    const edge = abs(up(LATITUDE_MAX));
    this.view.x = width >= 360 ? 0 : max(-180 + width / 2, min(180 - width / 2, x));
    this.view.y = height >= 2 * edge ? 0 : max(-edge + height / 2, min(edge - height / 2, y));
    this.svg.setAttribute("viewBox", [this.view.x - width / 2, this.view.y - height / 2, width, height].join(" "));
    this._draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this._ask(), WAIT_MS);
  }

  async _ask() {
    const { x, y, width } = this.view;
    const half = this._height / 2;
    const edges = [down(y + half), x - width / 2, down(y - half), x + width / 2];
    const box = [max(-90, edges[0]), max(-180, edges[1]), min(90, edges[2]), min(180, edges[3])];
    const cells = round(max(CELLS[0], min(CELLS[1], this.svg.clientWidth / MARK_PX / 1.4)));
    const found = await this._fetch({ cells, box: box.map((one) => one.toFixed(5)).join(",") });
    if (!found) return;
    this.found = found;
    this._draw();
    this._say(fill(this.dataset.status, { units: this.whole.format(found.units), places: this.whole.format(found.clusters.length) }));
  }

  // The latest question counts: an answer that was overtaken is dropped.
  async _fetch(query) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    try {
      const answer = await fetch(`${this.getAttribute("src")}?${new URLSearchParams(query)}`, { credentials: "same-origin", signal: this.stopping.signal });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(answer.statusText);
      const found = await answer.json();
      return turn === this.turn ? found : null;
    } catch (error) {
      if (error.name !== "AbortError") this._say(this.dataset.failed);
      return null;
    }
  }

  _say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  _draw() {
    const scale = this.view.width / max(1, this.svg.clientWidth);
    const focused = document.activeElement?.dataset?.box;
    this.marks.replaceChildren(...(this.found?.clusters ?? []).toReversed().map((one) => this._markOf(one, scale)));
    if (focused) this.marks.querySelector(`[data-box="${CSS.escape(focused)}"]`)?.focus();
    this.dataset.marks = this.marks.childElementCount;
  }

  _markOf(one, scale) {
    const alone = one.unit !== null;
    const radius = (alone ? 6 : 9 + 3 * log10(one.units)) * scale;
    const words = fill(alone ? this.dataset.alone : this.dataset.cluster, { units: this.whole.format(one.units), online: this.whole.format(one.online), serial: one.serial ?? "" });
    const state = one.online === 0 ? "off" : one.online === one.units ? "on" : "some";
    const href = alone ? `/console/units/${one.unit}` : `/console/units?box=${encodeURIComponent(one.box)}`;
    // The list beside the map has the same for the keyboard; hundreds of stops would be none's help.
    const mark = element("a", { class: `mark ${state}`, href, tabindex: "-1" });
    if (!alone) mark.dataset.box = one.box;
    const [x, y] = [one.longitude, up(one.latitude)];
    const title = element("title", {});
    title.textContent = words;
    mark.append(title, element("circle", { cx: x, cy: y, r: radius }));
    if (!alone) {
      const text = element("text", { x, y, "font-size": 11 * scale, "text-anchor": "middle", dy: "0.35em" });
      text.textContent = this.number.format(one.units);
      mark.append(text);
    }
    return mark;
  }
}

function extent(clusters) {
  if (!clusters.length) return null;
  const boxes = clusters.map((one) => one.box.split(",").map(Number));
  const pick = (place, best) => best(...boxes.map((box) => box[place]));
  return [pick(0, min), pick(1, min), pick(2, max), pick(3, max)];
}

// Lines as one path; filled, each closes by itself. A line over the 180th meridian goes on past it, which keeps it whole;
// that the other side has it too, everything is drawn a turn to the west and to the east as well.
function outline(mesh) {
  return mesh.coordinates.map(piece).join("");
}

function piece(line) {
  let [turn, before] = [0, line[0][0]];
  return line
    .map(([longitude, latitude], place) => {
      if (abs(longitude - before) > 180) turn += longitude < before ? 360 : -360;
      before = longitude;
      return `${place ? "L" : "M"}${(longitude + turn).toFixed(2)} ${up(latitude).toFixed(2)}`;
    })
    .join("");
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

customElements.define("koto-map", KotoMap);
