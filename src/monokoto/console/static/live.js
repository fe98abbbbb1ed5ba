// <koto-live src="…/twin/stream">: keeps what is inside current by server-sent events, and tells the document of every change
// (`koto:reported`, `koto:desired`), so that a chart swapped in later hears of it too.
//
// The browser comes back by itself with Last-Event-ID after a lost connection; after a refusal we come back, ever more slowly.

import { Format, seconds } from "./format.js";

const AGAIN_MS = [1000, 2000, 5000, 10000, 30000];
const HIDDEN_MS = 30000; // a page nobody looks at gives its connection back
const AGE_MS = 1000;

class KotoLive extends HTMLElement {
  connectedCallback() {
    this.format = new Format({
      locale: document.documentElement.lang,
      zone: this.dataset.zone,
      words: { yes: this.dataset.yes, no: this.dataset.no },
    });
    this.refusals = 0;
    this.stopping = new AbortController();
    const { signal } = this.stopping;
    document.addEventListener("visibilitychange", () => this._visibility(), { signal });
    addEventListener("pagehide", () => this._close(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this._open(), { signal });
    addEventListener("online", () => this._open(), { signal });
    document.addEventListener("htmx:afterSwap", () => this._again(), { signal });
    this.ages = setInterval(() => this._ages(), AGE_MS);
    this._open();
    this._ages();
  }

  disconnectedCallback() {
    this.stopping.abort();
    clearInterval(this.ages);
    clearTimeout(this.retry);
    clearTimeout(this.hiding);
    this._close();
  }

  _open() {
    clearTimeout(this.retry);
    if (this.source && this.source.readyState !== EventSource.CLOSED) return;
    const source = (this.source = new EventSource(this.getAttribute("src")));
    source.onopen = () => {
      this.refusals = 0;
      this._state("live");
    };
    source.onerror = () => this._lost(source);
    source.addEventListener("twin", (event) => this._twin(JSON.parse(event.data)));
    source.addEventListener("reported", (event) => this._reported(JSON.parse(event.data)));
    source.addEventListener("desired", (event) => this._desired(JSON.parse(event.data)));
  }

  _close() {
    this.source?.close();
    this.source = null;
  }

  _lost(source) {
    if (source !== this.source) return;
    this._state("lost");
    if (source.readyState !== EventSource.CLOSED) return; // the browser is at it
    this._refused();
  }

  // The stream was refused, not lost: nobody is signed in any more, or the present of this unit is not open to them.
  async _refused() {
    const { status } = await fetch(this.getAttribute("src"), { method: "HEAD", credentials: "same-origin" }).catch(() => ({ status: 0 }));
    if (this.stopping.signal.aborted) return;
    if (status === 401) return location.reload();
    if (status === 403 || status === 404) return this._state("closed");
    const wait = AGAIN_MS[Math.min(this.refusals, AGAIN_MS.length - 1)];
    this.refusals += 1;
    this.retry = setTimeout(() => this._open(), wait);
  }

  _visibility() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => {
        this._close();
        this._state("paused");
      }, HIDDEN_MS);
    } else this._open();
  }

  _state(state) {
    this.dataset.connection = state;
    for (const place of document.querySelectorAll("[data-connection-text]")) {
      const text = place.dataset[state] ?? "";
      if (place.textContent !== text) place.textContent = text;
      place.dataset.connectionText = state;
    }
  }

  // The whole state, when a connection begins.
  _twin(twin) {
    this.latest = {};
    this._reported({ unit: twin.unit, properties: twin.reported.properties });
    this._desired({ unit: twin.unit, ...twin.desired });
  }

  // What is desired, and whether the unit is there yet.
  _desired(news) {
    this.wishes = news.properties;
    for (const place of this.querySelectorAll("[data-desired]")) {
      const wish = this.wishes[place.dataset.desired];
      place.textContent = wish === undefined ? "–" : this.format.value(wish);
    }
    this._drift();
    this._tell("desired", news);
  }

  _drift() {
    for (const place of this.querySelectorAll("[data-drift]")) {
      const name = place.dataset.drift;
      const wish = this.wishes?.[name];
      const same = wish !== undefined && name in (this.latest ?? {}) && alike(wish, this.latest[name].value);
      place.querySelector("[data-when='drift']").hidden = wish === undefined || same;
      place.querySelector("[data-when='same']").hidden = !same;
    }
  }

  _reported(news) {
    Object.assign((this.latest ??= {}), news.properties);
    for (const [name, told] of Object.entries(news.properties)) this._show(name, told);
    this._ages();
    this._drift();
    this._tell("reported", news);
  }

  _tell(kind, detail) {
    document.dispatchEvent(new CustomEvent(`koto:${kind}`, { detail }));
  }

  // A tab swapped in was rendered a moment ago; what came since is put in.
  _again() {
    for (const [name, told] of Object.entries(this.latest ?? {})) this._show(name, told, false);
    this._ages();
    if (this.wishes) this._drift();
  }

  _show(name, told, mark = true) {
    const at = seconds(told.at);
    for (const place of this.querySelectorAll(`[data-value="${CSS.escape(name)}"]`)) {
      if (Number(place.dataset.at || 0) > at) continue;
      const text = this.format.value(told.value);
      const changed = place.textContent !== text;
      place.dataset.at = at;
      if (changed) place.textContent = text;
      if (changed && mark) this._flash(place.closest("[data-live-row]") ?? place);
    }
    for (const place of this.querySelectorAll(`[data-measure="${CSS.escape(name)}"]`)) place.hidden = false;
    for (const place of this.querySelectorAll(`[data-time="${CSS.escape(name)}"]`)) {
      place.dataset.at = at;
      place.dateTime = told.at;
      place.title = this.format.instant(at);
    }
  }

  _flash(row) {
    row.classList.remove("just-changed");
    requestAnimationFrame(() => row.classList.add("just-changed"));
  }

  // How old each value is, counted on; the words change only when they do.
  _ages() {
    if (document.hidden) return;
    const now = Date.now() / 1000;
    for (const place of this.querySelectorAll("[data-time]")) {
      if (!place.dataset.at) continue;
      const age = now - Number(place.dataset.at);
      const text = this.format.ago(age);
      if (place.textContent !== text) place.textContent = text;
      place.dataset.age = age < 120 ? "fresh" : age < 3600 ? "recent" : "old";
    }
  }
}

// Whether two JSON values say the same, whatever the order of an object's members.
function alike(one, other) {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => key in other && alike(one[key], other[key]));
}

customElements.define("koto-live", KotoLive);
