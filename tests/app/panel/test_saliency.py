"""The picture under a saliency map, and the frame of the crop tool, at the size of the page."""

import tracemalloc

import numpy as np
import pytest
from tiny_prediction import tiny_card

from galaxy_explorer.app.panel import saliency, shown_galaxy
from galaxy_explorer.app.panel.shown_galaxy import SHOWN_SIDE_PX, GalaxyPrediction, ShownGalaxy
from galaxy_explorer.app.upload.crop import SHOWN_PX, with_frame
from galaxy_explorer.images import FRAME_COLOUR, Square
from galaxy_explorer.models import Model
from galaxy_explorer.storage import ResultCache

CROP = 0.6  # of the shorter side, which the network sees
HEAT = np.zeros((10, 10), np.float32)
HEAT[:, 5:] = 1.0  # the right half of what the network sees


@pytest.fixture
def overlaid(monkeypatch: pytest.MonkeyPatch):
    """A function that overlays `HEAT` on a picture."""
    monkeypatch.setattr(shown_galaxy, "network", lambda _: Model(None, tiny_card(crop=CROP)))

    def draw(picture: np.ndarray) -> np.ndarray:
        galaxy = ShownGalaxy("a", picture, 1.0, None, ResultCache(1), ("a",))
        prediction = GalaxyPrediction(galaxy, "any", np.zeros(37), np.zeros((2, 37)))
        return saliency.overlaid_picture(prediction, HEAT, 1.0)

    return draw


def test_a_map_over_a_phones_picture_takes_little_memory_and_keeps_its_place(overlaid) -> None:
    picture = np.zeros((3024, 4032, 3), np.uint8)
    tracemalloc.start()
    shown = overlaid(picture)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shown.shape == (SHOWN_SIDE_PX * 3 // 4, SHOWN_SIDE_PX, 3)
    assert peak < 200e6  # the picture itself takes 37 MB; laid over all of it, the map took a gigabyte
    half = round(CROP * shown.shape[0] / 2)
    across = np.flatnonzero(shown[shown.shape[0] // 2, :, 0] > 150)  # the frame is darker
    assert across.min() == pytest.approx(SHOWN_SIDE_PX / 2, abs=half / 10)
    assert across.max() == pytest.approx(SHOWN_SIDE_PX / 2 + half, abs=6)


def test_a_small_picture_keeps_its_pixels_under_a_map(overlaid) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 80, 3)).astype(np.uint8)
    shown = overlaid(picture)
    assert shown.shape == picture.shape
    assert np.array_equal(shown[:10], picture[:10])  # above the square that the network sees


def test_the_frame_of_the_crop_stands_in_the_small_picture_where_it_stands_in_the_large() -> None:
    framed = with_frame(np.full((800, 1200, 3), 100, np.uint8), Square(300, 400, 400), CROP)
    assert framed.shape[1] == SHOWN_PX
    inside = np.argwhere((framed == 100).all(axis=-1))
    down = SHOWN_PX / 1200
    assert inside.min(axis=0) == pytest.approx((200 * down, 100 * down), abs=2)
    assert inside.max(axis=0) == pytest.approx((600 * down, 500 * down), abs=2)
    seen = np.argwhere((framed == FRAME_COLOUR).all(axis=-1))  # the network sees the middle
    assert seen.min(axis=0) == pytest.approx(((400 - 200 * CROP) * down, (300 - 200 * CROP) * down), abs=2)
    assert seen.max(axis=0) == pytest.approx(((400 + 200 * CROP) * down, (300 + 200 * CROP) * down), abs=2)


def test_the_frame_of_what_the_network_sees_may_reach_beyond_the_picture() -> None:
    framed = with_frame(np.full((40, 40, 3), 100, np.uint8), Square(0, 20, 40), 0.5)
    seen = np.argwhere((framed == FRAME_COLOUR).all(axis=-1))
    assert (seen.min(axis=0).tolist(), seen.max(axis=0).tolist()) == ([10, 0], [29, 9])
