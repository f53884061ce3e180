"""FITS files without an image of a galaxy are rejected, within bounds of memory and time."""

import bz2
import contextlib
import gzip
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits
from fits_files import galaxy_fluxes, on_the_sky, with_bands, with_header, written
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_files import refusal

from galaxy_explorer.images import ImageError, read_exposure, read_image
from galaxy_explorer.images.formats import fits_files, fits_pixels


def claiming(shape, kind=-32, size=2880):
    """The start of a FITS file that claims a shape, in numpy's order, and a few bytes of data."""
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
        message = refusal(content[: int(part * len(content))])
        assert "damaged or cut short" in message or "holds no image" in message

    def test_missing_padding_at_the_end_is_accepted(self):
        content = written(galaxy_fluxes())
        assert read_image(content[: 2880 + 64 * 64 * 4]).shape == (64, 64, 3)

    def test_a_file_without_an_image_is_refused_with_what_it_holds(self):
        table = fits.BinTableHDU.from_columns(
            [fits.Column("x", "E", array=[1.0, 2.0]), fits.Column("y", "J", array=[1, 2])], name="cat"
        )
        message = refusal(written(fits.PrimaryHDU(), table))
        assert "no image of a galaxy, only 0 primary (empty); 1 cat (a table of 2 rows and 2 columns)" in message
        assert "use one with an image of one band, or of three" in message

    @pytest.mark.parametrize(
        ("shape", "message"),
        [
            ((500,), "one row of 500 numbers, as of a spectrum"),
            ((1, 500), "one row of 500 numbers"),
            ((2, 5, 20, 20), "4 axes of 20×20×5×2"),
            ((40, 20, 20), "a cube of 20×20×40, with more planes than 12 bands"),
            ((5, 20, 20), "a cube of 20×20×5, whose planes are not known to be bands"),
        ],
    )
    def test_spectra_and_cubes_are_refused(self, shape, message):
        assert f"only 0 primary ({message}" in refusal(written(np.zeros(shape, np.float32)))

    def test_an_image_without_any_number_is_refused(self):
        assert "without any finite pixel" in refusal(written(np.full((32, 32), np.nan)))
        cube = np.stack([galaxy_fluxes(), np.full((64, 64), np.inf), galaxy_fluxes()])
        assert "has a band without any finite pixel" in refusal(written(cube))

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
        message = refusal(claiming(shape))
        assert f"{shape[-1]:,}×{shape[-2]:,} pixels" in message
        assert "more than the 400 million that are read: cut out the galaxy" in message

    def test_a_header_that_claims_more_than_there_is_costs_no_memory(self):
        content = claiming((18_000, 18_000))
        read_image(written(galaxy_fluxes()))  # imports
        tracemalloc.start()
        with contextlib.closing(contextlib.ExitStack()) as stack:
            stack.callback(tracemalloc.stop)
            assert "damaged or cut short" in refusal(content)
            assert tracemalloc.get_traced_memory()[1] < 5e6

    def test_a_large_image_is_read_in_strips(self, tmp_path, monkeypatch):
        monkeypatch.setattr(fits_pixels, "SHOWN_PIXELS", 500 * 500)  # the stretch takes little then
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
        monkeypatch.setattr(fits_files, "MAX_UNPACKED_BZIP2_BYTES", 2**20)
        bomb = packer.compress(written(np.zeros((600, 600), np.float32)))
        assert len(bomb) < 10_000
        assert "takes more than 1 MiB unpacked" in refusal(bomb)

    @pytest.mark.parametrize("packer", [gzip, bz2])
    def test_unpacking_stops_where_no_header_is(self, monkeypatch, packer):
        monkeypatch.setattr(fits_files, "MAX_HEADER_BYTES", 2**20)
        for start, message in (
            (b"SIMPLE  =" + bytes(1000), "holds no FITS"),
            (b"SIMPLE  =".ljust(80), "its header does not end"),
        ):
            bomb = packer.compress(start + start[-1:] * 6_000_000)
            tracemalloc.start()
            with contextlib.closing(contextlib.ExitStack()) as stack:
                stack.callback(tracemalloc.stop)
                assert message in refusal(bomb)
                assert tracemalloc.get_traced_memory()[1] < 4e6

    @pytest.mark.parametrize("packer", [gzip, bz2])
    def test_large_files_are_unpacked_to_the_disk(self, monkeypatch, packer):
        content = written(galaxy_fluxes())
        monkeypatch.setattr(fits_files, "UNPACKED_IN_MEMORY", 1000)
        np.testing.assert_array_equal(read_image(packer.compress(content)), read_image(content))

    def test_a_tile_that_is_too_large_is_refused(self, monkeypatch):
        monkeypatch.setattr(fits_pixels, "MAX_TILE_PIXELS", 64 * 64 - 1)
        tiled = written(fits.CompImageHDU(galaxy_fluxes(), tile_shape=(64, 64)))
        assert "compressed in tiles of 4,096 pixels" in refusal(tiled)

    @settings(max_examples=50)
    @given(st.data())
    def test_damaged_files_are_read_or_refused_and_nothing_else(self, data):
        tiled = data.draw(st.booleans())
        fluxes = np.ones((20, 20), np.float32)
        content = bytearray(written(fits.CompImageHDU(fluxes) if tiled else with_header(fluxes, **on_the_sky())))
        for _ in range(data.draw(st.integers(1, 6))):
            offset = data.draw(st.integers(0, len(content) - 1))
            content[offset] = data.draw(st.integers(0, 255) | st.sampled_from(b" 0129TF'=/-"))
        with contextlib.suppress(ImageError):
            assert read_exposure(bytes(content)).picture.dtype == np.uint8


@pytest.mark.parametrize("bits", [range(0, 40), range(40, 80)])
def test_a_flipped_bit_in_a_compressed_image_is_read_or_refused(bits):
    """The reader of compressed tiles raises bare exceptions of many kinds."""
    values = (np.random.default_rng(0).normal(size=(128, 128)) * 100).astype(np.int32)
    content = written(fits.CompImageHDU(values))
    messages = set()
    for bit in bits:
        offset = len(content) - 2880 - 97 * bit
        damaged = content[:offset] + bytes([content[offset] ^ 1 << bit % 8]) + content[offset + 1 :]
        try:
            assert read_image(damaged).shape == (128, 128, 3)
        except ImageError as error:
            messages.add(str(error)[:30])
    assert messages <= {"the FITS file cannot be read ("}


def test_more_axes_than_there_may_be_are_not_counted():
    content = claiming((64, 64)).replace(f"{2:>20}".encode(), b"         99999999999", 1)
    assert b"NAXIS   =          99999999999" in content
    assert "says that it has 1,000 axes or columns or more; it is damaged" in refusal(content)


@pytest.mark.parametrize(
    ("unit", "count"),
    [
        (fits.ImageHDU(np.zeros((20, 20), np.float32)), "NAXIS   =                    2"),
        (fits.CompImageHDU(np.zeros((20, 20), np.float32)), "ZNAXIS  =                    2"),
        (fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])]), "TFIELDS =                    1"),
    ],
    ids=["axes", "axes of a compressed image", "columns"],
)
def test_nor_are_those_of_units_behind_large_ones(unit, count):
    large = fits.PrimaryHDU(np.random.default_rng(0).normal(size=(600, 600)).astype(np.float32))
    large.header.extend([("HISTORY", f"step {number}") for number in range(200)])
    content = written(large, unit)
    start = content.index(b"XTENSION")
    many = content[start:].replace(count.encode(), f"{count[:10]}{10**9:>20}".encode(), 1)
    assert "1,000 axes or columns or more" in refusal(content[:start] + many)
