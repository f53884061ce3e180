"""FITS pictures: which images of a file become red, green and blue."""

import numpy as np
import pytest
from astropy.io import fits
from fits_files import bands, fluxes_of_levels, galaxy_fluxes, with_bands, with_header, written

from galaxy_explorer.images import read_exposure, read_image, stretch


class TestColours:
    def test_three_extensions_make_a_colour_picture_of_i_r_g(self):
        exposure = read_exposure(with_bands())
        assert exposure.name == "colour of i, r, g"
        assert exposure.choices == ("colour of i, r, g", "1 i (64×64)", "2 r (64×64)", "3 g (64×64)")
        red, green, blue = exposure.picture[20:30, 40:50].reshape(-1, 3).mean(axis=0)
        assert red > 1.15 * green > 1.3 * blue
        assert read_exposure(with_bands(), "2 r (64×64)").notes[0].startswith("shown in grey")

    @pytest.mark.parametrize(
        ("names", "reddest_first"),
        [
            ("gri", "i, r, g"),
            ("RGB", "r, g, b"),
            (("BLUE", "GREEN", "RED"), "r, g, b"),
            ("grz", "z, r, g"),
            ("ugriz", "i, r, g"),
            ("BVR", "r, v, b"),
        ],
    )
    def test_the_longest_waves_are_red_whatever_the_order(self, names, reddest_first):
        units = [fits.ImageHDU(galaxy_fluxes(), name=name) for name in names]
        assert read_exposure(written(fits.PrimaryHDU(), *units)).name == f"colour of {reddest_first}"

    @pytest.mark.parametrize(
        ("key", "cards"),
        [
            ("FILTER", ("SDSS g", "SDSS r", "SDSS i")),
            ("FILTER", ("g.MP9401", "r.MP9601", "i.MP9702")),
            ("FILTER", ("HSC-G", "HSC-R2", "HSC-I2")),
            ("HIERARCH FPA.FILTERID", ("g.00000", "r.00000", "i.00000")),
            (
                "FILTER",
                ("g DECam SDSS c0001 4720.0 1520.0", "r DECam SDSS c0002 6415.0 1480.0", "i DECam SDSS c0003 7835"),
            ),
            ("FILTER", ("OCAM_g_SDSS", "OCAM_r_SDSS", "OCAM_i_SDSS")),
            ("FILTER", ("gSDSS", "rSDSS", "iSDSS")),
            ("FILTER", ("gp", "rp", "ip")),
            ("EXTNAME", ("GIMG", "RIMG", "IIMG")),
            ("BAND", ("g", "r", "i")),
        ],
    )
    def test_bands_are_known_by_the_filter_in_the_header(self, key, cards):
        units = [with_header(plane, **{key: card}) for plane, card in zip(bands().values(), cards, strict=True)]
        assert read_exposure(written(fits.PrimaryHDU(), *units)).name == "colour of i, r, g"

    def test_filters_that_are_not_known_are_named(self):
        units = [with_header(galaxy_fluxes(), FILTER=name) for name in ("F435W", "F606W", "F814W")]
        assert read_exposure(written(*units)).notes[0] == (
            "the filters F435W, F606W, F814W are not known here, so one of them is shown alone"
        )

    @pytest.mark.parametrize("name", ["MSK", "WGT"])
    def test_a_mask_or_weights_of_the_dark_energy_survey_are_no_band(self, name):
        companions = [with_header(np.ones((64, 64), np.int16), EXTNAME=name, FILTER=band) for band in "gri"]
        images = [with_header(plane, EXTNAME="SCI", FILTER=band) for band, plane in bands().items()]
        exposure = read_exposure(written(fits.PrimaryHDU(), *companions, *images))
        assert exposure.name == "colour of i, r, g"
        np.testing.assert_array_equal(exposure.picture, read_image(written(fits.PrimaryHDU(), *images)))

    def test_images_of_different_shapes_or_unknown_bands_make_no_colour(self):
        shapes = [
            fits.ImageHDU(galaxy_fluxes(side=side), name=name) for side, name in ((64, "g"), (64, "r"), (48, "i"))
        ]
        unknown = [fits.ImageHDU(galaxy_fluxes(), name=name) for name in ("one", "two", "three")]
        for units in (shapes, unknown):
            exposure = read_exposure(written(fits.PrimaryHDU(), *units))
            assert len(exposure.choices) == 3
            assert (exposure.picture[..., 0] == exposure.picture[..., 2]).all()

    def test_a_line_of_hydrogen_is_not_the_h_band(self):
        units = [with_header(galaxy_fluxes(), FILTER=name) for name in ("J", "K", "H-alpha")]
        assert "colour" not in read_exposure(written(*units)).name

    def test_bands_of_different_sizes_have_a_note(self):
        sizes = {"i": 64, "r": 63, "g": 64}
        units = [fits.ImageHDU(galaxy_fluxes()[:height], name=name) for name, height in sizes.items()]
        exposure = read_exposure(written(fits.PrimaryHDU(), *units))
        assert exposure.notes[0] == (
            "its bands i, r, g make no colour picture, since their sizes differ: i has 64×64, r has 64×63, g has 64×64 "
            "pixels"
        )
        units.insert(0, fits.ImageHDU(galaxy_fluxes(side=32), name="u"))  # but one more of another size is none
        units[2] = fits.ImageHDU(galaxy_fluxes(), name="r")
        assert read_exposure(written(fits.PrimaryHDU(), *units)).name == "colour of i, r, g"

    @pytest.mark.parametrize("name", ["CON", "CTX", "CONTEXT", "COVERAGE", "", "LAYERS"])
    def test_a_cube_of_counts_or_bits_next_to_the_image_is_not_one_in_colour(self, name):
        cube = np.random.default_rng(0).integers(0, 2**20, (3, 64, 64)).astype(np.int32)
        for image in ("SCI", "IMAGE", ""):
            units = [fits.ImageHDU(galaxy_fluxes(), name=image), fits.ImageHDU(cube, name=name)]
            for order in (units, units[::-1]):
                found = read_exposure(written(fits.PrimaryHDU(), *order))
                np.testing.assert_array_equal(found.picture, read_image(written(galaxy_fluxes())))

    def test_the_main_image_is_read_before_a_cube_of_something_else(self):
        main = with_header(galaxy_fluxes(), EXTNAME="SCI", BUNIT="MJy/sr")
        cube = np.stack([galaxy_fluxes(seed + 5) for seed in range(3)])
        for cards in ({}, {"BANDS": "irg", "BUNIT": "s"}):
            other = with_header(cube, **cards)
            assert "sci" in read_exposure(written(fits.PrimaryHDU(), other, main)).name
        named = with_header(cube, BANDS="irg", BUNIT="MJy/sr")
        assert read_exposure(written(fits.PrimaryHDU(), main, named)).notes[0] == "its colours are i, r, g"

    @pytest.mark.parametrize(
        "name",
        ["CTX", "CONTEXT", "COVERAGE", "NIMAGE", "CHI2", "DEPTH", "RESIDUAL", "NOISE", "STAT", "0-1.FLG", "STDEV"],
    )
    def test_companions_are_not_read_first(self, name):
        units = [fits.ImageHDU(galaxy_fluxes(seed), name=one) for seed, one in enumerate((name, "SCI"))]
        assert read_exposure(written(fits.PrimaryHDU(), *units)).name == "2 sci (64×64)"
        units[1].name = "NGC 1"
        assert read_exposure(written(fits.PrimaryHDU(), *units)).name == "2 ngc 1 (64×64)"

    @pytest.mark.parametrize(("key", "kind"), [("HDUCLAS2", "ERROR"), ("EXTTYPE", "MASK")])
    def test_companions_are_known_by_their_class_too(self, key, kind):
        units = [with_header(galaxy_fluxes(), EXTNAME="A", **{key: kind}), with_header(galaxy_fluxes(1), EXTNAME="B")]
        assert read_exposure(written(fits.PrimaryHDU(), *units)).name == "2 b (64×64)"

    @pytest.mark.parametrize("last", [False, True])
    def test_a_cube_of_three_planes_is_red_green_and_blue(self, last):
        cube = np.stack(list(bands().values()))
        exposure = read_exposure(written(np.ascontiguousarray(np.moveaxis(cube, 0, -1)) if last else cube))
        np.testing.assert_array_equal(exposure.picture, read_image(with_bands()))
        assert exposure.notes == ("its header does not name the bands, and its first plane was taken for the reddest",)

    @pytest.mark.parametrize(
        "cards",
        [
            {"BANDS": "gri"},
            {"BAND0": "g", "BAND1": "r", "BAND2": "i"},
            {"BAND1": "g", "BAND2": "r", "BAND3": "i"},
            {"FILTER1": "SDSS g", "FILTER2": "SDSS r", "FILTER3": "SDSS i"},
            {"FILTER0": "g", "FILTER1": "r", "FILTER2": "i"},
            *(
                {"BANDS": text}
                for text in ("g,r,i", "g r i", "('g', 'r', 'i')", '["g","r","i"]', "g; r; i", "HSC-G, HSC-R2, HSC-I2")
            ),
            {"FILTER": "g,r,i"},
            {"FILTERS": "sdss_g,sdss_r,sdss_i"},
        ],
        ids=lambda cards: " ".join(cards.values()),
    )
    def test_a_cube_whose_header_names_its_bands_is_put_in_order(self, cards):
        exposure = read_exposure(written(with_header(np.stack(list(bands().values()))[::-1], **cards)))
        np.testing.assert_array_equal(exposure.picture, read_image(with_bands()))
        assert exposure.notes == ("its colours are i, r, g",)

    def test_three_of_four_named_planes_are_taken(self):
        planes = bands()
        cube = np.stack([planes["g"], planes["r"], planes["i"], planes["g"]])
        np.testing.assert_array_equal(read_image(written(with_header(cube, BANDS="griz"))), read_image(with_bands()))

    @pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
    def test_the_levels_of_a_finished_picture_stay_as_they_are(self, draw_galaxy, kind):
        picture = draw_galaxy(3, 40, 30)
        exposure = read_exposure(written(np.moveaxis(picture, -1, 0)[:, ::-1].astype(kind)))
        np.testing.assert_array_equal(exposure.picture, picture)
        assert "taken for a finished picture" in exposure.notes[-1]

    def test_sky_and_bright_light_get_the_levels_that_the_guide_names(self):
        fluxes = np.random.default_rng(0).normal(size=(3, 500, 500)).astype(np.float32)
        colours = stretch.to_levels(fluxes)
        assert colours.std(axis=(0, 1)) == pytest.approx([3.1, 3.0, 2.6], abs=0.05)
        assert np.median(colours, axis=(0, 1)).tolist() == [3, 3, 3]
        fluxes[0, :2] = np.array([[150.0], [300.0]])
        assert stretch.to_levels(fluxes[:1])[:2, 0, 0].astype(int) == pytest.approx([154, 191], abs=1)

    def test_a_real_galaxy_comes_back_from_its_fluxes_nearly_as_it_was(self, sample):
        picture = sample.picture("100053")
        units = np.array([2e-9, 1e-9, 3e-10])[:, np.newaxis, np.newaxis]
        cube = fluxes_of_levels(picture) * units + 1e-8
        found = read_image(written(with_header(cube, BANDS="irg")))
        # Not exactly: the noise of this one picture is not that of the average of 150.
        assert np.abs(found.astype(int) - picture).mean() < 4
        bright = picture.mean(axis=-1) > 60
        assert np.corrcoef(found[bright].ravel(), picture[bright].ravel())[0, 1] > 0.95
