"""Units of measure as people read them: `Cel` and `unit:DEG_C` are both °C.

A Thing Model may name a unit by its UCUM code (https://ucum.org/ucum), by its QUDT name (https://qudt.org/vocab/unit/) or in
plain text. Codes become symbols; whatever is neither stays as it was written.
"""

from __future__ import annotations

import re
from functools import lru_cache

_UCUM = {
    "Cel": "°C", "[degF]": "°F", "[degR]": "°R", "K": "K",
    "deg": "°", "'": "′", "''": "″", "rad": "rad", "sr": "sr",
    "[ppth]": "‰", "[ppm]": "ppm", "[ppb]": "ppb", "[pH]": "pH", "1": "",
    "Ohm": "Ω", "kOhm": "kΩ", "MOhm": "MΩ", "mOhm": "mΩ",
    "um": "µm", "us": "µs", "ug": "µg", "uA": "µA", "uV": "µV", "uS": "µS", "uW": "µW", "uF": "µF", "uL": "µL",
    "l": "L", "ml": "mL", "[in_i]": "in", "[ft_i]": "ft", "[yd_i]": "yd", "[mi_i]": "mi", "[nmi_i]": "nmi", "[kn_i]": "kn",
    "[lb_av]": "lb", "[oz_av]": "oz", "[gal_us]": "gal", "[psi]": "psi", "[HP]": "hp", "[Btu]": "Btu", "[car_Au]": "ct",
    "m[H2O]": "mH₂O", "mm[Hg]": "mmHg", "[in_i'Hg]": "inHg", "a": "a", "mo": "mo", "wk": "wk", "d": "d",
    "B[W]": "dBW", "dB[mW]": "dBm", "bit_s": "bit", "By": "B", "kBy": "kB", "MBy": "MB", "GBy": "GB", "Bd": "Bd",
    "{rev}/min": "rpm", "/min": "1/min", "/s": "1/s", "/h": "1/h", "m[Hg]": "mHg", "att": "at",
}  # fmt: skip
_QUDT = {
    "DEG_C": "°C", "DEG_F": "°F", "DEG_R": "°R", "K": "K", "DEG": "°", "ARCMIN": "′", "ARCSEC": "″", "RAD": "rad",
    "PERCENT": "%", "PERCENT_RH": "%", "PPM": "ppm", "PPB": "ppb", "UNITLESS": "", "NUM": "", "PH": "pH",
    "M": "m", "CentiM": "cm", "MilliM": "mm", "MicroM": "µm", "KiloM": "km", "IN": "in", "FT": "ft", "MI": "mi",
    "M2": "m²", "M3": "m³", "L": "L", "MilliL": "mL", "GAL_US": "gal",
    "SEC": "s", "MilliSEC": "ms", "MIN": "min", "HR": "h", "DAY": "d", "HZ": "Hz", "KiloHZ": "kHz", "MegaHZ": "MHz",
    "KiloGM": "kg", "GM": "g", "MilliGM": "mg", "MicroGM": "µg", "TONNE": "t", "LB": "lb",
    "M-PER-SEC": "m/s", "KiloM-PER-HR": "km/h", "M-PER-SEC2": "m/s²", "KN": "kn", "REV-PER-MIN": "rpm",
    "RAD-PER-SEC": "rad/s", "M3-PER-HR": "m³/h", "M3-PER-SEC": "m³/s", "L-PER-MIN": "L/min", "L-PER-HR": "L/h",
    "KiloGM-PER-M3": "kg/m³", "MicroGM-PER-M3": "µg/m³", "GM-PER-M3": "g/m³", "KiloGM-PER-SEC": "kg/s",
    "PA": "Pa", "KiloPA": "kPa", "HectoPA": "hPa", "MegaPA": "MPa", "BAR": "bar", "MilliBAR": "mbar", "PSI": "psi",
    "N": "N", "N-M": "N·m", "J": "J", "KiloJ": "kJ", "W": "W", "KiloW": "kW", "MegaW": "MW", "MilliW": "mW",
    "W-HR": "W·h", "KiloW-HR": "kW·h", "MegaW-HR": "MW·h", "V": "V", "MilliV": "mV", "KiloV": "kV", "A": "A",
    "MilliA": "mA", "A-HR": "A·h", "OHM": "Ω", "FARAD": "F", "V-A": "V·A", "V-A_Reactive": "var", "LUX": "lx", "LM": "lm",
    "CD": "cd", "DeciB": "dB", "DeciB_M": "dBm", "BYTE": "B", "KiloBYTE": "kB", "MegaBYTE": "MB", "BIT": "bit",
    "W-PER-M2": "W/m²", "W-PER-M2-K": "W/(m²·K)", "MOL": "mol", "BQ": "Bq", "SV": "Sv", "T": "T", "WB": "Wb",
}  # fmt: skip
_QUDT_PREFIXES = ("http://qudt.org/vocab/unit/", "https://qudt.org/vocab/unit/", "unit:", "qudt-unit:", "qudt:")
_EXPONENT = re.compile(r"([A-Za-zµΩ°])(-?[1-9])(?![0-9])")
_UCUM_EXPRESSION = re.compile(r"[A-Za-z\[\]{}'_%0-9./*-]{1,40}")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@lru_cache(maxsize=4096)
def symbol(unit: str) -> str:
    """What to write behind a number; empty for none."""
    text = unit.strip()
    for prefix in _QUDT_PREFIXES:
        if text.startswith(prefix):
            name = text.removeprefix(prefix)
            return _QUDT.get(name, name.replace("-PER-", "/").replace("-", "·"))
    if text in _UCUM:
        return _UCUM[text]
    if not _UCUM_EXPRESSION.fullmatch(text):
        return text
    return _expression(text)


def _expression(text: str) -> str:
    """A UCUM term such as `m3/h` or `kW.h`: parts by symbol, points as dots, figures behind letters raised."""
    parts = re.split(r"([./])", re.sub(r"\{[^}]*\}", "", text))
    told = "".join({".": "·"}.get(part, part) if part in "./" else _UCUM.get(part, part) for part in parts)
    return _EXPONENT.sub(lambda found: found[1] + found[2].translate(_RAISED), told)
