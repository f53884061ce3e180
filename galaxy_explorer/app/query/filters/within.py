"""Filter of Browse by a shape that a visitor drew on the map."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from galaxy_explorer.app.query.filters.filter import Filter
from galaxy_explorer.app.services.places import LAST, Places, places_of
from galaxy_explorer.app.services.result_cache import latest_result
from galaxy_explorer.catalogue import Catalogue

STEPS = 1000  # of a coordinate in a URL, which has three decimals
MIN_CORNERS, MAX_CORNERS = 3, 200


@dataclass(frozen=True)
class Within(Filter):
    """A polygon on the map of a network; corners in thousandths from the left and the top."""

    shown_by: str  # the network
    corners: tuple[tuple[int, int], ...]

    param = "within"
    expected = "a shape on the map of a network, such as `fcn~0.1-0.2~0.3-0.2~0.2-0.4`"

    def __post_init__(self) -> None:
        if not MIN_CORNERS <= len(self.corners) <= MAX_CORNERS:
            raise ValueError(f"{len(self.corners)} corners were given; a shape has {MIN_CORNERS} to {MAX_CORNERS}")
        if not all(0 <= value <= STEPS for corner in self.corners for value in corner):
            raise ValueError("a corner lies beyond the map; coordinates are from 0 to 1")

    def mask(self, catalogue: Catalogue, network: str) -> np.ndarray:
        """Return a mask, (N,) bool, of the galaxies within; False for those that are not on the map."""
        found = np.zeros(len(catalogue), dtype=bool)
        if places := places_of(catalogue, self.shown_by):
            found[places.rows] = latest_result(catalogue, ("within", self), lambda: places, self._within)
        return found

    def _within(self, places: Places) -> np.ndarray:
        return in_polygon(places.xy, np.array(self.corners) * (LAST / STEPS))

    def in_words(self) -> str:
        """Describe the condition for its chip."""
        return "within the shape on the map"

    def to_url(self) -> str:
        """Format the shape, of characters that need no escaping: ``fcn~0.1-0.25~0.3-0.25~0.2-0.4``."""
        corners = (f"{x / STEPS:g}-{y / STEPS:g}" for x, y in self.corners)
        return "~".join([self.shown_by, *corners])

    @classmethod
    def from_url(cls, text: str) -> Self:
        """Parse a shape of a URL; raise ValueError if it is malformed."""
        network, *corners = text.split("~")
        if not network or len(corners) > MAX_CORNERS:
            raise ValueError(f"{len(corners)} corners were given; a shape has {MIN_CORNERS} to {MAX_CORNERS}")
        return cls(network, tuple(_corner(corner) for corner in corners))


def _corner(text: str) -> tuple[int, int]:
    """Parse a corner: ``0.123-0.4``; raise ValueError if it is malformed."""
    x, y = (float(value) for value in text.split("-"))
    if not (0 <= x <= 1 and 0 <= y <= 1):  # also NaN
        raise ValueError(f"the corner {text} lies beyond the map; coordinates are from 0 to 1")
    return round(x * STEPS), round(y * STEPS)


def in_polygon(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return which points lie in a polygon, by the even-odd rule.

    Parameters
    ----------
    points : (N, 2) np.ndarray
    corners : (n, 2) np.ndarray
        In order; the last is joined to the first.

    Returns
    -------
    (N,) np.ndarray of bool
    """
    corners = np.asarray(corners, dtype=np.float32)
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    x, y = points[near].astype(np.float32).T
    inside = np.zeros(len(near), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue  # a ray to the right runs along it
        crossed = (y0 > y) != (y1 > y)
        inside ^= crossed & (x < x0 + (y - y0) * ((x1 - x0) / (y1 - y0)))
    found = np.zeros(len(points), dtype=bool)
    found[near] = inside
    return found
