"""The picture under a saliency map, at the size of the page."""

import tracemalloc

import numpy as np
import pytest
from tiny_prediction import tiny_card

from galaxy_explorer.app.panel import saliency, shown_galaxy
from galaxy_explorer.app.panel.shown_galaxy import SHOWN_SIDE_PX, GalaxyPrediction, ShownGalaxy
from galaxy_explorer.models import Model
from galaxy_explorer.saliency import METHODS
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


def test_the_first_method_of_the_list_is_the_default() -> None:
    assert saliency.Choices().method == next(iter(METHODS))


def test_a_small_picture_keeps_its_pixels_under_a_map(overlaid) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 80, 3)).astype(np.uint8)
    shown = overlaid(picture)
    assert shown.shape == picture.shape
    assert np.array_equal(shown[:10], picture[:10])  # above the square that the network sees
