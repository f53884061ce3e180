"""Where a FITS picture lies on the sky: its middle, its scale, and how it is turned."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from fits_files import galaxy_fluxes, notes_of, on_the_sky, with_header, written

from galaxy_explorer.images import SkyPlacement, read_exposure
from galaxy_explorer.images.formats import fits_pixels, fits_position


def hst_exposure(shift_pixels):
    """An image as of HST, whose first axis is shifted by a table in a unit of its own."""
    image = with_header(galaxy_fluxes(), **on_the_sky(), CPDIS1="Lookup", CPDIS2="Lookup")
    tables = []
    for axis, shift in ((1, shift_pixels), (2, 0.0)):
        for card in (f"EXTVER: {axis}.0", "NAXES: 2.0", "AXIS.1: 1.0", "AXIS.2: 2.0"):
            image.header.append((f"DP{axis}", card), end=True)
        table = fits.ImageHDU(np.full((5, 6), shift, np.float32), name="WCSDVARR", ver=axis)
        table.header.update({"CRPIX1": 0, "CRPIX2": 0, "CRVAL1": 0, "CRVAL2": 0, "CDELT1": 13, "CDELT2": 16})
        tables.append(table)
    image.name = "SCI"
    return written(fits.PrimaryHDU(), image, *tables)


def test_the_middle_and_the_scale_are_given():
    position = read_exposure(written(with_header(galaxy_fluxes(), **on_the_sky(0.396)))).position
    assert (position.ra_deg, position.dec_deg) == (pytest.approx(202.47, abs=1e-6), pytest.approx(47.2, abs=1e-6))
    assert position.pixel_scale_arcsec == pytest.approx(0.396, rel=1e-6)


def test_an_even_image_and_its_half_have_middles_half_a_field_apart():
    cards = on_the_sky(1.0)
    upper = read_exposure(written(with_header(galaxy_fluxes()[:32], **cards))).position
    assert upper.dec_deg == pytest.approx(47.2 - 16 / 3600, abs=1e-6)  # the first rows are the southern ones


def test_galactic_coordinates_become_equatorial():
    cards = on_the_sky() | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN", "CRVAL1": 104.8515, "CRVAL2": 68.5607}
    position = read_exposure(written(with_header(galaxy_fluxes(), **cards))).position
    assert position.ra_deg == pytest.approx(202.4696, abs=0.001)  # M 51
    assert position.dec_deg == pytest.approx(47.1952, abs=0.001)


def test_the_scale_is_that_of_averaged_pixels(monkeypatch):
    monkeypatch.setattr(fits_pixels, "SHOWN_PIXELS", 32 * 32)
    exposure = read_exposure(written(with_header(galaxy_fluxes(), **on_the_sky(0.4))))
    assert exposure.position == SkyPlacement(pytest.approx(202.47), pytest.approx(47.2), pytest.approx(0.8, rel=1e-6))


def test_the_bands_of_a_colour_picture_give_its_position():
    units = [with_header(galaxy_fluxes(), FILTER=band, **on_the_sky()) for band in "gri"]
    assert read_exposure(written(*units)).position.ra_deg == pytest.approx(202.47)


def test_a_tile_compressed_image_has_its_position():
    tiled = fits.CompImageHDU(galaxy_fluxes(), header=with_header(galaxy_fluxes(), **on_the_sky()).header)
    assert read_exposure(written(tiled)).position.dec_deg == pytest.approx(47.2)


def test_without_coordinates_there_is_neither_position_nor_note():
    exposure = read_exposure(written(galaxy_fluxes()))
    assert exposure.position is None
    assert len(exposure.notes) == 1


@pytest.mark.parametrize(
    "cards",
    [
        {"CTYPE1": "RA---NON", "CTYPE2": "DEC--NON"},
        {"CTYPE2": "RA---TAN"},
        {"CD1_1": 0.0, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.0},
        {"CUNIT1": "bananas"},
        {"CRVAL2": 500.0},
    ],
)
def test_invalid_coordinates_are_a_note_and_no_error(cards):
    exposure = read_exposure(written(with_header(galaxy_fluxes(), **(on_the_sky() | cards))))
    assert exposure.picture.shape == (64, 64, 3)
    assert exposure.position is None
    assert "its sky coordinates are invalid" in "; ".join(exposure.notes)


def test_dates_and_keywords_of_old_are_accepted():
    cards = on_the_sky() | {"RADECSYS": "FK5", "EQUINOX": 2000.0, "DATE-OBS": "31/12/98", "MJD-OBS": 1.0}
    assert read_exposure(written(with_header(galaxy_fluxes(), **cards))).position.dec_deg == pytest.approx(47.2)


def test_a_mirrored_or_rotated_picture_has_a_note():
    assert "mirrored" not in notes_of(written(with_header(galaxy_fluxes(), **on_the_sky())))
    assert "north is" not in notes_of(written(with_header(galaxy_fluxes(), **on_the_sky(turned_deg=5.0))))
    mirrored = notes_of(written(with_header(galaxy_fluxes(), **on_the_sky(mirrored=True))))
    assert "it is mirrored: with north up, east is on the right" in mirrored
    turned = notes_of(written(with_header(galaxy_fluxes(), **on_the_sky(turned_deg=30.0))))
    assert "north is 30° to the right of up" in turned
    assert "north is 30° to the left of up" in notes_of(
        written(with_header(galaxy_fluxes(), **on_the_sky(turned_deg=-30.0)))
    )


@pytest.mark.parametrize(("angle", "mirrored"), [(0.0, False), (30.0, False), (-150.0, False), (0.0, True)])
def test_a_position_has_the_direction_of_north(angle, mirrored):
    cards = on_the_sky(turned_deg=angle, mirrored=mirrored)
    position = read_exposure(written(with_header(galaxy_fluxes(), **cards))).position
    assert position.north_deg == pytest.approx(angle, abs=0.1)
    assert position.mirrored == mirrored


@pytest.mark.parametrize(("angle", "message"), [(0.0, ""), (30.0, "north is 30° to the right of up")])
def test_the_axes_may_stand_in_either_order(angle, message):
    cards = on_the_sky(turned_deg=angle)
    pairs = [("CTYPE1", "CTYPE2"), ("CRVAL1", "CRVAL2"), ("CD1_1", "CD2_1"), ("CD1_2", "CD2_2")]
    cards |= {one: cards[other] for pair in pairs for one, other in (pair, pair[::-1])}
    exposure = read_exposure(written(with_header(galaxy_fluxes(), **cards)))
    assert (exposure.position.ra_deg, exposure.position.dec_deg) == pytest.approx((202.47, 47.2))
    assert "; ".join(exposure.notes[1:]) == message


def test_a_galactic_picture_is_turned_by_the_angle_between_the_norths():
    cards = on_the_sky() | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN", "CRVAL1": 100.0, "CRVAL2": 60.0}
    middle, above = (SkyCoord(100, latitude, unit="deg", frame="galactic").icrs for latitude in (60, 60.001))
    up = middle.position_angle(above).deg  # of galactic north, from north through east
    assert f"north is {360 - up:.0f}° to the left of up" in notes_of(written(with_header(galaxy_fluxes(), **cards)))


def test_tables_of_distortions_elsewhere_in_the_file_are_followed(monkeypatch):
    shifted = hst_exposure(shift_pixels=3.0)
    position = read_exposure(shifted).position
    step = 0.4 / 3600 / np.cos(np.radians(47.2))
    assert (position.ra_deg, position.dec_deg) == pytest.approx((202.47 - 3 * step, 47.2), abs=1e-7)
    monkeypatch.setattr(fits_position, "MOST_CORRECTIONS", 10)
    assert "invalid (the table WCSDVARR has 30 numbers)" in notes_of(shifted)


@pytest.mark.parametrize(
    "cards",
    [
        {"CTYPE1": "RA---CAR", "CTYPE2": "DEC--CAR", "CRVAL2": 0.0, "CRPIX2": 32.5 - 60 * 9000},  # at 60° north
        {"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "PV1_1": 1.2, "PV2_1": 1.2},
        {
            "CTYPE1": "RA---TAN-SIP",
            "CTYPE2": "DEC--TAN-SIP",
            "A_ORDER": 2,
            "A_2_0": 1e-4,
            "B_ORDER": 2,
            "CRPIX1": 132.5,
        },
        {"CRPIX1": 100_000.0, "CRPIX2": -50_000.0},  # far from where the projection touches the sky
        {"CTYPE1": "GLON-AIT", "CTYPE2": "GLAT-AIT", "CRVAL1": 0.0, "CRVAL2": 0.0, "CRPIX1": 500_000.0},
    ],
)
@pytest.mark.parametrize("turned_deg", [0.0, 30.0])
def test_the_scale_is_that_of_a_pixel_on_the_sky_in_any_projection(cards, turned_deg):
    unit = with_header(galaxy_fluxes(), **(on_the_sky(0.4, turned_deg) | cards))
    corner, right, up, across = WCS(unit.header).pixel_to_world([31, 32, 31, 32], [31, 31, 32, 32])
    diagonals = corner.separation(across).arcsec, right.separation(up).arcsec
    angle = corner.position_angle(across) - right.position_angle(up)
    area = diagonals[0] * diagonals[1] * abs(np.sin(angle.rad)) / 2
    assert read_exposure(written(unit)).position.pixel_scale_arcsec == pytest.approx(np.sqrt(area), rel=2e-4)


def bands_at(*cards):
    """A file of i, r and g, each with cards of its own in addition to the coordinates."""
    units = [
        with_header(galaxy_fluxes(), FILTER=band, **(on_the_sky() | own))
        for band, own in zip("irg", cards, strict=True)
    ]
    return written(*units)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"CRPIX1": 44.5}, "its bands lie up to 12.0 pixels apart on the sky"),
        ({"CRVAL2": 47.2 - 5 * 0.4 / 3600}, "its bands lie up to 5.0 pixels apart on the sky"),
        (on_the_sky(turned_deg=180.0), "its bands lie up to 89.1 pixels apart on the sky"),  # only the middle is one
        (on_the_sky(0.2), "its bands lie up to 22.3 pixels apart on the sky"),
    ],
)
def test_bands_that_are_not_aligned_have_a_note(cards, message):
    assert message in notes_of(bands_at({}, {}, cards))
    assert message in notes_of(bands_at({}, cards, {}))


def test_bands_within_a_pixel_or_without_coordinates_of_their_own_are_no_note(monkeypatch):
    for cards in ({"CRPIX1": 33.3}, {"CTYPE1": "", "CTYPE2": ""}, {"CTYPE1": "RA---NON", "CTYPE2": "DEC--NON"}):
        exposure = read_exposure(bands_at({}, cards, cards))
        assert exposure.position is not None
        assert exposure.notes == ()
    monkeypatch.setattr(fits_pixels, "SHOWN_PIXELS", 16 * 16)
    assert "bands" not in notes_of(bands_at({}, {}, {"CRPIX1": 35.5}))  # of the pixels that are shown
    cube = with_header(np.stack([galaxy_fluxes()] * 3), BANDS="irg", **on_the_sky())
    assert "apart" not in notes_of(written(cube))
