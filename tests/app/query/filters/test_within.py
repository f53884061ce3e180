"""The filter by a shape on the map: its URL, and the galaxies within it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxy_explorer.app.query.filters import within
from galaxy_explorer.app.query.filters.within import MAX_CORNERS, Within, in_polygon
from galaxy_explorer.app.query.query import query_from_url
from galaxy_explorer.app.services.places import LAST, places_from
from galaxy_explorer.catalogue import Catalogue

SQUARE = Within("fcn", ((100, 100), (500, 100), (500, 500), (100, 500)))
corners = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=3, max_size=30)


def crossings(x: float, y: float, polygon: list[tuple[float, float]]) -> bool:
    """Whether a ray to the right crosses the outline an odd number of times, point by point."""
    inside = False
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside


@given(corners)
def test_points_within_a_shape_are_those_of_the_even_odd_rule(polygon: list[tuple[int, int]]) -> None:
    points = np.random.default_rng(1).integers(0, 1000, (200, 2)) + 0.5  # never on an edge's end
    expected = [crossings(x, y, polygon) for x, y in points]
    found = in_polygon(points, np.array(polygon))
    on_an_edge = [abs(_distance(x, y, polygon)) < 1e-2 for x, y in points]  # single precision may decide otherwise
    assert all(one == other or near for one, other, near in zip(found, expected, on_an_edge, strict=True))


def _distance(x: float, y: float, polygon: list[tuple[int, int]]) -> float:
    """Return the distance of a point from the nearest edge, along the ray."""
    found = [np.inf]
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y0 > y) != (y1 > y):
            found.append(abs(x - x0 - (y - y0) * (x1 - x0) / (y1 - y0)))
    return min(found)


def test_a_shape_that_bends_inwards_leaves_out_what_it_goes_around() -> None:
    horseshoe = np.array([(0, 0), (9, 0), (9, 9), (6, 9), (6, 3), (3, 3), (3, 9), (0, 9)])
    assert in_polygon(np.array([(1, 8), (4.5, 8), (8, 8), (4.5, 1)]), horseshoe).tolist() == [True, False, True, True]


@given(corners)
def test_a_shape_survives_the_url(polygon: list[tuple[int, int]]) -> None:
    shape = Within("my_net", tuple(polygon))
    assert Within.from_url(shape.to_url()) == shape
    query, messages = query_from_url({"within": [shape.to_url()]})
    assert query.filters == (shape,)
    assert not messages
    assert query.url_params()["within"] == [shape.to_url()]


def test_a_shape_in_the_url_has_three_decimals_and_needs_no_escaping() -> None:
    assert Within("fcn", ((123, 0), (1000, 5), (300, 410))).to_url() == "fcn~0.123-0~1-0.005~0.3-0.41"


@pytest.mark.parametrize(
    "text",
    [
        *("", "fcn", "fcn~0.1-0.1~0.2-0.2", "0.1-0.1~0.2-0.2~0.3-0.1", "fcn~0.1-0.1~0.2-0.2~0.3-1.1"),
        *("fcn~0.1-0.1~0.2-0.2~nan-0.1", "fcn~0.1-0.1~0.2-0.2~0.3", "fcn~a-b~0.2-0.2~0.3-0.1"),
        "fcn" + "~0.1-0.1" * (MAX_CORNERS + 1),
    ],
)
def test_a_malformed_shape_is_ignored_with_a_message(text: str) -> None:
    query, messages = query_from_url({"within": [text]})
    assert not query.filters
    assert "a shape on the map" in messages[0]


def test_only_galaxies_of_the_map_within_the_shape_match(sample: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = replace(sample)
    positions = np.array([(0.3, 0.3), (0.8, 0.3), (0.2, 0.45)])
    places = places_from("fcn", np.array([1, 4, 6]), positions)
    monkeypatch.setattr(within, "places_of", lambda _, network: places if network == "fcn" else None)
    assert np.flatnonzero(SQUARE.mask(catalogue, "")).tolist() == [1, 6]
    assert not replace(SQUARE, shown_by="densenet").mask(catalogue, "").any()
    places = places_from("fcn", np.array([1, 4, 6]), np.roll(positions, 1, axis=0))  # by other weights
    assert np.flatnonzero(SQUARE.mask(catalogue, "")).tolist() == [1, 4]
    assert places.xy.max() <= LAST
