// Numbers, instants and values as the server writes them: in the person's language and time zone.
// The rules are those of console/formats.py; what a page shows first and what a live value replaces it with must look alike.

const DIGITS = 6;
const MEAN_DIGITS = 4; // what a mean says beyond that is noise
const TEXT_LENGTH_MAX = 200;
const AGES = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [86400, 3600, "hour"],
  [Infinity, 86400, "day"],
];

export class Format {
  constructor({ locale, zone, words }) {
    const language = (locale || "en").replace("_", "-");
    this.words = words || {};
    this.zone = zone || "UTC";
    this._number = new Intl.NumberFormat(language, { maximumFractionDigits: DIGITS });
    this._tiny = new Intl.NumberFormat(language, { notation: "scientific", maximumFractionDigits: DIGITS });
    this._mean = new Intl.NumberFormat(language, { maximumSignificantDigits: MEAN_DIGITS });
    this._integer = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
    this._instant = this._dates(language, { dateStyle: "medium", timeStyle: "medium" });
    this._minute = this._dates(language, { hour: "2-digit", minute: "2-digit" });
    this._second = this._dates(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    this._day = this._dates(language, { month: "short", day: "numeric" });
    this._month = this._dates(language, { year: "numeric", month: "short" });
    this._relative = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  }

  _dates(language, options) {
    return new Intl.DateTimeFormat(language, { hourCycle: "h23", ...options, timeZone: this.zone });
  }

  number(value) {
    if (!Number.isFinite(value)) return "";
    if (Number.isInteger(value)) return this._integer.format(value);
    const size = Math.abs(value);
    return (size < 1e-4 || size >= 1e15 ? this._tiny : this._number).format(value);
  }

  mean(value) {
    return Number.isFinite(value) ? this._mean.format(value) : "";
  }

  // A property's value as text: numbers by language, truth as a word, the rest as it came.
  value(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return this.number(value);
    if (typeof value === "boolean") return value ? this.words.yes || "yes" : this.words.no || "no";
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text;
  }

  instant(seconds) {
    return this._instant.format(seconds * 1000);
  }

  // A tick of a time axis: the shorter the step, the more of the clock is shown.
  tick(seconds, step) {
    const moment = seconds * 1000;
    if (step < 60) return this._second.format(moment);
    if (step < 86400) return this._minute.format(moment);
    return step < 28 * 86400 ? this._day.format(moment) : this._month.format(moment);
  }

  day(seconds) {
    return this._day.format(seconds * 1000);
  }

  ago(seconds) {
    const age = Math.max(0, seconds);
    const [, size, unit] = AGES.find(([limit]) => age < limit);
    return this._relative.format(-Math.floor(age / size), unit);
  }
}

// Words with places to fill: fill("{count} readings", {count: 3}).
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export function seconds(text) {
  return Date.parse(text) / 1000;
}
