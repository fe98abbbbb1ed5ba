"""An area: GeoJSON (RFC 7946), written out in the rule or in a file beside product.yaml.

Taken are Polygon, MultiPolygon, a GeometryCollection of those, a Feature, a FeatureCollection (its areas together), in
WGS 84 degrees, longitude before latitude. An edge is a straight line in degrees, as RFC 7946 section 3.1.1 has it; an area
across the 180th meridian is written as two (section 3.1.9).
"""

from __future__ import annotations

from typing import Any

import msgspec
import shapely

from monokoto.connect.products import kind_of, suggestion
from monokoto.kernel.limits import AREA_POINTS_MAX
from monokoto.operate.rules.parsing.reading import Node

_SURFACES = ("Polygon", "MultiPolygon")
_NESTING_MAX = 4


def read_area(node: Node) -> shapely.Geometry | None:
    """The area under `area`; None when it is none: the fault is told."""
    part = node.child("area")
    value = part.value
    if isinstance(value, str):
        found = _read_file(part, value)
        if found is None:
            return None
        value = found
    if not isinstance(value, dict):
        part.fault(f"must be GeoJSON or the name of a .geojson file beside product.yaml, this is {kind_of(value)}")
        return None
    surfaces = _surfaces(part, value, 0)
    if not surfaces:
        return None
    area = shapely.union_all(surfaces)
    if area.is_empty or not shapely.is_valid(area):
        part.fault("is no area: it holds no place")
        return None
    return area


def _read_file(part: Node, name: str) -> Any:
    part.used.add(name)
    text = part.files.get(name)
    if text is None:
        part.fault(f"there is no file {name[:80]!r} beside product.yaml{suggestion(name, part.files)}")
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        part.fault(f"the file {name[:80]!r} is not JSON: {str(error)[:200]}")
        return None


def _surfaces(part: Node, value: Any, depth: int) -> list[shapely.Geometry]:
    """The polygons of a GeoJSON object; empty when it has a fault."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind in _SURFACES:
        return _surface(part, value)
    members: Any = None
    if kind == "Feature":
        members = [value.get("geometry")]
    elif kind == "FeatureCollection":
        members = value.get("features")
    elif kind == "GeometryCollection":
        members = value.get("geometries")
    if not isinstance(members, list) or not members or depth >= _NESTING_MAX:
        told = f"the type {kind[:40]!r}" if isinstance(kind, str) else "no type"
        part.fault(f"must be a GeoJSON Polygon, MultiPolygon, Feature or collection of them, this has {told}")
        return []
    found: list[shapely.Geometry] = []
    for member in members:
        inner = _surfaces(part, member, depth + 1)
        if not inner:
            return []
        found += inner
    return found


def _surface(part: Node, value: dict[str, Any]) -> list[shapely.Geometry]:
    points = _count(value.get("coordinates"))
    if points > AREA_POINTS_MAX:
        part.fault(f"has {points} corners; at most {AREA_POINTS_MAX}")
        return []
    try:
        # Only type and coordinates: members beside them are nobody's business here.
        surface = shapely.from_geojson(
            msgspec.json.encode({"type": value["type"], "coordinates": value.get("coordinates")})
        )
    except (shapely.GEOSException, ValueError, TypeError) as error:
        part.fault(f"its coordinates are not those of a {value['type']}: {str(error)[:200]}")
        return []
    west, south, east, north = surface.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        part.fault("lies beyond the earth: coordinates are [longitude, latitude] in degrees, within 180 and 90")
        return []
    if not surface.is_valid:
        part.fault(f"is no proper area: {shapely.is_valid_reason(surface)}")
        return []
    return [surface]


def _count(coordinates: Any) -> int:
    """How many positions there are; bounded in depth by the shape of a MultiPolygon."""
    total, level = 0, [coordinates]
    for _ in range(4):
        inner = [one for part in level if isinstance(part, list) for one in part]
        positions = sum(isinstance(part, list) and bool(part) and not isinstance(part[0], list) for part in level)
        total += positions
        level = inner
    return total
