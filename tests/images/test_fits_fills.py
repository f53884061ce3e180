"""FITS pictures whose edges hold a fill value, whose values are huge, or whose pixels are not square."""

import numpy as np
import pytest
from fits_files import galaxy_fluxes, notes_of, on_the_sky, with_header, written

from galaxy_explorer.images import read_exposure, read_image
from galaxy_explorer.images.formats import fits_pixels

ROWS, COLUMNS = np.mgrid[:64, :64]
EDGES = {
    "left": COLUMNS < 12,
    "rotated": (abs(COLUMNS - ROWS) > 42) | (abs(COLUMNS + ROWS - 63) > 42),
    "ragged": 10 + 3 * np.sin(ROWS / 3) > COLUMNS,
    "gap": abs(COLUMNS - 12) < 3,
}


def assert_as_blank(fluxes, filled):
    """Check that pixels with a fill value are shown, and reported, as NaN in their place would be."""
    wanted = read_exposure(written(np.where(filled, np.nan, fluxes)))
    found = read_exposure(written(fluxes))
    assert found.notes == wanted.notes
    assert np.abs(found.picture.astype(int) - wanted.picture).max() <= 2
    assert "of its pixels are blank" in "; ".join(found.notes)


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(
    ("sky", "fill"), [(1000.0, 0.0), (100.0, 0.0), (0.0, 0.0), (0.0, -9999.0), (10.0, 1e30), (10.0, -32768.0)]
)
def test_a_fill_at_the_edges_is_shown_as_blank(edge, sky, fill):
    fluxes = galaxy_fluxes(sky=sky, noise=3.0, peak=300.0)
    fluxes[EDGES[edge]] = fill
    assert_as_blank(fluxes, EDGES[edge])


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.float64])
def test_a_fill_of_any_type_is_shown_as_blank(kind):
    fluxes = np.rint(galaxy_fluxes(sky=200.0, noise=5.0, peak=300.0)).astype(kind)
    fluxes[EDGES["rotated"]] = -32768
    assert_as_blank(fluxes, EDGES["rotated"])


def test_several_fills_next_to_nan_in_one_band_are_shown_as_blank():
    cube = np.stack([galaxy_fluxes(seed, sky=100.0) for seed in range(3)])
    cube[:, :, :4] = np.nan
    cube[1, :, 4:12], cube[1, 56:] = 0.0, -99.0
    assert_as_blank(cube, np.isnan(cube) | np.isin(cube, (0.0, -99.0)))


def test_a_fill_of_averaged_pixels_does_not_leak_into_the_picture(monkeypatch):
    monkeypatch.setattr(fits_pixels, "SHOWN_PIXELS", 32 * 32)
    fluxes = galaxy_fluxes(sky=1000.0).astype(float)
    fluxes[:, :11] = 0.1  # an odd number of columns, and a value whose average differs in the last digit
    assert_as_blank(fluxes, COLUMNS < 11)


DISTANCE = np.hypot(COLUMNS - 32, 1.6 * (ROWS - 32))
LIGHT = 400 * np.exp(-DISTANCE / 6)
RANDOM = np.random.default_rng(0)
NOISY = LIGHT + RANDOM.normal(size=LIGHT.shape)
ZERO_SKIES = {
    "cut at a radius": np.where(DISTANCE < 20, LIGHT, 0),
    "cut at a brightness": np.where(LIGHT > 2, LIGHT, 0),
    "whole numbers": np.rint(LIGHT),
    "photons": RANDOM.poisson(LIGHT / 100).astype(float),
    "exposure-corrected photons": 0.0137 * RANDOM.poisson(LIGHT / 1000 + 0.1),
    "cut out of its sky": np.where(LIGHT > 2, NOISY, 0),
    "at the edge of the frame": np.roll(np.where(LIGHT > 2, LIGHT, 0), 28, axis=1),
    "low noise in whole numbers": np.rint(LIGHT + 10 + 0.3 * RANDOM.normal(size=LIGHT.shape)),
}


@pytest.mark.parametrize("name", ZERO_SKIES)
def test_the_sky_of_a_simulation_is_not_a_fill(name):
    assert "blank" not in notes_of(written(ZERO_SKIES[name].astype(np.float32)))


def test_saturated_light_at_the_border_stays_bright():
    light = 1e6 * np.exp(-np.hypot(COLUMNS - 2, ROWS - 30) / 3)
    fluxes = np.minimum(galaxy_fluxes(sky=1000.0) + light, 65535)
    assert read_image(written(fluxes))[33, 0].min() > 150


def test_black_borders_of_a_finished_picture_stay_black(draw_galaxy):
    picture = draw_galaxy(3, 40, 30)
    picture[:, :8] = 0
    found = read_exposure(written(np.moveaxis(picture, -1, 0)[:, ::-1].astype(np.int16)))
    np.testing.assert_array_equal(found.picture, picture)


@pytest.mark.parametrize("unit", [1e-44, 1e38, 5e40, 1e60])
def test_the_unit_makes_no_difference_beyond_the_range_of_float32(unit):
    cube = np.stack([galaxy_fluxes(seed, peak=peak).astype(float) for seed, peak in enumerate((300, 250, 150))])
    found = read_exposure(written(cube * unit))
    assert np.abs(found.picture.astype(int) - read_image(written(cube))).max() <= 1
    assert "blank" not in "; ".join(found.notes)


def test_single_huge_values_do_not_spoil_the_rest():
    fluxes = galaxy_fluxes()
    wanted = read_image(written(fluxes)).astype(int)
    fluxes[5, 5], fluxes[40, 9] = 1e30, -1e30
    differences = np.abs(read_image(written(fluxes)) - wanted).max(axis=-1)
    assert (differences > 1).sum() == 2


class TestPixelsThatAreNotSquare:
    @pytest.mark.parametrize("turned", [False, True])
    def test_they_are_resampled_with_a_note(self, turned):
        light = 300 * np.exp(-np.hypot(COLUMNS - 32, 2 * (ROWS - 32)) / 8)
        fluxes = galaxy_fluxes(peak=0.0) + light  # a round galaxy in pixels twice as tall as wide
        cards = {name: value for name, value in on_the_sky().items() if name[:2] != "CD"}
        cards |= {"CDELT1": -1.1e-4, "CDELT2": 2.2e-4}
        if turned:
            fluxes, cards["CDELT1"], cards["CDELT2"] = fluxes.T, -2.2e-4, 1.1e-4
        exposure = read_exposure(written(with_header(fluxes, **cards)))
        assert exposure.picture.shape == ((64, 128, 3) if turned else (128, 64, 3))
        bright = np.argwhere(exposure.picture[..., 0] > 60)
        height, width = np.ptp(bright, axis=0)
        assert 0.85 < height / width < 1.15
        assert f"its pixels are {'0.5' if turned else '2'} times as tall as wide" in "; ".join(exposure.notes)
        assert exposure.position.pixel_scale_arcsec == pytest.approx(1.1e-4 * 3600, rel=1e-4)
        assert read_image(written(with_header(fluxes, **cards))).shape == exposure.picture.shape

    def test_slightly_longer_ones_and_those_of_no_sky_stay(self):
        assert read_image(written(with_header(galaxy_fluxes(), CDELT1=1.0, CDELT2=2.0))).shape == (64, 64, 3)
        cards = on_the_sky() | {"CD2_2": 1.05 * on_the_sky()["CD2_2"]}
        assert read_image(written(with_header(galaxy_fluxes(), **cards))).shape == (64, 64, 3)

    @pytest.mark.parametrize("value", [0.0, -1e308, 10**60])
    def test_absurd_steps_are_no_error(self, value):
        for name in ("CD1_1", "CD2_2"):
            exposure = read_exposure(written(with_header(galaxy_fluxes(), **(on_the_sky() | {name: value}))))
            assert exposure.picture.shape == (64, 64, 3)
            assert exposure.position is None
