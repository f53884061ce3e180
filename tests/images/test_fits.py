"""FITS pictures: every way in which an image may lie in the file, and its values."""

import bz2
import gzip
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from astropy.io import fits
from fits_files import bands, galaxy_fluxes, stored_as, with_bands, with_header, written

from galaxy_explorer.images import read_exposure, read_image, stem_of
from galaxy_explorer.images.formats import fits_pixels


def brightest(picture):
    """Row and column of the brightest part of a picture, as parts of its sides."""
    light = picture.astype(float).sum(axis=-1)
    rows, columns = np.nonzero(light > 0.8 * light.max())
    return rows.mean() / picture.shape[0], columns.mean() / picture.shape[1]


class TestOneBand:
    def test_it_is_grey_with_a_note(self):
        exposure = read_exposure(written(galaxy_fluxes()))
        assert (exposure.picture.dtype, exposure.picture.shape) == (np.uint8, (64, 64, 3))
        assert (exposure.picture[..., :1] == exposure.picture).all()
        assert exposure.notes == (
            "shown in grey; the networks were trained on colour pictures, so treat their predictions with care",
        )
        assert exposure.choices == (exposure.name,) == ("0 (64×64)",)

    def test_its_first_row_is_at_the_bottom(self):
        row, column = brightest(read_image(written(galaxy_fluxes())))
        assert row == pytest.approx(0.4, abs=0.03)  # 0.6 from the bottom
        assert column == pytest.approx(0.7, abs=0.03)

    def test_the_sky_is_nearly_black_and_the_galaxy_bright(self):
        picture = read_image(written(galaxy_fluxes()))
        assert 2 < np.median(picture[-20:, :20]) < 8
        assert 120 < picture.max() < 180

    @pytest.mark.parametrize("unit", [1e-9, 1.0, 3e5])
    @pytest.mark.parametrize("sky", [0.0, -40.0, 1000.0])
    def test_unit_and_sky_level_make_no_difference(self, unit, sky):
        wanted = read_image(written(galaxy_fluxes(sky=0.0)))
        found = read_image(written((galaxy_fluxes(sky=0.0).astype(float) + sky) * unit))
        assert np.abs(found.astype(int) - wanted).max() <= 1

    def test_a_much_deeper_image_is_not_burnt_out(self):
        picture = read_image(written(galaxy_fluxes(peak=1e5)))
        assert 180 < np.percentile(picture, 99.5) < 210
        assert (picture == 255).mean() < 0.005

    @pytest.mark.parametrize("noise", [0.0, 1e-7])
    def test_a_simulation_without_noise_is_scaled_by_its_light(self, noise):
        picture = read_image(written(galaxy_fluxes(noise=noise, sky=0.0)))
        assert 180 < np.percentile(picture, 99.5) < 210
        assert picture[-1, 0].max() < 10

    @pytest.mark.parametrize("unit", [1e-9, 1e6])
    def test_one_small_source_without_noise_is_scaled_by_its_light(self, unit):
        fluxes = np.zeros((64, 64))
        fluxes[30:32, 40:42] = unit  # fewer pixels than stand for the brightest light
        picture = read_image(written(fluxes))
        assert 180 < picture.max() < 210
        assert brightest(picture) == pytest.approx((32.5 / 64, 40.5 / 64))

    def test_a_flat_image_is_black(self):
        assert read_image(written(np.full((32, 32), 7.5, np.float32))).max() < 10

    @pytest.mark.parametrize("kind", [">i2", ">u2", ">i4", ">f4", ">f8", ">i8"])
    def test_every_type_of_number_gives_the_same_picture(self, kind):
        fluxes = np.clip(np.rint(galaxy_fluxes(sky=30.0, noise=4.0)), 0, 255)
        wanted = read_image(written(fluxes.astype(np.float32)))
        np.testing.assert_allclose(read_image(written(fluxes.astype(kind))).astype(int), wanted, atol=1)

    def test_scaled_integers_and_blank_ones_are_what_they_stand_for(self):
        fluxes = galaxy_fluxes(sky=0.0)
        stored = np.rint((50 - fluxes) / 0.01).astype(np.int16)
        stored[:4] = -32768
        content = written(with_header(stored, BSCALE=-0.01, BZERO=50.0, BLANK=-32768))
        exposure = read_exposure(content)
        np.testing.assert_allclose(exposure.picture[:-4].astype(int), read_image(written(fluxes))[:-4], atol=2)
        assert (exposure.picture[-4:] == exposure.picture[-1, 0]).all()
        assert exposure.notes[0] == "6 % of its pixels are blank, NaN or infinite and are shown as sky"

    @pytest.mark.parametrize(
        ("stored", "cards"),
        [
            (0, {}),
            (0, {"BSCALE": 0.1, "BZERO": -12.3}),
            (-32768, {"BZERO": 32768}),  # unsigned
            (0, {"BZERO": 32768.0, "BSCALE": 1.0}),
            (32767, {"BZERO": 32768}),
        ],
    )
    @pytest.mark.parametrize("kind", ["i2", "i4"])
    @pytest.mark.parametrize("tiled", [False, True])
    def test_blank_pixels_are_known_by_their_stored_value_whatever_it_is(self, stored, cards, kind, tiled):
        numbers = np.rint(galaxy_fluxes(sky=200.0, noise=4.0)).astype(kind)
        numbers[:, :8] = stored
        exposure = read_exposure(stored_as(numbers, tiled, BLANK=stored, **cards))
        assert exposure.notes[0] == "12 % of its pixels are blank, NaN or infinite and are shown as sky"
        assert exposure.picture.max() > 50

    def test_blank_signed_bytes_and_wide_integers_are_known(self):
        for kind, zero, stored in (("u1", -128, 0), ("i4", 2**31, -5), ("i8", 2**63, 7), ("i8", 0, 0)):
            numbers = np.rint(galaxy_fluxes(sky=40.0, noise=4.0)).astype(kind)
            numbers[:, :8] = stored
            content = stored_as(numbers, BLANK=stored, BZERO=zero)
            assert "12 % of its pixels are blank" in "; ".join(read_exposure(content).notes)

    @pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf, 1e300])
    def test_pixels_without_a_number_are_shown_as_sky(self, hole):
        fluxes = galaxy_fluxes().astype(float)
        fluxes[:, :8] = hole
        exposure = read_exposure(written(fluxes))
        assert "12 % of its pixels are blank" in exposure.notes[0]
        assert 2 <= exposure.picture[:, :8].max() <= 8
        assert brightest(exposure.picture)[1] == pytest.approx(0.7, abs=0.03)

    def test_axes_of_length_one_do_not_count(self):
        fluxes = galaxy_fluxes()
        np.testing.assert_array_equal(read_image(written(fluxes[np.newaxis, np.newaxis])), read_image(written(fluxes)))


class TestFiles:
    def test_a_path_a_text_bytes_and_an_open_file_read_alike(self, tmp_path):
        path = tmp_path / "galaxy.fits"
        path.write_bytes(with_bands())
        with path.open("rb") as file:
            readings = [read_image(path), read_image(str(path)), read_image(path.read_bytes()), read_image(file)]
        for reading in readings[1:]:
            np.testing.assert_array_equal(reading, readings[0])
        readings[0][0, 0] = 7  # writable

    @pytest.mark.parametrize(
        "name",
        [
            "a b.fits",
            "a b.FIT",
            "a b.fts",
            "a b.fits.gz",
            "a b.FITS.bz2",
            "a b.fits.fz",
            "a b.fit.fz",
            "a b.fz",
            "a b.jpg",
        ],
    )
    def test_the_stem_of_a_name_is_without_its_whole_ending(self, name):
        assert stem_of(name) == "a b"

    @pytest.mark.parametrize("packer", [gzip, bz2])
    def test_a_packed_file_reads_as_the_file(self, tmp_path, packer):
        (tmp_path / "galaxy.fits").write_bytes(packer.compress(with_bands()))  # whatever its name
        np.testing.assert_array_equal(read_image(tmp_path / "galaxy.fits"), read_image(with_bands()))

    @pytest.mark.parametrize("compression", ["RICE_1", "GZIP_2", "HCOMPRESS_1"])
    def test_a_tile_compressed_image_reads_as_the_image(self, compression):
        fluxes = np.rint(galaxy_fluxes() * 10).astype(np.int32)
        tiled = fits.CompImageHDU(fluxes, compression_type=compression, name="sci")
        exposure = read_exposure(written(tiled))
        np.testing.assert_array_equal(exposure.picture, read_image(written(fluxes)))
        assert exposure.name == "1 sci (64×64)"

    def test_tile_compressed_bands_make_a_colour_picture(self):
        tiled = [fits.CompImageHDU(plane, name=name) for name, plane in bands().items()]
        found, wanted = read_exposure(written(*tiled)), read_image(with_bands())
        assert found.name == "colour of i, r, g"
        assert np.abs(found.picture.astype(int) - wanted).mean() < 2  # quantised

    def test_maps_of_errors_and_tables_are_skipped(self):
        table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0, 2.0])], name="cat")
        units = [fits.ImageHDU(galaxy_fluxes(n), name=name) for n, name in enumerate(["err", "dq", "sci"])]
        exposure = read_exposure(written(fits.PrimaryHDU(), table, *units))
        assert exposure.name == "4 sci (64×64)"
        assert exposure.choices == ("2 err (64×64)", "3 dq (64×64)", "4 sci (64×64)")
        assert read_exposure(written(fits.PrimaryHDU(), table, *units), "2 err (64×64)").name == "2 err (64×64)"

    def test_a_large_image_is_averaged_and_keeps_its_look(self, monkeypatch):
        monkeypatch.setattr(fits_pixels, "SHOWN_PIXELS", 64 * 64)
        monkeypatch.setattr(fits_pixels, "STRIP_PIXELS", 64 * 20)  # many strips
        fluxes = np.kron(galaxy_fluxes(), np.ones((3, 3), np.float32))
        fluxes[0, 0] = np.nan
        found = read_exposure(written(fluxes[:, :-1]))
        assert found.picture.shape == (64, 63, 3)
        assert "its 191×192 pixels were averaged 3 by 3" in found.notes
        np.testing.assert_allclose(found.picture.astype(int), read_image(written(galaxy_fluxes()))[:, :-1], atol=3)
        for tile in ((1, 192), (64, 64), (192, 192)):
            tiled = fits.CompImageHDU(np.rint(fluxes[1:] * 10).astype(np.int32), tile_shape=tile)
            np.testing.assert_allclose(read_image(written(tiled)).shape, (63, 64, 3))

    def test_headers_against_the_standard_are_accepted(self):
        content = written(with_header(galaxy_fluxes(), BLANK=5, OBJECT="NGC 1"))  # BLANK is for integers
        content = content.replace(b"OBJECT  = 'NGC 1   '", b"OBJECT  = NGC 1     ")
        assert read_image(content).shape == (64, 64, 3)

    def test_many_threads_read_what_one_reads(self):
        contents = [with_bands(), written(galaxy_fluxes()), gzip.compress(written(galaxy_fluxes(3)))]
        contents.append(written(fits.CompImageHDU(galaxy_fluxes(4))))
        start = threading.Barrier(8)

        def read_all(_):
            start.wait()
            return [read_image(content).sum() for content in contents * 3]

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(read_all, range(8)))
        assert results == [[read_image(content).sum() for content in contents * 3]] * 8
