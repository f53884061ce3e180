"""Reading TIFF files of every layout of samples with their values right, or rejecting them in words."""

import itertools

import numpy as np
import pytest
from picture_files import encoded, grey, refusal
from PIL import Image
from tiff_files import DEFLATE, PACKBITS, tiff_file

from galaxy_explorer.images import GREY, ImageError, read_exposure, read_image
from galaxy_explorer.images.formats import tiff

RAMP = np.tile(np.arange(256).reshape(16, 16), (1, 2))
COLOURS = np.stack([RAMP, 255 - RAMP, np.roll(RAMP, 3, axis=1)], axis=-1)
KINDS = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "f2", "f4", "f8"]
COMPRESSIONS = ((), ((259, [DEFLATE]),))


def samples(levels, kind):
    """Levels as numbers of a kind, over its whole range; as floats from 0 to 1."""
    kind = np.dtype(kind)
    if kind.kind == "f":
        return (levels / 255).astype(kind)
    steps = levels * ((2 ** (8 * kind.itemsize) - 1) // 255) if kind.itemsize < 8 else levels * 2**40
    return (steps - 2 ** (8 * kind.itemsize - 1) if kind.kind == "i" else steps).astype(kind)


def off(content, wanted):
    """The largest difference of a picture from what it should be, in levels."""
    return np.abs(read_image(content).astype(int) - wanted).max()


class TestValues:
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("kind", KINDS)
    def test_grey_of_every_kind_keeps_its_values(self, kind, order):
        for tags, tile in itertools.product(COMPRESSIONS, (None, 16)):
            black, white = samples(RAMP, kind), samples(255 - RAMP, kind)
            assert off(tiff_file(black, order=order, tile=tile, tags=tags), grey(RAMP)) <= 1
            assert off(tiff_file(white, order=order, tile=tile, tags=[*tags, (262, [0])]), grey(RAMP)) <= 1
            assert off(tiff_file(black, order=order, tile=tile, tags=[*tags, (262, None)]), grey(RAMP)) <= 1

    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("kind", KINDS)
    def test_colours_of_every_kind_keep_their_values(self, kind, order):
        for tags, tile, separate in itertools.product(COMPRESSIONS, (None, 16), (False, True)):
            content = tiff_file(samples(COLOURS, kind), order=order, tile=tile, separate=separate, tags=tags)
            assert off(content, COLOURS) <= 1

    @pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
    @pytest.mark.parametrize("separate", [False, True])
    def test_transparency_is_laid_on_black(self, kind, separate):
        half = np.full_like(RAMP, 51)
        for levels, extra in itertools.product((COLOURS, RAMP[..., np.newaxis]), (0, 2)):
            content = tiff_file(
                samples(np.dstack([levels, half]), kind), separate=separate, tags=[(338, [extra]), (259, [DEFLATE])]
            )
            assert off(content, np.rint(levels / 5) if extra == 2 else levels) <= 1

    @pytest.mark.parametrize("bits", [10, 12, 14, 24])
    @pytest.mark.parametrize("tags", COMPRESSIONS)
    def test_packed_bits_have_white_at_their_own_maximum(self, bits, tags):
        levels = np.rint(RAMP * ((2**bits - 1) / 255)).astype(np.uint32)
        content = tiff_file(levels[:, :17], bits=bits, rows=5, tags=tags)  # rows end within a byte
        assert off(content, grey(RAMP[:, :17])) <= 1
        assert off(tiff_file(levels, bits=bits, tags=[*tags, (262, [0])]), 255 - grey(RAMP)) <= 1

    @pytest.mark.parametrize("kind", ["u2", "f4"])
    def test_reversed_bits_are_turned_round(self, kind):
        for tags in COMPRESSIONS:
            assert off(tiff_file(samples(RAMP, kind), tags=[*tags, (266, [2])]), grey(RAMP)) <= 1

    @pytest.mark.parametrize("kind", ["u1", "u2", "i2", "u4"])
    @pytest.mark.parametrize("order", ["<", ">"])
    def test_differences_of_integers_are_summed(self, kind, order):
        values = samples(COLOURS, kind)
        apart = np.diff(values, axis=1, prepend=np.zeros_like(values[:, :1]))
        assert off(tiff_file(apart, order=order, tags=[(259, [DEFLATE]), (317, [2])]), COLOURS) <= 1

    def test_differences_of_floats_are_summed(self):
        content = encoded((RAMP / 255).astype(np.float32), "TIFF", compression="tiff_adobe_deflate", tiffinfo={317: 3})
        assert off(content, grey(RAMP)) <= 1

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_the_orientation_is_applied_to_deep_pictures_too(self, orientation):
        tags = [(274, [orientation])]
        shallow = read_image(tiff_file(COLOURS.astype("u1"), tags=tags))
        np.testing.assert_array_equal(read_image(tiff_file(samples(COLOURS, "f4"), tags=tags)), shallow)

    def test_three_bands_without_a_colour_tag_are_colours(self):
        for kind in ("u1", "u2", "f4"):
            assert off(tiff_file(samples(COLOURS, kind), tags=[(262, [1])]), COLOURS) <= 1
            assert off(tiff_file(samples(COLOURS, kind), tags=[(262, [1]), (338, [0, 0])]), COLOURS) <= 1

    def test_floats_without_a_value_are_black_also_where_white_is_least(self):
        values = samples(RAMP, "f8")
        values[0, :3] = np.nan, np.inf, -np.inf
        for photometric, ends in ((1, (0, 255, 0)), (0, (0, 0, 255))):
            picture = read_image(tiff_file(values, tags=[(262, [photometric])]))
            assert picture[0, :3, 0].tolist() == list(ends)

    @pytest.mark.parametrize(("low", "high"), [(-1e308, 1e308), (1e-320, 9e-320), (1e40, 5e40)])
    def test_float64_is_scaled_over_its_whole_range(self, low, high):
        assert off(tiff_file(low * (1 - RAMP / 255) + high * (RAMP / 255)), grey(RAMP)) <= 1

    def test_a_picture_of_one_value_is_black(self):
        assert (read_image(tiff_file(np.full((16, 16), 7.5))) == 0).all()

    def test_a_picture_is_read_in_bands(self, monkeypatch):
        whole = tiff_file(samples(COLOURS, "f4"), rows=7)
        wanted = read_image(whole)
        monkeypatch.setattr(tiff, "BAND_SAMPLES", 100)
        monkeypatch.setattr(tiff, "PIECE", 10)
        np.testing.assert_array_equal(read_image(whole), wanted)
        packed = tiff_file(samples(COLOURS, "f4"), rows=7, tags=[(259, [DEFLATE])])
        np.testing.assert_array_equal(read_image(packed), wanted)

    def test_a_big_tiff_is_read(self):
        content = encoded((RAMP / 255).astype(np.float32), "TIFF", big_tiff=True)
        assert content[2] == 43
        assert off(content, grey(RAMP)) <= 1


class TestNotes:
    def test_values_of_a_part_of_their_range_have_a_note(self):
        notes = read_exposure(tiff_file((RAMP * 16).astype("u2"))).notes
        assert notes[0].startswith("its values use 6 % of their range")
        assert notes[1] == GREY

    def test_those_of_the_whole_range_have_none(self):
        for content in (tiff_file(samples(COLOURS, "u2")), tiff_file(COLOURS.astype("u1") // 16)):
            assert read_exposure(content).notes == ()


class TestRefusing:
    @pytest.mark.parametrize(
        ("values", "options"),
        [
            pytest.param(samples(RAMP, "f4"), {"order": ">"}, id="big-endian floats"),
            pytest.param(samples(RAMP, "i4"), {"order": ">"}, id="big-endian integers"),
            pytest.param(samples(RAMP, "u4"), {}, id="unsigned 32 bits"),
            pytest.param(samples(RAMP, "i1"), {}, id="signed 8 bits"),
            pytest.param(samples(255 - RAMP, "u2"), {"tags": [(262, [0])]}, id="white is least"),
            pytest.param(samples(COLOURS, "f4"), {}, id="colours of floats"),
        ],
    )
    def test_what_pillow_reads_wrongly_is_refused_if_compressed_otherwise(self, values, options):
        tags = [*options.pop("tags", ()), (259, [PACKBITS])]
        message = refusal(tiff_file(values, tags=tags, **options))
        assert "is sound, but not of a kind that is read" in message
        assert "save it with 8 or 16 bits, uncompressed" in message

    def test_16_bits_and_little_endian_floats_are_read_in_any_compression(self):
        for kind in ("u2", "i2", "f4"):
            assert off(tiff_file(samples(RAMP, kind), tags=[(259, [PACKBITS])]), grey(RAMP)) <= 1

    def test_other_colour_spaces_and_compressions_are_refused_as_sound(self):
        lab = Image.merge("LAB", [Image.fromarray(RAMP.astype(np.uint8))] * 3)
        for content in (
            encoded(lab, "TIFF"),
            tiff_file(COLOURS.astype("u1"), tags=[(259, [34712])]),
            tiff_file(samples(COLOURS, "u2"), tags=[(258, [16, 8, 16])]),
            tiff_file(samples(RAMP, "u2"), kind=6),
        ):
            assert "is sound, but not of a kind that is read" in refusal(content)

    @pytest.mark.parametrize("tags", COMPRESSIONS)
    @pytest.mark.parametrize("kind", ["u2", "f4"])
    def test_a_file_cut_short_is_refused(self, kind, tags):
        content = tiff_file(samples(COLOURS, kind), tags=tags)
        assert "damaged or cut short" in refusal(content[: len(content) - 100])

    def test_too_many_bytes_are_refused_from_the_header(self):
        long = [(256, [60_000]), (257, [833]), (278, [833])]
        for kind, compression in (("f8", 1), ("f8", DEFLATE), ("u2", PACKBITS)):
            content = tiff_file(samples(COLOURS, kind), tags=[*long, (259, [compression])])
            assert "cut out the galaxy, or save it with 8 bits" in refusal(content)

    def test_too_many_strips_are_refused(self, monkeypatch):
        monkeypatch.setattr(tiff, "MAX_PARTS", 15)
        for kind in ("u1", "f4"):
            assert "in 16 strips or tiles" in refusal(tiff_file(samples(COLOURS, kind), rows=1))

    def test_tiles_of_odd_sizes_are_refused(self):
        for side in (0, 65535):
            with pytest.raises(ImageError):
                read_image(tiff_file(samples(COLOURS, "f8"), tile=16, tags=[(322, [side]), (323, [side])]))
