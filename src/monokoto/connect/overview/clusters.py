"""Units near each other as one place on a map: a grid in the Mercator projection, without I/O.

The cells' edges lie at multiples of a cell's width, so they stay where they are while the window moves. The projection is
that of web maps (EPSG:3857): a cell is as high as wide on the screen wherever it lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monokoto.connect.fleet import Box, Located

LATITUDE_MAX = 85.0
"""Degrees; beyond it the projection runs off, and what lies there is drawn at the edge."""
_ROUND = 360.0
Bools = npt.NDArray[np.bool_]
Float64s = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Units of one cell."""

    latitude: float
    longitude: float
    units: int
    online: int
    box: Box
    """The smallest that holds all of them."""
    unit_id: int
    """The one, or one of the many."""


def inside(located: Located, box: Box) -> Located:
    """Those within a part of the earth."""
    latitude, longitude = located.latitude, located.longitude
    chosen = (latitude >= box.south) & (latitude <= box.north)
    if box.west <= box.east:
        chosen &= (longitude >= box.west) & (longitude <= box.east)
    else:
        chosen &= (longitude >= box.west) | (longitude <= box.east)
    return located.only(chosen)


def clustered(located: Located, online: Bools, box: Box, cells: int) -> list[Cluster]:
    """The places of units within a box that is `cells` cells wide, the largest first."""
    if not len(located.unit):
        return []
    width = box.east - box.west if box.west <= box.east else box.east - box.west + _ROUND
    cell = max(width, 1e-6) / cells
    across = np.floor(located.longitude / cell).astype(np.int64)
    down = np.floor(_mercator(located.latitude) / cell).astype(np.int64)
    _, places = np.unique(np.stack((across, down)), axis=1, return_inverse=True)
    order = np.argsort(places.ravel(), kind="stable")
    sorted_places = places.ravel()[order]
    starts = np.flatnonzero(np.concatenate(([True], sorted_places[1:] != sorted_places[:-1])))
    latitude, longitude = located.latitude[order], located.longitude[order]
    counts = np.diff(np.append(starts, len(order)))
    columns = (
        np.add.reduceat(latitude, starts) / counts,
        np.add.reduceat(longitude, starts) / counts,
        counts,
        np.add.reduceat(online[order].astype(np.int64), starts),
        np.minimum.reduceat(latitude, starts),
        np.minimum.reduceat(longitude, starts),
        np.maximum.reduceat(latitude, starts),
        np.maximum.reduceat(longitude, starts),
        located.unit[order][starts],
    )
    found = [
        Cluster(latitude=lat, longitude=lon, units=n, online=live, box=Box(south, west, north, east), unit_id=unit_id)
        for lat, lon, n, live, south, west, north, east, unit_id in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]
    return sorted(found, key=lambda one: (-one.units, one.unit_id))


def _mercator(latitude: Float64s) -> Float64s:
    """How far up, in the unit of degrees of longitude."""
    radians = np.radians(np.clip(latitude, -LATITUDE_MAX, LATITUDE_MAX))
    up: Float64s = np.degrees(np.log(np.tan(np.pi / 4 + radians / 2)))
    return up
