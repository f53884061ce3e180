"""The part of a picture that a network is shown, and how the crop tool shows it."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from galaxy_explorer.app import state
from galaxy_explorer.app.ui import crop_tool
from galaxy_explorer.app.ui.crop_tool import SHOWN_PX, CroppedPicture
from galaxy_explorer.images import LARGEST_SIDE, Finding, Square
from galaxy_explorer.storage import ResultCache

WHOLE = np.random.default_rng(0).integers(0, 60, (300, 400, 3)).astype(np.uint8)
SQUARE = Square(100, 120, 80)
FINDING = Finding(WHOLE[80:160, 60:140], SQUARE)


def cropped(crop: state.Crop, finding: Finding = FINDING) -> CroppedPicture:
    """A picture with a part of it."""
    return CroppedPicture(WHOLE, finding, crop, ("a",), ResultCache(10))


def test_the_found_part_the_whole_picture_or_a_visitors_own_part_is_used() -> None:
    assert (cropped("found").picture is FINDING.picture, cropped("found").square) == (True, SQUARE)
    assert (cropped("whole").picture is WHOLE, cropped("whole").square) == (True, None)
    own = Square(200, 150, 100)
    assert cropped(own).picture.shape == (100, 100, 3)
    assert cropped(own).square == own
    assert "100 pixels" in cropped(own).words


def test_a_picture_that_was_framed_well_is_used_as_it_is() -> None:
    framed = cropped("found", Finding(WHOLE))
    assert framed.picture is WHOLE
    assert framed.square is None


def test_a_picture_that_may_show_no_galaxy_is_not_said_to_show_one() -> None:
    marked = Finding(WHOLE[80:160, 60:140], SQUARE, ("bar", "label"))
    assert "around the galaxy" in cropped("found", marked).words
    words = replace(cropped("found", marked), is_doubtful=True).words
    assert "may be nothing like a galaxy" in words
    assert "bar, label" in words
    assert "around the galaxy" not in words
    assert "square" not in replace(cropped("whole", marked), is_doubtful=True).words


def test_light_that_a_screen_added_is_subtracted_from_an_own_part_too() -> None:
    lit = cropped(Square(200, 150, 100), Finding(WHOLE, SQUARE, ("sky background",), (9, 8, 7)))
    expected = np.maximum(WHOLE[100:200, 150:250], (9, 8, 7)) - (9, 8, 7)
    assert np.array_equal(lit.picture, expected)
    assert "light" in lit.words


def test_an_own_part_is_cut_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cuts = []
    monkeypatch.setattr(crop_tool, "crop_with", lambda whole, square, light: cuts.append(square) or WHOLE)
    shown = cropped(SQUARE)
    assert shown.picture is shown.picture
    assert cuts == [SQUARE]


@pytest.mark.parametrize("shape", [(3000, 4000, 3), (16, 6000, 3), (40, 30, 3)])
def test_the_picture_in_the_tool_is_small_and_in_its_own_proportions(shape: tuple[int, ...]) -> None:
    url = crop_tool._data_url(np.zeros(shape, np.uint8))
    shown = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    assert max(shown.size) == min(SHOWN_PX, max(shape))


def test_what_was_dragged_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[state.Crop] = []
    for value in ({"square": [10, 20, 30]}, {"square": None}, {}, {"square": [-5, 10**9, 10**9]}):
        monkeypatch.setattr(state, "widget", lambda key, default=None, value=value: value)
        crop_tool._read_square("crop", (400, 300), chosen.append)
    assert chosen == [Square(10, 20, 30), Square(0, 300, LARGEST_SIDE)]
