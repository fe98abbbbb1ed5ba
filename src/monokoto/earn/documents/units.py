"""Units of measure as electronic documents name them: UN/ECE Recommendation 20."""

from __future__ import annotations

ONE = "C62"
_CODES = {
    "": ONE, "1": ONE, "one": ONE,
    "s": "SEC", "min": "MIN", "h": "HUR", "d": "DAY", "day": "DAY", "wk": "WEE", "week": "WEE", "mo": "MON", "month": "MON",
    "a": "ANN", "year": "ANN",
    "mm": "MMT", "cm": "CMT", "m": "MTR", "km": "KMT", "mi": "SMI", "m2": "MTK", "m3": "MTQ",
    "g": "GRM", "kg": "KGM", "t": "TNE", "ml": "MLT", "mL": "MLT", "l": "LTR", "L": "LTR",
    "W": "WTT", "kW": "KWT", "MW": "MAW", "W.h": "WHR", "Wh": "WHR", "kWh": "KWH", "kW.h": "KWH", "MWh": "MWH", "MW.h": "MWH",
    "J": "JOU", "kJ": "KJO", "MJ": "3B", "GJ": "GV",
    "By": "AD", "B": "AD", "kB": "2P", "MB": "4L", "GB": "E34", "TB": "E35",
    "%": "P1",
}  # fmt: skip


def unit_code(unit: str) -> str:
    """The code of a unit of a meter; what the recommendation does not know (washes, flights) is counted in ones."""
    return _CODES.get(unit, ONE)
