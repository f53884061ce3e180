"""What is no image of a galaxy in a FITS file is refused in words, and bad files cost neither memory nor time."""

import bz2
import contextlib
import gzip
import tracemalloc

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from fits_files import galaxy_fluxes, notes_of, on_the_sky, with_bands, with_header, written
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_files import refusal

from galaxy_explorer.images import ImageError, Position, fits_files, fits_position, read_exposure, read_image


def claiming(shape, kind=-32, size=2880):
    """The start of a FITS file that claims a shape, in numpy's order, with a few bytes of data behind it."""
    cards = {"SIMPLE": "T", "BITPIX": kind, "NAXIS": len(shape)}
    cards |= {f"NAXIS{n}": length for n, length in enumerate(reversed(shape), start=1)}
    lines = "".join(f"{name:8}= {value:>20}".ljust(80) for name, value in cards.items())
    return (lines + "END".ljust(80)).ljust(2880).encode() + b"\0" * size


class TestRefusing:
    @pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
    @pytest.mark.parametrize("part", [0.02, 0.6, 0.9])
    @pytest.mark.parametrize("tiled", [False, True])
    def test_a_truncated_file_is_refused(self, pack, part, tiled):
        fluxes = galaxy_fluxes(side=128)
        content = pack(written(fits.CompImageHDU(fluxes) if tiled else fluxes))
        said = refusal(content[: int(part * len(content))])
        assert "damaged or cut short" in said or "holds no image" in said

    def test_missing_padding_at_the_end_is_no_fault(self):
        content = written(galaxy_fluxes())
        assert read_image(content[: 2880 + 64 * 64 * 4]).shape == (64, 64, 3)

    def test_a_file_without_an_image_is_refused_with_what_it_holds(self):
        table = fits.BinTableHDU.from_columns(
            [fits.Column("x", "E", array=[1.0, 2.0]), fits.Column("y", "J", array=[1, 2])], name="cat"
        )
        said = refusal(written(fits.PrimaryHDU(), table))
        assert "no image of a galaxy, only 0 primary (empty); 1 cat (a table of 2 rows and 2 columns)" in said
        assert "give one with an image of one band, or of three" in said

    @pytest.mark.parametrize(
        ("shape", "said"),
        [
            ((500,), "one row of 500 numbers, as of a spectrum"),
            ((1, 500), "one row of 500 numbers"),
            ((2, 5, 20, 20), "4 axes of 20×20×5×2"),
            ((40, 20, 20), "a cube of 20×20×40, whose planes are not known to be bands"),
            ((5, 20, 20), "a cube of 20×20×5"),
        ],
    )
    def test_spectra_and_cubes_are_refused(self, shape, said):
        assert said in refusal(written(np.zeros(shape, np.float32)))

    def test_an_image_without_any_number_is_refused(self):
        assert "no pixel with a number" in refusal(written(np.full((32, 32), np.nan)))
        cube = np.stack([galaxy_fluxes(), np.full((64, 64), np.inf), galaxy_fluxes()])
        assert "no pixel with a number in one of its bands" in refusal(written(cube))

    @pytest.mark.parametrize("shape", [(4, 4), (15, 200), (3, 15, 100)])
    def test_an_image_too_small_for_a_galaxy_is_refused(self, shape):
        assert f"{shape[-1]}×{shape[-2]} pixels, too small" in refusal(written(np.zeros(shape, np.float32)))

    def test_an_image_that_is_not_there_is_refused_with_those_that_are(self):
        with pytest.raises(ImageError, match=r"no image “u”; it has “colour of i, r, g”, “1 i \(64×64\)”"):
            read_exposure(with_bands(), "u")

    @pytest.mark.parametrize(
        "content", [gzip.compress(b"GalaxyID,Class1.1\n", mtime=0), b"\x1f\x8b and no more", b"BZh9"]
    )
    def test_what_is_packed_and_no_fits_is_refused(self, content):
        assert "holds no FITS" in refusal(content) or "cannot be read" in refusal(content)


class TestBounds:
    @pytest.mark.parametrize("shape", [(30_000, 30_000), (3, 12_000, 12_000), (1_000_000, 1_000_000)])
    def test_an_image_of_too_many_pixels_is_refused_from_its_header(self, shape):
        said = refusal(claiming(shape))
        assert f"{shape[-1]:,}×{shape[-2]:,} pixels" in said
        assert "more than the 400 million that are read: cut out the galaxy" in said

    def test_a_header_that_claims_more_than_there_is_costs_no_memory(self):
        content = claiming((18_000, 18_000))
        read_image(written(galaxy_fluxes()))  # imports
        tracemalloc.start()
        with contextlib.closing(contextlib.ExitStack()) as stack:
            stack.callback(tracemalloc.stop)
            assert "damaged or cut short" in refusal(content)
            assert tracemalloc.get_traced_memory()[1] < 5e6

    def test_a_large_image_is_read_in_strips(self, tmp_path, monkeypatch):
        monkeypatch.setattr(fits_files, "SHOWN_PIXELS", 500 * 500)  # the stretch takes little then
        path = tmp_path / "large.fits"
        with path.open("wb") as file:  # 25 million pixels of sky, sparse on disk
            file.write(claiming((5_000, 5_000), kind=16, size=0))
            file.truncate(2880 + 2 * 5_000**2)
        tracemalloc.start()
        with contextlib.closing(contextlib.ExitStack()) as stack:
            stack.callback(tracemalloc.stop)
            exposure = read_exposure(path)
            assert tracemalloc.get_traced_memory()[1] < 60e6  # the whole of it as floats: 100 MB
        assert exposure.picture.shape == (500, 500, 3)
        assert "averaged 10 by 10" in exposure.notes[0]

    @pytest.mark.parametrize("packer", [gzip, bz2])
    def test_a_packed_bomb_is_refused(self, monkeypatch, packer):
        monkeypatch.setattr(fits_files, "MAX_UNPACKED_BYTES", 2**20)
        bomb = packer.compress(written(np.zeros((600, 600), np.float32)))
        assert len(bomb) < 10_000
        assert "takes more than 1 MiB unpacked" in refusal(bomb)

    def test_a_tile_that_is_too_large_is_refused(self, monkeypatch):
        monkeypatch.setattr(fits_files, "MAX_TILE_PIXELS", 64 * 64 - 1)
        tiled = written(fits.CompImageHDU(galaxy_fluxes(), tile_shape=(64, 64)))
        assert "compressed in tiles of 4,096 pixels" in refusal(tiled)

    @settings(max_examples=50)
    @given(st.data())
    def test_damaged_files_are_read_or_refused_and_nothing_else(self, data):
        tiled = data.draw(st.booleans())
        fluxes = np.ones((20, 20), np.float32)
        content = bytearray(written(fits.CompImageHDU(fluxes) if tiled else with_header(fluxes, **on_the_sky())))
        for _ in range(data.draw(st.integers(1, 6))):
            place = data.draw(st.integers(0, len(content) - 1))
            content[place] = data.draw(st.integers(0, 255) | st.sampled_from(b" 0129TF'=/-"))
        with contextlib.suppress(ImageError):
            assert read_exposure(bytes(content)).picture.dtype == np.uint8


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


class TestPosition:
    def test_the_middle_and_the_scale_are_given(self):
        position = read_exposure(written(with_header(galaxy_fluxes(), **on_the_sky(0.396)))).position
        assert (position.ra_deg, position.dec_deg) == (pytest.approx(202.47, abs=1e-6), pytest.approx(47.2, abs=1e-6))
        assert position.pixel_scale_arcsec == pytest.approx(0.396, rel=1e-6)

    def test_an_even_image_and_its_half_have_middles_half_a_field_apart(self):
        cards = on_the_sky(1.0)
        upper = read_exposure(written(with_header(galaxy_fluxes()[:32], **cards))).position
        assert upper.dec_deg == pytest.approx(47.2 - 16 / 3600, abs=1e-6)  # the first rows are the southern ones

    def test_galactic_coordinates_become_equatorial(self):
        cards = on_the_sky() | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN", "CRVAL1": 104.8515, "CRVAL2": 68.5607}
        position = read_exposure(written(with_header(galaxy_fluxes(), **cards))).position
        assert position.ra_deg == pytest.approx(202.4696, abs=0.001)  # M 51
        assert position.dec_deg == pytest.approx(47.1952, abs=0.001)

    def test_of_averaged_pixels_the_scale_is_theirs(self, monkeypatch):
        monkeypatch.setattr(fits_files, "SHOWN_PIXELS", 32 * 32)
        exposure = read_exposure(written(with_header(galaxy_fluxes(), **on_the_sky(0.4))))
        assert exposure.position == Position(pytest.approx(202.47), pytest.approx(47.2), pytest.approx(0.8, rel=1e-6))

    def test_the_bands_of_a_colour_picture_give_its_position(self):
        units = [with_header(galaxy_fluxes(), FILTER=band, **on_the_sky()) for band in "gri"]
        assert read_exposure(written(*units)).position.ra_deg == pytest.approx(202.47)

    def test_a_tile_compressed_image_has_its_position(self):
        tiled = fits.CompImageHDU(galaxy_fluxes(), header=with_header(galaxy_fluxes(), **on_the_sky()).header)
        assert read_exposure(written(tiled)).position.dec_deg == pytest.approx(47.2)

    def test_without_coordinates_there_is_no_position_and_no_word_of_it(self):
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
    def test_coordinates_that_make_no_sense_are_a_note_and_no_error(self, cards):
        exposure = read_exposure(written(with_header(galaxy_fluxes(), **(on_the_sky() | cards))))
        assert exposure.picture.shape == (64, 64, 3)
        assert exposure.position is None
        assert "its sky coordinates make no sense" in "; ".join(exposure.notes)

    def test_dates_and_keywords_of_old_are_no_obstacle(self):
        cards = on_the_sky() | {"RADECSYS": "FK5", "EQUINOX": 2000.0, "DATE-OBS": "31/12/98", "MJD-OBS": 1.0}
        assert read_exposure(written(with_header(galaxy_fluxes(), **cards))).position.dec_deg == pytest.approx(47.2)

    def test_a_mirrored_and_a_turned_picture_are_said_so(self):
        assert "mirrored" not in notes_of(written(with_header(galaxy_fluxes(), **on_the_sky())))
        assert "north is" not in notes_of(written(with_header(galaxy_fluxes(), **on_the_sky(turned_deg=5.0))))
        mirrored = notes_of(written(with_header(galaxy_fluxes(), **on_the_sky(mirrored=True))))
        assert "it is mirrored: with north up, east is on the right" in mirrored
        turned = notes_of(written(with_header(galaxy_fluxes(), **on_the_sky(turned_deg=30.0))))
        assert "north is 30° to the right of up" in turned
        assert "north is 30° to the left of up" in notes_of(
            written(with_header(galaxy_fluxes(), **on_the_sky(turned_deg=-30.0)))
        )

    @pytest.mark.parametrize(("angle", "said"), [(0.0, ""), (30.0, "north is 30° to the right of up")])
    def test_the_axes_may_stand_in_either_order(self, angle, said):
        cards = on_the_sky(turned_deg=angle)
        pairs = [("CTYPE1", "CTYPE2"), ("CRVAL1", "CRVAL2"), ("CD1_1", "CD2_1"), ("CD1_2", "CD2_2")]
        cards |= {one: cards[other] for pair in pairs for one, other in (pair, pair[::-1])}
        exposure = read_exposure(written(with_header(galaxy_fluxes(), **cards)))
        assert (exposure.position.ra_deg, exposure.position.dec_deg) == pytest.approx((202.47, 47.2))
        assert "; ".join(exposure.notes[1:]) == said

    def test_a_galactic_picture_is_turned_by_the_angle_between_the_norths(self):
        cards = on_the_sky() | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN", "CRVAL1": 100.0, "CRVAL2": 60.0}
        middle, above = (SkyCoord(100, latitude, unit="deg", frame="galactic").icrs for latitude in (60, 60.001))
        up = middle.position_angle(above).deg  # of galactic north, from north through east
        assert f"north is {360 - up:.0f}° to the left of up" in notes_of(written(with_header(galaxy_fluxes(), **cards)))

    def test_tables_of_distortions_elsewhere_in_the_file_are_followed(self, monkeypatch):
        shifted = hst_exposure(shift_pixels=3.0)
        position = read_exposure(shifted).position
        step = 0.4 / 3600 / np.cos(np.radians(47.2))
        assert (position.ra_deg, position.dec_deg) == pytest.approx((202.47 - 3 * step, 47.2), abs=1e-7)
        monkeypatch.setattr(fits_position, "MOST_CORRECTIONS", 10)
        assert "make no sense (the table WCSDVARR has 30 numbers)" in notes_of(shifted)


@pytest.mark.parametrize("bits", [range(0, 40), range(40, 80)])
def test_a_flipped_bit_in_a_compressed_image_is_read_or_refused(bits):
    """The reader of compressed tiles raises bare exceptions of many kinds."""
    values = (np.random.default_rng(0).normal(size=(128, 128)) * 100).astype(np.int32)
    content = written(fits.CompImageHDU(values))
    said = set()
    for bit in bits:
        place = len(content) - 2880 - 97 * bit
        damaged = content[:place] + bytes([content[place] ^ 1 << bit % 8]) + content[place + 1 :]
        try:
            assert read_image(damaged).shape == (128, 128, 3)
        except ImageError as error:
            said.add(str(error)[:30])
    assert said <= {"the FITS file cannot be read ("}


def test_more_axes_than_there_may_be_are_not_counted():
    content = claiming((64, 64)).replace(f"{2:>20}".encode(), b"         99999999999", 1)
    assert b"NAXIS   =          99999999999" in content
    assert "says that it has 1,000 axes or more; it is damaged" in refusal(content)
