"""Reading pictures of every kind with their values right."""

import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from picture_files import encoded, grey, png_chunk, png_header, refusal
from PIL import Image

from galaxy_explorer.images import GREY, ImageError, read_exposure, read_image


@pytest.fixture(scope="module")
def ramp():
    """The 256 greys once each, 16×16."""
    return np.arange(256).reshape(16, 16)


class TestReading:
    @pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
    def test_lossless_formats_keep_every_pixel(self, picture, form, options):
        np.testing.assert_array_equal(read_image(encoded(picture, form, **options)), picture)

    @pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits"])
    def test_compressed_tiff_keeps_every_pixel(self, picture, compression):
        np.testing.assert_array_equal(read_image(encoded(picture, "TIFF", compression=compression)), picture)

    @pytest.mark.parametrize(("form", "quality"), [("JPEG", 95), ("WEBP", 95), ("AVIF", 95)])
    def test_lossy_formats_stay_close(self, draw_galaxy, form, quality):
        smooth = np.asarray(Image.fromarray(draw_galaxy(1)).resize((256, 256), Image.Resampling.BICUBIC))
        error = np.abs(read_image(encoded(smooth, form, quality=quality)).astype(int) - smooth)
        assert error.mean() < 3

    def test_a_path_a_text_bytes_and_an_open_file_read_alike(self, picture, tmp_path):
        path = tmp_path / "galaxy.png"
        path.write_bytes(encoded(picture, "PNG"))
        with path.open("rb") as file:
            readings = [read_image(path), read_image(str(path)), read_image(path.read_bytes()), read_image(file)]
        for reading in readings:
            np.testing.assert_array_equal(reading, picture)

    def test_the_result_can_be_written_to(self, picture):
        image = read_image(encoded(picture, "PNG"))
        assert (image.dtype, image.shape) == (np.uint8, (64, 64, 3))
        image[0, 0] = 7
        assert (image[0, 0] == 7).all()

    def test_real_galaxies_read_as_they_are(self, sample):
        image = sample.picture("100008")
        assert image.shape == (424, 424, 3)
        assert image[192:232, 192:232].mean() > 100  # the galaxy
        assert image[:40, :40].mean() < 30  # the sky

    @pytest.mark.parametrize(("shortest", "side"), [(240, 424), (212, 212), (200, 212), (60, 106), (5, 53)])
    def test_a_jpeg_may_be_read_smaller_when_so_much_is_enough(self, sample, shortest, side):
        content = sample.picture_bytes("100008")
        whole, small = read_image(content), read_image(content, shortest=shortest)
        assert small.shape == (side, side, 3)
        assert abs(whole.mean() - small.mean()) < 1

    def test_two_states_picture_is_black_and_white(self, ramp):
        states = ramp % 3 == 0
        np.testing.assert_array_equal(read_image(encoded(states, "PNG")), grey(np.where(states, 255, 0)))

    def test_grey_is_the_same_in_all_channels(self, ramp):
        np.testing.assert_array_equal(read_image(encoded(ramp.astype(np.uint8), "PNG")), grey(ramp))

    def test_grey_has_a_note_also_in_three_channels(self, ramp, picture):
        for levels in (ramp.astype(np.uint8), grey(ramp)):
            assert read_exposure(encoded(levels, "PNG")).notes == (GREY,)
        assert read_exposure(encoded(picture, "PNG")).notes == ()

    def test_palette_colours_are_looked_up(self, picture):
        palette = Image.fromarray(picture).quantize(16)
        np.testing.assert_array_equal(read_image(encoded(palette, "PNG")), np.asarray(palette.convert("RGB")))

    def test_transparent_palette_entry_is_black(self, ramp):
        palette = Image.fromarray((ramp % 4).astype(np.uint8)).convert("P")
        palette.putpalette([10, 20, 30, 200, 0, 0, 0, 200, 0, 0, 0, 200])
        image = read_image(encoded(palette, "PNG", transparency=1))
        colours = np.array([(10, 20, 30), (0, 0, 0), (0, 200, 0), (0, 0, 200)])
        np.testing.assert_array_equal(image, colours[ramp % 4])

    def test_palette_with_one_opacity_per_entry_is_laid_on_black(self, ramp):
        palette = Image.fromarray((ramp % 2).astype(np.uint8)).convert("P")
        palette.putpalette([200, 100, 50, 200, 100, 50])
        image = read_image(encoded(palette, "PNG", transparency=bytes([255, 51])))
        np.testing.assert_array_equal(image, np.array([(200, 100, 50), (40, 20, 10)])[ramp % 2])

    def test_transparent_grey_is_laid_on_black(self, ramp):
        layers = np.dstack([np.full_like(ramp, 100), ramp]).astype(np.uint8)
        for form in ("PNG", "TIFF"):
            np.testing.assert_allclose(read_image(encoded(layers, form)), grey(np.rint(100 * ramp / 255)), atol=1)

    def test_transparent_colour_is_laid_on_black(self, ramp):
        layers = np.dstack([np.full((16, 16, 3), (250, 100, 20)), ramp]).astype(np.uint8)
        wanted = np.rint(np.array((250, 100, 20)) * ramp[..., np.newaxis] / 255)
        for form, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})):
            np.testing.assert_allclose(read_image(encoded(layers, form, **options)), wanted, atol=1)

    def test_the_one_transparent_colour_of_a_png_is_black(self, ramp):
        colours = np.where((ramp % 2 == 0)[..., np.newaxis], (200, 10, 10), (10, 200, 10)).astype(np.uint8)
        image = read_image(encoded(colours, "PNG", transparency=(200, 10, 10)))
        np.testing.assert_array_equal(image, np.where((ramp % 2 == 0)[..., np.newaxis], 0, colours))

    def test_cmyk_turns_into_the_colours_it_prints(self):
        inks = np.zeros((16, 16, 4), np.uint8)
        inks[:8, :, 0] = 255  # cyan above, black ink below
        inks[8:, :, 3] = 255
        image = read_image(encoded(Image.fromarray(inks, "CMYK"), "TIFF"))
        assert (image[:8] == (0, 255, 255)).all()
        assert (image[8:] == 0).all()
        photograph = read_image(encoded(Image.fromarray(inks, "CMYK"), "JPEG", quality=100))
        assert np.abs(photograph.astype(int) - image).max() <= 3

    def test_ycbcr_turns_into_rgb(self, picture):
        image = read_image(encoded(Image.fromarray(picture).convert("YCbCr"), "TIFF"))
        assert np.abs(image.astype(int) - picture).max() <= 3

    @pytest.mark.parametrize("kind", ["<u2", ">u2"])
    @pytest.mark.parametrize("form", ["PNG", "TIFF"])
    def test_sixteen_bit_grey_goes_from_65535_to_255(self, ramp, kind, form):
        image = read_image(encoded((ramp * 257).astype(kind), form))
        np.testing.assert_array_equal(image, grey(ramp))

    def test_big_endian_sixteen_bit_tiff_is_not_byte_swapped(self, ramp):
        values = (ramp * 257).astype(">u2")
        tags = [(256, 16), (257, 16), (258, 16), (259, 1), (262, 1), (273, 122), (277, 1), (278, 16), (279, 512)]
        entries = b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags)
        content = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", len(tags)) + entries + struct.pack(">I", 0)
        assert len(content) == 122
        np.testing.assert_array_equal(read_image(content + values.tobytes()), grey(ramp))

    @pytest.mark.parametrize(
        ("values", "wanted"),
        [
            pytest.param((0, 32768, 65535), (0, 128, 255), id="as 16 bit where they fit"),
            pytest.param((0, 100_000, 200_000), (0, 128, 255), id="by their range where they do not"),
            pytest.param((-50, 0, 50), (0, 128, 255), id="by their range where negative"),
        ],
    )
    def test_32_bit_integers_are_scaled(self, values, wanted):
        columns = np.repeat(np.array(values, np.int32), 8)
        image = read_image(encoded(np.tile(columns, (16, 1)), "TIFF"))
        np.testing.assert_allclose(image, grey(np.tile(np.repeat(wanted, 8), (16, 1))), atol=1)

    @pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 12.5), (1e-9, 2e-9), (0.0, 3e38)])
    def test_floats_are_scaled_by_their_own_range(self, ramp, low, high):
        values = (low + (high - low) * (ramp / 255)).astype(np.float32)
        np.testing.assert_allclose(read_image(encoded(values, "TIFF")), grey(ramp), atol=1)

    def test_floats_without_a_value_are_black_and_infinite_ones_at_the_ends(self, ramp):
        values = (ramp / 255).astype(np.float32)
        values[0, :3] = np.nan, np.inf, -np.inf
        wanted = ramp.copy()
        wanted[0, :3] = 0, 255, 0
        # The least finite value, 3/255, is now the darkest.
        wanted = np.where(np.isfinite(values), np.rint((wanted - 3) * 255 / 252), wanted)
        image = read_image(encoded(values, "TIFF"))
        np.testing.assert_allclose(image, grey(wanted), atol=1)
        np.testing.assert_array_equal(image[0, :3], grey(wanted)[0, :3])

    def test_floats_of_one_value_are_black(self):
        assert (read_image(encoded(np.full((16, 16), 7.5, np.float32), "TIFF")) == 0).all()

    def test_floats_without_any_finite_value_are_refused(self):
        with pytest.raises(ImageError, match="every pixel of the picture is NaN or infinite"):
            read_image(encoded(np.full((16, 16), np.nan, np.float32), "TIFF"))

    def test_sixteen_bit_colour_keeps_its_high_bytes(self, ramp):
        rows = b"".join(
            b"\0" + np.stack([row * 257, 65535 - row * 257, row * 0 + 65535], -1).astype(">u2").tobytes()
            for row in ramp
        )
        header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0))
        content = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
        np.testing.assert_array_equal(read_image(content), np.dstack([ramp, 255 - ramp, np.full_like(ramp, 255)]))

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_the_cameras_orientation_is_applied(self, draw_galaxy, orientation):
        upright = draw_galaxy(2, height=40, width=24)
        as_stored = {  # what the camera wrote, for each way it was held
            **{1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1]},
            **{5: upright.swapaxes(0, 1), 6: np.rot90(upright, 1), 8: np.rot90(upright, -1)},
            7: np.rot90(upright, 2).swapaxes(0, 1),
        }[orientation]
        exif = Image.Exif()
        exif[0x0112] = orientation
        for form, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
            content = encoded(np.ascontiguousarray(as_stored), form, exif=exif, **options)
            np.testing.assert_array_equal(read_image(content), upright)

    def test_many_threads_read_what_one_reads(self, sample):
        contents = [sample.picture_bytes(galaxy) for galaxy in sample.ids] + [png_header(10_000, 10_000)]
        start = threading.Barrier(8)

        def read_all(_):
            start.wait()
            return [read_image(content).sum() for content in contents[:-1]] + [refusal(contents[-1])]

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(read_all, range(8)))
        assert results == [[read_image(content).sum() for content in contents[:-1]] + [refusal(contents[-1])]] * 8
