"""Where the blueprints are: beside the sources in a checkout, inside the package when it is installed."""

from __future__ import annotations

from pathlib import Path

from monokoto.kernel.errors import NotFound

_PLACES = (Path(__file__).parents[1] / "blueprints", Path(__file__).parents[3] / "blueprints")


def blueprint(name: str) -> Path:
    """The folder of a blueprint. Raises NotFound."""
    for place in _PLACES:
        if (place / name / "product.yaml").is_file():
            return place / name
    raise NotFound(f"There is no blueprint {name!r}.", remedy=f"Look into {_PLACES[-1]} for those that are there.")
