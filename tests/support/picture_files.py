"""Picture files for the tests: written by Pillow, or forged byte by byte."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from galaxy_explorer.images import ImageError, read_image


def encoded(picture, form, **options):
    """Write a Pillow picture or an array into bytes."""
    file = io.BytesIO()
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(file, form, **options)
    return file.getvalue()


def png_chunk(name, content):
    """One chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_header(width, height):
    """The start of a PNG file that claims a size, with a few pixels at most behind it."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"\0" * 100)) + png_chunk(b"IEND", b"")


def webp_header(width, height):
    """A lossless WebP file of 16×16 pixels that claims another size."""
    content = bytearray(encoded(np.zeros((16, 16, 3), np.uint8), "WEBP", lossless=True))
    assert content[12:16] == b"VP8L"
    flags = int.from_bytes(content[21:25], "little") >> 28  # the sizes take 14 bits each
    content[21:25] = ((width - 1) | (height - 1) << 14 | flags << 28).to_bytes(4, "little")
    return bytes(content)


def tiff_header(width, height):
    """An uncompressed grey TIFF that claims a size."""
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 100)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)


def grey(values):
    """A 16×16 or larger array of one value per pixel as the RGB it should become."""
    return np.repeat(np.asarray(values, np.uint8)[..., np.newaxis], 3, axis=-1)


def refusal(content):
    """The message on a picture that cannot be read."""
    with pytest.raises(ImageError) as refused:
        read_image(content)
    return str(refused.value)
