"""Files that are not pictures of galaxies are rejected, with the reason."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_files import encoded, png_header, refusal, tiff_header, webp_header
from PIL import Image

from galaxy_explorer.images import MAX_PIXELS, ImageError, read_image


class TestRefusing:
    @pytest.mark.parametrize(("form", "options"), [("JPEG", {}), ("PNG", {}), ("TIFF", {}), ("WEBP", {}), ("AVIF", {})])
    @pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
    def test_a_truncated_picture_is_refused(self, draw_galaxy, form, options, part):
        content = encoded(draw_galaxy(3, 128, 128), form, **options)
        assert "damaged or cut short" in refusal(content[: int(part * len(content))])

    @pytest.mark.parametrize("form", ["GIF", "BMP", "PPM", "ICO", "JPEG2000", "TGA"])
    def test_other_formats_are_never_tried(self, picture, form):
        assert "is not a picture in JPEG, PNG, TIFF, WebP, AVIF or FITS" in refusal(encoded(picture, form))

    @pytest.mark.parametrize(
        "content", [b"GalaxyID,Class1.1\n", b"<html>Not found</html>", b"\0" * 1000, b"RIFF....WAVE"]
    )
    def test_what_is_no_picture_is_refused(self, content):
        assert "is not a picture in JPEG, PNG, TIFF, WebP, AVIF or FITS" in refusal(content)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"%PDF-1.7 ...", "a PDF document"),
            (b"GIF89a......", "a GIF"),
            (b"BM..........", "a Windows bitmap"),
            (b"PK\x03\x04.....", "a zip file or an office document"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "an HEIC picture of a phone"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "an HEIC picture of a phone"),
            (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL"),
            (b"\0\0\0\x18ftypcrx ", "a camera's raw file"),
            (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
            (b"GalaxyID,Class1.1\n", "a file of text"),
            (b"\r\n  <html>\xe4", "a file of text"),
            (b"\0" * 1000, "a file of an unknown kind"),
        ],
    )
    def test_the_message_tells_what_it_is_instead(self, content, words):
        assert refusal(content).startswith(f"{words} is not a picture")

    def test_an_empty_file_is_refused(self):
        assert refusal(b"").startswith("an empty file is not a picture")

    def test_a_file_that_is_not_there_is_refused(self, tmp_path):
        assert "No such file" in refusal(tmp_path / "nothing.png")
        assert "directory" in refusal(tmp_path).lower()

    @pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
    def test_a_picture_too_small_for_a_galaxy_is_refused(self, size):
        assert f"{size[0]}×{size[1]} pixels, too small to hold a galaxy" in refusal(
            encoded(Image.new("RGB", size), "PNG")
        )

    def test_the_smallest_picture_is_read(self):
        assert read_image(encoded(Image.new("RGB", (16, 16)), "PNG")).shape == (16, 16, 3)

    @pytest.mark.parametrize("megapixels", [60, 100, 400])
    @pytest.mark.parametrize("header", [png_header, webp_header, tiff_header])
    def test_a_decompression_bomb_is_refused_from_its_header(self, header, megapixels):
        width, height = (10_000, megapixels * 100) if megapixels < 400 else (25_000, 16_000)
        if header is webp_header and megapixels == 400:
            width, height = 16_383, 16_383  # the largest that the format has
        content = header(width, height)
        assert len(content) < 1000  # nothing is there to decode: a reader that tried would say "cut short"
        message = refusal(content)
        assert f"more than the {20 if header is webp_header else 50} million that are read" in message
        assert "scale the picture down" in message

    def test_the_limit_itself_is_not_refused_for_its_size(self):
        assert "damaged or cut short" in refusal(png_header(MAX_PIXELS // 10_000, 10_000))
        assert "more than the 50 million" in refusal(png_header(MAX_PIXELS // 10_000 + 1, 10_000))

    @given(st.data())
    def test_damaged_files_are_read_or_refused_and_nothing_else(self, data):
        form = data.draw(st.sampled_from(["JPEG", "PNG", "TIFF", "WEBP", "AVIF"]))
        content = bytearray(encoded(Image.linear_gradient("L").resize((24, 24)), form))
        for _ in range(data.draw(st.integers(1, 6))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        with contextlib.suppress(ImageError):
            assert read_image(bytes(content)).dtype == np.uint8
