"""The picture under a saliency map, and the frame of the crop tool: at the size of the page, whatever came."""

import tracemalloc

import numpy as np
import pytest
from tiny_prediction import tiny_card

from galaxy_explorer.app.panel import saliency
from galaxy_explorer.app.panel.shown_galaxy import SHOWN_SIDE, ShownGalaxy
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.result_cache import Memo
from galaxy_explorer.app.upload.crop import SHOWN, with_frame
from galaxy_explorer.images import FRAME_COLOUR, Square
from galaxy_explorer.models import Model

CROP = 0.6  # of the shorter side, which the network sees
HEAT = np.zeros((10, 10), np.float32)
HEAT[:, 5:] = 1.0  # the right half of what the network sees


@pytest.fixture
def lit(monkeypatch: pytest.MonkeyPatch):
    """A function that lays `HEAT` over a picture."""
    monkeypatch.setattr(networks, "network", lambda _: Model(None, tiny_card(crop=CROP)))

    def lay(picture: np.ndarray) -> np.ndarray:
        galaxy = ShownGalaxy("a", picture, 1.0, None, Memo(1), ("a",))
        return saliency.lit_picture(galaxy, "any", HEAT, 1.0)

    return lay


def test_a_map_over_a_phones_picture_takes_little_memory_and_stands_where_it_did(lit) -> None:
    picture = np.zeros((3024, 4032, 3), np.uint8)
    tracemalloc.start()
    shown = lit(picture)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shown.shape == (SHOWN_SIDE * 3 // 4, SHOWN_SIDE, 3)
    assert peak < 200e6  # the picture itself takes 37 MB; laid over all of it, the map took a gigabyte
    half = round(CROP * shown.shape[0] / 2)
    across = np.flatnonzero(shown[shown.shape[0] // 2, :, 0] > 150)  # the frame is darker
    assert across.min() == pytest.approx(SHOWN_SIDE / 2, abs=half / 10)
    assert across.max() == pytest.approx(SHOWN_SIDE / 2 + half, abs=6)


def test_a_small_picture_keeps_its_pixels_under_a_map(lit) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 80, 3)).astype(np.uint8)
    shown = lit(picture)
    assert shown.shape == picture.shape
    assert np.array_equal(shown[:10], picture[:10])  # above the square that the network sees


def test_the_frame_of_the_crop_stands_in_the_small_picture_where_it_stands_in_the_large() -> None:
    framed = with_frame(np.full((800, 1200, 3), 100, np.uint8), Square(300, 400, 400), CROP)
    assert framed.shape[1] == SHOWN
    inside = np.argwhere((framed == 100).all(axis=-1))
    down = SHOWN / 1200
    assert inside.min(axis=0) == pytest.approx((200 * down, 100 * down), abs=2)
    assert inside.max(axis=0) == pytest.approx((600 * down, 500 * down), abs=2)
    seen = np.argwhere((framed == FRAME_COLOUR).all(axis=-1))  # the network sees the middle
    assert seen.min(axis=0) == pytest.approx(((400 - 200 * CROP) * down, (300 - 200 * CROP) * down), abs=2)
    assert seen.max(axis=0) == pytest.approx(((400 + 200 * CROP) * down, (300 + 200 * CROP) * down), abs=2)


def test_the_frame_of_what_the_network_sees_may_reach_beyond_the_picture() -> None:
    framed = with_frame(np.full((40, 40, 3), 100, np.uint8), Square(0, 20, 40), 0.5)
    seen = np.argwhere((framed == FRAME_COLOUR).all(axis=-1))
    assert (seen.min(axis=0).tolist(), seen.max(axis=0).tolist()) == ([10, 0], [29, 9])
