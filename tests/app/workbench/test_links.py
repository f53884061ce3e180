"""A link reproduces the changes of a picture; what it cannot hold is reported."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxy_explorer.app.workbench.brush import spots_of
from galaxy_explorer.app.workbench.links import MAX_SPOTS, changes_of, params_of
from galaxy_explorer.images import CHANGES, COVERS, PictureChanges, Spot

PARTS = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
SPOTS = st.lists(st.builds(Spot, PARTS, PARTS, PARTS), max_size=5).map(tuple)
VALUES = {
    name: st.integers(0, round((field.high - field.low) / field.step)).map(
        lambda steps, field=field: round(field.low + steps * field.step, 6)
    )
    for name, field in CHANGES.items()
}


@given(st.builds(PictureChanges, **VALUES, covered=SPOTS.filter(bool), cover=st.sampled_from(COVERS)))
def test_a_link_reproduces_the_changes(changes: PictureChanges) -> None:
    query = urlencode(params_of(changes))
    assert changes_of(dict(parse_qsl(query))) == (changes, [])


def test_an_unchanged_picture_has_no_parameters() -> None:
    assert params_of(PictureChanges()) == {}
    assert changes_of({}) == (PictureChanges(), [])


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"rotation": "north"}, "-180 to 180"),
        ({"zoom": "0"}, "0.4 to 2.5"),
        ({"blur": "nan"}, "0 to 20"),
        ({"covered": "1-2"}, "500-480-40"),
        ({"covered": "1-2-3000"}, "500-480-40"),
        ({"covered": f"{10**400}-2-3"}, "500-480-40"),
        ({"covered": ".".join(["1-2-3"] * (MAX_SPOTS + 1))}, "500-480-40"),
        ({"cover": "paint"}, "`surroundings` or `sky`"),
    ],
)
def test_what_a_link_cannot_hold_is_ignored_with_what_was_expected(params: dict[str, str], expected: str) -> None:
    changes, messages = changes_of(params)
    assert changes == PictureChanges()
    assert len(messages) == 1
    assert expected in messages[0]


@pytest.mark.parametrize(
    "stroke", [None, "x", [[1, 2]], [[1, 2, None]], {"a": 1}, [["a", "b", "c"]], [[10**400, 1, 1]]]
)
def test_a_damaged_stroke_covers_nothing(stroke: object) -> None:
    assert spots_of(stroke) == ()


def test_a_stroke_stays_within_the_picture() -> None:
    assert spots_of([[500, 480, 40], [-90, 4000, 50]]) == (Spot(0.5, 0.48, 0.04), Spot(0.0, 1.0, 0.05))
