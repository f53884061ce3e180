"""From a picture to the network's input: field of view, normalisation, views."""

import tracemalloc

import numpy as np
import pytest
from picture_files import encoded, grey
from PIL import Image

from galaxy_explorer.images import central_field, for_prediction, normalise, read_image, tta_views, undo_tta

PACKED = 288 / 424  # the field of a pack of central 288 of 424 pixels


class TestCentralField:
    def test_the_whole_field_at_its_own_size_is_the_picture(self, picture):
        np.testing.assert_array_equal(central_field(picture, 1.0, 64), picture)

    def test_a_crop_takes_the_central_pixels(self, picture):
        np.testing.assert_array_equal(central_field(picture, 0.5, 32), picture[16:48, 16:48])

    def test_a_picture_that_is_not_square_loses_its_long_ends(self, draw_galaxy):
        wide = draw_galaxy(4, height=40, width=100)
        np.testing.assert_array_equal(central_field(wide, 1.0, 40), wide[:, 30:70])
        np.testing.assert_array_equal(central_field(wide.swapaxes(0, 1), 1.0, 40), wide[:, 30:70].swapaxes(0, 1))

    def test_a_small_picture_is_scaled_up(self, draw_galaxy):
        assert central_field(draw_galaxy(5, 20, 20), 0.6, 96).shape == (96, 96, 3)

    def test_fine_patterns_are_averaged_not_aliased(self):
        checks = np.where(np.indices((64, 64)).sum(axis=0) % 2, 255, 0)
        small = central_field(grey(checks), 1.0, 16)
        assert small.min() > 115
        assert small.max() < 140

    def test_nothing_is_shifted(self, draw_galaxy):
        picture = draw_galaxy(6, 60, 60)
        mirrored = central_field(np.ascontiguousarray(picture[::-1, ::-1]), 0.73, 32)[::-1, ::-1]
        assert np.abs(mirrored.astype(int) - central_field(picture, 0.73, 32)).max() <= 1

    @pytest.mark.parametrize(("crop", "size"), [(0.6, 128), (0.5, 64), (1.0, 50), (0.73, 300)])
    def test_a_quarter_turn_of_a_picture_turns_its_field(self, draw_galaxy, crop, size):
        picture = draw_galaxy(9, 211, 211)
        field = central_field(picture, crop, size)
        for turns in (1, 2, 3):
            turned = central_field(np.ascontiguousarray(np.rot90(picture, turns)), crop, size)
            apart = turned != np.rot90(field, turns)
            assert apart.mean() < 1e-4  # a value half-way between two levels
        flipped = central_field(np.ascontiguousarray(picture.swapaxes(0, 1)), crop, size)
        assert (flipped != field.swapaxes(0, 1)).mean() < 1e-4

    @pytest.mark.parametrize(("crop", "size", "side"), [(0.6, 128, 424), (0.5, 64, 50), (1.0, 30, 333)])
    def test_the_filter_is_pillows_but_rounds_once(self, draw_galaxy, crop, size, side):
        picture = draw_galaxy(10, side, side)
        margin = side * (1 - crop) / 2
        box = (margin, margin, side - margin, side - margin)
        bands = [Image.fromarray(picture[..., band].astype(np.float32)) for band in range(3)]
        exact = np.dstack([np.asarray(band.resize((size, size), Image.Resampling.LANCZOS, box=box)) for band in bands])
        assert np.abs(central_field(picture, crop, size) - exact.clip(0, 255)).max() < 0.51

    def test_beyond_a_cropped_picture_lies_its_reflection(self, draw_galaxy):
        picture = draw_galaxy(7, 48, 48)
        wide = central_field(picture, 1.0, 64, field=0.75)
        np.testing.assert_array_equal(wide, np.pad(picture, ((8, 8), (8, 8), (0, 0)), mode="reflect"))

    def test_a_long_picture_is_reflected_only_where_it_ends(self, draw_galaxy):
        picture = draw_galaxy(8, 48, 200)
        wide = central_field(picture, 1.0, 64, field=0.75)
        np.testing.assert_array_equal(wide[8:56], picture[:, 68:132])

    @pytest.mark.parametrize(("crop", "size"), [(0.5, 64), (0.6, 96), (0.6, 128), (PACKED, 128)])
    def test_a_lossless_pack_gives_the_inputs_of_the_originals_within_2_grey_levels(self, sample, crop, size):
        for galaxy in sample.ids:
            original = sample.picture(galaxy)
            apart = differences(original, packed(original, "PNG", compress_level=1), crop, size)
            assert apart.mean() < 0.5
            assert np.percentile(apart, 99.9) <= 2  # pixel by pixel; the largest single one is 5

    @pytest.mark.parametrize(("crop", "size"), [(0.5, 64), (0.6, 128), (PACKED, 128)])
    def test_a_webp_pack_gives_the_inputs_of_the_originals_within_2_grey_levels_on_average(self, sample, crop, size):
        for galaxy in sample.ids:  # single pixels differ by up to 17: the compression's doing
            original = sample.picture(galaxy)
            assert differences(original, packed(original, "WEBP", quality=90), crop, size).mean() < 2

    def test_packs_of_the_challenge_give_the_inputs_of_the_originals(self, shared_data):
        for path in sorted((shared_data / "kaggle" / "images_training_rev1").glob("*.jpg"))[::500]:
            original = read_image(path)
            assert np.percentile(differences(original, packed(original, "PNG", compress_level=1), 0.6, 128), 99.9) <= 2
            assert differences(original, packed(original, "WEBP", quality=90), 0.6, 128).mean() < 2

    def test_a_crop_beyond_a_pack_keeps_the_scale_of_the_originals(self, sample):
        original = sample.picture("100008")
        apart = differences(original, packed(original, "PNG", compress_level=1), 0.8, 128)
        held = slice(12, -12)  # what the pack still holds of the wider field: 0.679 of 0.8
        assert np.percentile(apart[held, held], 99.9) <= 2

    def test_a_wider_field_is_cropped_back(self, sample):
        original = sample.picture("100008")
        padded = np.pad(original, ((44, 44), (44, 44), (0, 0)))
        inner = central_field(padded, 0.5, 128, field=512 / 424)
        np.testing.assert_array_equal(inner, central_field(original, 0.5, 128))
        whole = central_field(padded, 1.0, 128, field=512 / 424).astype(int)
        assert np.abs(whole - central_field(original, 1.0, 128)).mean() < 0.1  # edges see what is beyond them

    def test_a_large_picture_of_a_small_field_is_not_padded_beyond_a_bound(self, draw_galaxy):
        picture = draw_galaxy(3, 1000, 1200)
        tracemalloc.start()
        small = central_field(picture, 1.0, 128, field=0.1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 110_000_000  # padded to 10,000 pixels a side it would take 300 MB, and at 2,000 a side 1.2 GB
        full = central_field(picture[100:900, 100:1100], 1.0, 128, field=0.08)
        assert np.abs(small[58:70, 58:70].astype(int) - full[58:70, 58:70]).mean() < 6

    @pytest.mark.parametrize(
        "arguments",
        [
            *((0.0, 64), (1.1, 64), (-1, 64), (0.5, 0), (float("nan"), 64)),
            *((0.5, 64, field) for field in (0.0, 1e-300, 0.009, float("inf"), float("nan"))),
        ],
    )
    def test_values_out_of_range_are_refused(self, picture, arguments):
        with pytest.raises(ValueError, match=r"must lie in \(0, 1\]"):
            central_field(picture, *arguments)

    @pytest.mark.parametrize(
        "wrong", [np.zeros((20, 20), np.uint8), np.zeros((20, 20, 4), np.uint8), np.zeros((20, 20, 3))]
    )
    def test_what_is_no_rgb_picture_is_refused(self, wrong):
        with pytest.raises(ValueError, match=r"a picture is \(H, W, 3\) of uint8"):
            central_field(wrong, 1.0, 16)


def packed(original, form, **options):
    """What a pack keeps of a 424-pixel picture: the central 288 pixels, resized to 224."""
    height, width = original.shape[:2]
    box = ((width - 288) / 2, (height - 288) / 2, (width + 288) / 2, (height + 288) / 2)
    small = Image.fromarray(original).resize((224, 224), Image.Resampling.LANCZOS, box=box)
    return read_image(encoded(small, form, **options))


def differences(original, pack, crop, size):
    """Absolute differences in grey levels between the field from the original and from its pack."""
    return np.abs(central_field(original, crop, size).astype(int) - central_field(pack, crop, size, PACKED))


class TestNormalising:
    def test_scales_to_0_1_then_by_mean_and_standard_deviation_per_channel(self):
        picture = np.array([[[0, 51, 255]]], np.uint8)
        inputs = normalise(picture, mean=(0.5, 0.1, 0.0), std=(0.5, 0.2, 0.25))
        assert inputs.shape == (3, 1, 1)
        np.testing.assert_allclose(inputs.ravel(), [-1.0, 0.5, 4.0], atol=1e-6)

    def test_puts_the_channels_first_whatever_comes_before(self, picture):
        batch = np.stack([picture, picture[::-1]])[np.newaxis]
        inputs = normalise(batch, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
        assert (inputs.shape, inputs.dtype, inputs.flags.c_contiguous) == ((1, 2, 3, 64, 64), np.float32, True)
        np.testing.assert_array_equal(inputs[0, 0], normalise(picture, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)))

    def test_for_prediction_is_the_central_field_normalised(self, picture):
        settings = {"mean": (0.1, 0.2, 0.3), "std": (0.4, 0.5, 0.6)}
        inputs = for_prediction(picture, size=48, crop=0.6, field=0.8, **settings)
        assert (inputs.shape, inputs.dtype, inputs.flags.c_contiguous) == ((3, 48, 48), np.float32, True)
        np.testing.assert_array_equal(inputs, normalise(central_field(picture, 0.6, 48, 0.8), **settings))

    def test_statistics_that_are_not_three_numbers_are_refused(self, picture):
        with pytest.raises(ValueError, match="each must be three numbers"):
            normalise(picture, (0.5,), (0.5,))


@pytest.fixture(scope="module")
def inputs():
    """Two network inputs of noise."""
    return np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)


class TestViews:
    def test_the_first_is_the_input_itself(self, inputs):
        np.testing.assert_array_equal(tta_views(inputs, 1), inputs[np.newaxis])

    def test_all_eight_differ(self, inputs):
        assert len({view.tobytes() for view in tta_views(inputs, 8)}) == 8

    @pytest.mark.parametrize("count", [1, 3, 8])
    def test_undone_they_are_all_the_input(self, inputs, count):
        np.testing.assert_array_equal(undo_tta(tta_views(inputs, count)), np.stack([inputs] * count))

    @pytest.mark.parametrize("count", [1, 2, 4, 8])
    def test_views_of_a_view_are_the_same_set(self, inputs, count):
        original = {view.tobytes() for view in tta_views(inputs, count)}
        for view in tta_views(inputs, count):
            assert {again.tobytes() for again in tta_views(view, count)} == original

    @pytest.mark.parametrize(
        "turned", [lambda x: np.rot90(x, 1, (-2, -1)), lambda x: x[..., ::-1], lambda x: x.swapaxes(-1, -2)]
    )
    def test_a_turned_or_mirrored_galaxy_has_the_same_eight_views(self, inputs, turned):
        original = {view.tobytes() for view in tta_views(inputs, 8)}
        assert {view.tobytes() for view in tta_views(np.ascontiguousarray(turned(inputs)), 8)} == original

    @pytest.mark.parametrize("count", range(1, 9))
    def test_fewer_views_are_the_first_of_more(self, inputs, count):
        seen = tta_views(inputs, count)
        np.testing.assert_array_equal(seen, tta_views(inputs, 8)[:count])
        assert (seen.shape, seen.dtype, seen.flags.c_contiguous) == ((count, 2, 3, 8, 8), np.float32, True)

    @pytest.mark.parametrize("count", [0, 9, -1])
    def test_other_counts_are_refused(self, inputs, count):
        with pytest.raises(ValueError, match="1 to 8 flips and quarter turns"):
            tta_views(inputs, count)

    def test_inputs_that_are_not_square_are_refused(self):
        with pytest.raises(ValueError, match="square"):
            tta_views(np.zeros((1, 3, 8, 9), np.float32), 4)
