"""JPEG segments and PNG chunks: bounds on what is read one by one or decoded again."""

import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from galaxy_explorer.images.exposure import ImageError

MAX_SEGMENTS = 100_000  # Pillow reads each in Python, in 3 to 5 µs
MAX_FILL_BYTES = 100_000  # between the segments of a JPEG header, which Pillow reads one by one
MAX_KEPT_BYTES = 300_000_000  # of a PNG file without its texts: MAX_PIXELS at 16 bits in RGB

_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")  # those left out stand within a scan, or fill
_ALONE = (*range(0xF0, 0xFE), 0xC8, 0xD8, 0xD9)  # without a length
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9
_SHOWN_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND")


def check_jpeg(content: bytes) -> int:
    """Count the scans of a JPEG file; raise ImageError for a header that takes long to read."""
    at, segments, scans, fill = 2, 0, 0, 0
    while found := _MARKER.search(content, at):
        kind = content[found.end() - 1]
        if not scans:
            fill += found.start() - at
        segments += 1
        if segments > MAX_SEGMENTS or fill > MAX_FILL_BYTES:
            break
        if scans and kind == _END:
            return scans
        scans += kind == _SCAN
        at = found.end()
        if kind in _FRAMES and content[at + 2 : at + 3] not in (b"", b"\x08"):
            raise ImageError(
                f"the JPEG picture is sound, but has {content[at + 2]} bits per colour, not 8: save it with 8 bits"
            )
        if kind not in _ALONE:
            at += int.from_bytes(content[at : at + 2])
    if not scans:
        fill += len(content) - at
    if segments > MAX_SEGMENTS or fill > MAX_FILL_BYTES:
        raise ImageError(
            f"the JPEG file has more than {MAX_SEGMENTS:,} segments, or bytes between them; it is damaged: "
            "fetch or save it again"
        )
    return scans


def check_png(file: BinaryIO) -> None:
    """Raise ImageError if a PNG file has too many chunks; the file is left at its start."""
    count = sum(1 for _ in _chunks(file))
    file.seek(0)
    if count > MAX_SEGMENTS:
        raise ImageError(f"the PNG file has more than {MAX_SEGMENTS:,} chunks; it is damaged: fetch or save it again")


def without_texts(file: BinaryIO) -> BinaryIO:
    """Return a PNG file's first picture alone, without texts, colour profile and further frames."""
    file.seek(0)
    kept, size = [file.read(8)], 0
    for kind, start, length in _chunks(file):
        if kind in _SHOWN_CHUNKS and (size := size + length) <= MAX_KEPT_BYTES:
            file.seek(start)
            kept.append(file.read(length))
    return io.BytesIO(b"".join(kept))


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start and length of each chunk, of one more than there may be."""
    start = 8
    for _ in range(MAX_SEGMENTS + 1):
        file.seek(start)
        head = file.read(8)
        if len(head) < 8:
            return
        length = 12 + int.from_bytes(head[:4])
        yield head[4:], start, length
        start += length
