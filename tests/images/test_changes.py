"""Changes of a picture: each does what its slider says, and nothing else."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from galaxy_explorer.images import CHANGES, PictureChanges, Spot, change_picture
from galaxy_explorer.images.changes import covered_pixels, sky_of


@pytest.fixture
def galaxy() -> np.ndarray:
    """A round, reddish galaxy off the centre, on a sky of level 12 with noise."""
    rows, columns = np.mgrid[:200, :200]
    light = 200 * np.exp(-np.hypot(rows - 80, columns - 110) / 14)
    noise = np.random.default_rng(5).normal(12, 2, (200, 200, 3))
    return np.rint((noise + light[..., np.newaxis] * (1.0, 0.8, 0.5)).clip(0, 255)).astype(np.uint8)


def centre_of(picture: np.ndarray) -> tuple[float, float]:
    """Row and column of the light above the sky."""
    light = (picture.astype(float).mean(axis=2) - 30).clip(0)
    rows, columns = np.indices(light.shape)
    return float((rows * light).sum() / light.sum()), float((columns * light).sum() / light.sum())


def test_without_changes_the_picture_is_the_same_array(galaxy: np.ndarray) -> None:
    assert change_picture(galaxy, PictureChanges()) is galaxy
    defaults = {name: field.default for name, field in CHANGES.items()}
    assert PictureChanges(**defaults) == PictureChanges()


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("end", ["low", "high"])
def test_either_end_of_a_slider_gives_a_picture_of_the_same_size_every_time(
    galaxy: np.ndarray, name: str, end: str
) -> None:
    value = getattr(CHANGES[name], end)
    before = galaxy.copy()
    changed = change_picture(galaxy, PictureChanges(**{name: value}))
    assert (changed.shape, changed.dtype) == (galaxy.shape, np.uint8)
    assert np.array_equal(changed, change_picture(galaxy, PictureChanges(**{name: value})))
    assert np.array_equal(galaxy, before)


def test_a_quarter_turn_moves_the_galaxy_counter_clockwise_about_the_centre(galaxy: np.ndarray) -> None:
    row, column = centre_of(galaxy)
    turned = centre_of(change_picture(galaxy, PictureChanges(rotation=90)))
    assert turned == pytest.approx((199 - column, row), abs=1)


def test_zoom_scales_distances_from_the_centre(galaxy: np.ndarray) -> None:
    row, column = centre_of(galaxy)
    smaller = centre_of(change_picture(galaxy, PictureChanges(zoom=0.5)))
    assert smaller == pytest.approx((99.5 + (row - 99.5) / 2, 99.5 + (column - 99.5) / 2), abs=1)


def test_what_a_smaller_galaxy_leaves_free_is_sky(galaxy: np.ndarray) -> None:
    level, noise = sky_of(galaxy)
    corner = change_picture(galaxy, PictureChanges(zoom=0.5))[:40, :40]
    assert level == pytest.approx(12, abs=1)
    assert corner.mean() == pytest.approx(level.mean(), abs=0.5)
    assert corner.std() == pytest.approx(noise.mean(), rel=0.2)


def test_brightness_scales_the_light_above_the_sky(galaxy: np.ndarray) -> None:
    dimmed = change_picture(galaxy, PictureChanges(brightness=50)).astype(float)
    level, _ = sky_of(galaxy)
    assert dimmed[80, 110] - level == pytest.approx((galaxy[80, 110] - level) / 2, abs=1)
    assert np.median(dimmed[:10]) == pytest.approx(np.median(galaxy[:10]), abs=1)


def test_noise_has_the_given_standard_deviation(galaxy: np.ndarray) -> None:
    grey = np.full_like(galaxy, 128)
    assert change_picture(grey, PictureChanges(noise=20)).std() == pytest.approx(20, rel=0.02)


def test_grey_leaves_no_colour_and_the_same_lightness(galaxy: np.ndarray) -> None:
    grey = change_picture(galaxy, PictureChanges(grey=100))
    assert np.ptp(grey, axis=2).max() == 0
    lightness = np.array(Image.fromarray(galaxy).convert("L")).astype(int)
    assert np.abs(grey[..., 0] - lightness).max() <= 1


def test_blur_lowers_the_peak_and_keeps_the_light(galaxy: np.ndarray) -> None:
    blurred = change_picture(galaxy, PictureChanges(blur=20))
    assert blurred[80, 110, 0] < galaxy[80, 110, 0] - 10
    assert blurred.mean() == pytest.approx(galaxy.mean(), rel=0.01)


@pytest.mark.parametrize("cover", ["surroundings", "sky"])
def test_only_covered_pixels_change(galaxy: np.ndarray, cover: str) -> None:
    spots = (Spot(0.55, 0.4, 0.1), Spot(0.0, 0.0, 0.05))
    mask = covered_pixels(spots, galaxy.shape[:2])
    assert mask.sum() == pytest.approx(np.pi * 20**2 + np.pi * 10**2 / 4, rel=0.02)
    changed = change_picture(galaxy, PictureChanges(covered=spots, cover=cover))
    assert np.array_equal(changed[~mask], galaxy[~mask])
    level = sky_of(galaxy)[0].mean()
    assert changed[80, 110].mean() < galaxy[80, 110].mean() - 40
    assert (changed[mask].mean() == pytest.approx(level, abs=1)) == (cover == "sky")


def test_a_zoom_of_nothing_and_an_array_that_is_not_a_picture_are_errors(draw_galaxy: Callable) -> None:
    with pytest.raises(ValueError, match="zoom of 0"):
        change_picture(draw_galaxy(), PictureChanges(zoom=0))
    with pytest.raises(ValueError, match="uint8"):
        change_picture(np.zeros((4, 4, 3)), PictureChanges())
