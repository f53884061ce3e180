"""TIFF samples that Pillow does not read, or reads wrongly.

Pillow 13 ignores PhotometricInterpretation 0 and SampleFormat of many deep samples, the byte order of compressed
big-endian ones and PlanarConfiguration 2 of uncompressed 16-bit ones; it reads no float64 and no colours of floats.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from galaxy_explorer.images.exposure import ImageError, check_size

MAX_SAMPLE_BYTES = 400_000_000  # of a picture's samples, or of the strip and the picture that Pillow holds at once
MAX_PARTS = 100_000  # strips or tiles; Pillow lists each
MAX_ROW_BYTES = 100_000_000  # of a strip or tile
BAND_SAMPLES = 1_000_000  # read at a time
PIECE = 2**14  # bytes that are unpacked at a time

UNSIGNED, SIGNED, FLOAT = 1, 2, 3  # SampleFormat
MIN_IS_WHITE, MIN_IS_BLACK, RGB, CMYK = 0, 1, 2, 5  # PhotometricInterpretation
PILLOW_READS = (MIN_IS_WHITE, MIN_IS_BLACK, RGB, 3, CMYK, 6)  # 3 is a palette, 6 YCbCr
UNCOMPRESSED, DEFLATE = 1, (8, 32946)  # Compression
BY_DIFFERENCE, BY_FLOAT_DIFFERENCE = 2, 3  # Predictor
OPACITY = 2  # ExtraSamples: the colours are not multiplied by it
# Orientation: quarter turns to the left, and whether a flip from left to right follows.
_TURNS = {2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False)}
_KINDS = {UNSIGNED: "unsigned integers", SIGNED: "signed integers", FLOAT: "floats"}
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))  # for FillOrder 2


@dataclass(frozen=True)
class Layout:
    """How the samples of a TIFF file's first picture lie in it."""

    order: str  # of bytes, as in struct
    height: int
    width: int
    samples: int  # per pixel
    bits: int  # per sample; 0 if they differ
    kind: int  # SampleFormat; 0 if they differ
    photometric: int  # -1 if it is missing
    extra: tuple[int, ...]
    compression: int
    predictor: int
    separate: bool  # all pixels' first samples, then all second ones
    reversed_bits: bool
    part: tuple[int, int]  # rows and columns of a strip or tile
    offsets: tuple[int, ...]  # of strips or tiles
    orientation: int

    @property
    def colours(self) -> int:
        """Samples of a pixel that are shown; three without PhotometricInterpretation 2 are by GDAL."""
        return 3 if self.photometric == RGB or self.samples == 3 else 1

    @property
    def together(self) -> int:
        """Samples of a pixel that lie next to one another."""
        return 1 if self.separate else self.samples

    @property
    def full(self) -> int:
        """The value of white, if no value is below 0 or above it."""
        return 2 ** min(self.bits, 16) - 1

    def size_of(self, rows: int, columns: int, samples: int) -> int:
        """Return the bytes of some pixels."""
        return rows * ((columns * samples * self.bits + 7) // 8)


def read_layout(file: BinaryIO) -> Layout:
    """Read the layout of the first picture; raise ImageError for one out of bounds."""
    start = file.read(16)
    tags = ImageFileDirectory_v2(start if b"+" in start[2:4] else start[:8])  # "+" is BigTIFF
    file.seek(tags.next)
    tags.load(file)

    def numbers(tag: int, *default: int) -> tuple[int, ...]:
        value = tags.get(tag, default)
        return tuple(int(one) for one in (value if isinstance(value, tuple) else (value,)))

    def number(tag: int, default: int) -> int:
        return (numbers(tag) or (default,))[0]

    height, width, samples = number(257, 0), number(256, 0), number(277, 1)
    check_size(width, height)
    bits, kinds = set(numbers(258, 1)), set(numbers(339, UNSIGNED))
    layout = Layout(
        order=">" if start[:1] == b"M" else "<",
        height=height,
        width=width,
        samples=samples,
        bits=bits.pop() if len(bits) == 1 else 0,
        kind=kinds.pop() if len(kinds) == 1 else 0,
        photometric=number(262, -1),
        extra=numbers(338),
        compression=number(259, UNCOMPRESSED),
        predictor=number(317, 1),
        separate=number(284, 1) == 2 and samples > 1,
        reversed_bits=number(266, 1) == 2,
        part=(number(323, 0), number(322, 0)) if 324 in tags else (min(number(278, height), height), width),
        offsets=numbers(324 if 324 in tags else 273),
        orientation=number(274, 1),
    )
    _check_bounds(layout)
    return layout


def _check_bounds(layout: Layout) -> None:
    """Raise ImageError for a layout that takes too much memory or time."""
    rows, columns = layout.part
    if rows < 1 or columns < 1 or layout.samples < 1:
        raise ValueError(f"strips of {rows} rows, tiles of {columns} columns, {layout.samples} samples")
    if _is_read_here(layout):
        size = layout.size_of(layout.height, layout.width, layout.samples)
    else:  # libtiff unpacks a strip as a whole, and Pillow takes 4 bytes a pixel
        size = layout.size_of(rows, columns, layout.together) + 4 * layout.width * layout.height
    row = layout.size_of(1, columns, layout.together)
    if size > MAX_SAMPLE_BYTES or row > MAX_ROW_BYTES or len(layout.offsets) > MAX_PARTS:
        raise ImageError(
            f"the TIFF picture has {layout.width:,}×{layout.height:,} pixels of {layout.samples * layout.bits} bits in "
            f"{len(layout.offsets):,} strips or tiles, more than are read ({MAX_SAMPLE_BYTES // 10**6} MB in "
            f"{MAX_PARTS:,}): cut out the galaxy, or save it with 8 bits"
        )


def _is_read_here(layout: Layout) -> bool:
    """Return whether a layout is read here; raise ImageError if no one reads it rightly."""
    if _pillow_is_right(layout):
        return False
    whole = layout.bits in (8, 16, 32, 64)
    if (
        layout.compression in (UNCOMPRESSED, *DEFLATE)
        and layout.photometric in (-1, MIN_IS_WHITE, MIN_IS_BLACK, RGB)
        and layout.colours <= layout.samples <= layout.colours + max(1, len(layout.extra))
        and (whole or (layout.kind == UNSIGNED and 0 < layout.bits < 32 and layout.predictor == 1))
        and (layout.kind, layout.bits) != (FLOAT, 8)
        and layout.kind in _KINDS
    ):
        return True
    raise not_read(layout)


def _pillow_is_right(layout: Layout) -> bool:
    """Return whether Pillow reads a layout, and reads it rightly."""
    grey = layout.photometric in (MIN_IS_WHITE, MIN_IS_BLACK)
    if layout.photometric not in PILLOW_READS or (
        grey and layout.samples > 1 and (layout.separate or len(layout.extra) != 1)
    ):
        return False
    if layout.kind == UNSIGNED and layout.bits <= 8:
        return True
    if layout.kind == UNSIGNED and layout.bits == 16 and not grey:
        return layout.photometric in (RGB, CMYK) and not (layout.separate and layout.compression == UNCOMPRESSED)
    if layout.compression in (UNCOMPRESSED, *DEFLATE):
        return False  # read here in bands, with less memory
    if (layout.kind, layout.bits, layout.photometric, layout.samples) == (UNSIGNED, 16, MIN_IS_BLACK, 1):
        return True
    read_as = (layout.order, layout.photometric, layout.samples, layout.kind, layout.bits)
    return read_as in [("<", MIN_IS_BLACK, 1, kind, bits) for kind, bits in ((SIGNED, 16), (SIGNED, 32), (FLOAT, 32))]


def not_read(layout: Layout) -> ImageError:
    """Return the error for a valid layout that is not read."""
    photometric = "missing" if layout.photometric < 0 else str(layout.photometric)
    return ImageError(
        f"the TIFF picture is sound, but not of a kind that is read ({layout.samples} × {layout.bits or 'mixed'} bits, "
        f"{_KINDS.get(layout.kind, 'other numbers')}, compression {layout.compression}, photometric interpretation "
        f"{photometric}): save it with 8 or 16 bits, uncompressed"
    )


def read_samples(file: BinaryIO, layout: Layout) -> np.ndarray | None:
    """Return the picture in RGB, (H, W, 3) of uint8; None for a layout that Pillow reads."""
    if not _is_read_here(layout):
        return None
    darkest, brightest = 0.0, float(layout.full)
    if layout.kind != UNSIGNED or layout.bits > 16:
        bands = (values[..., : layout.colours] for *_, values in _bands(file, layout))
        low, high = finite_range(bands)
        if layout.kind == FLOAT or low < darkest or high > brightest:
            darkest, brightest = low, high
    ends = (brightest, darkest) if layout.photometric == MIN_IS_WHITE else (darkest, brightest)
    levels = np.empty((layout.height, layout.width, 3), np.uint8)
    for rows, columns, values in _bands(file, layout):
        shown = scaled(values[..., : layout.colours], *ends)
        if layout.extra[:1] == (OPACITY,) and layout.kind != SIGNED:
            opaque = 1 if layout.kind == FLOAT else layout.full
            shown *= scaled(values[..., layout.colours, np.newaxis], 0, opaque) / 255
        levels[rows, columns] = np.rint(shown)
    turns, flipped = _TURNS.get(layout.orientation, (0, False))
    turned = np.rot90(levels, turns)
    return np.ascontiguousarray(turned[:, ::-1] if flipped else turned)


def finite_range(bands: Iterable[np.ndarray]) -> tuple[float, float]:
    """Return the least and the greatest finite value; raise ImageError without one."""
    lows, highs = [], []
    for values in bands:
        finite = values[np.isfinite(values)]
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    if not lows:
        raise ImageError("every pixel of the picture is NaN or infinite: save it again with its values")
    return min(lows), max(highs)


def scaled(values: np.ndarray, darkest: float, brightest: float) -> np.ndarray:
    """Scale values to levels from 0 to 255, unrounded; NaN and values of no range become 0."""
    if darkest == brightest:
        return np.zeros(values.shape, np.float32)
    with np.errstate(invalid="ignore", over="ignore"):  # of a signalling NaN, and of infinity
        half = brightest / 2 - darkest / 2  # the whole range of float64 would be infinite
        levels = (values.astype(np.float64) / 2 - darkest / 2) / half * 255
    return np.nan_to_num(levels, copy=False, nan=0.0, posinf=255.0, neginf=0.0).clip(0, 255).astype(np.float32)


def _bands(file: BinaryIO, layout: Layout) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yield rows, columns and samples, (rows, columns, samples), of parts of the picture."""
    tall, wide = layout.part
    across = -(-layout.width // wide)
    count = across * -(-layout.height // tall)
    planes = layout.samples if layout.separate else 1
    at_once = max(1, BAND_SAMPLES // (wide * layout.samples))
    for part in range(count):
        top, left = part // across * tall, part % across * wide
        end = min(top + tall, layout.height)
        readers = [_reader(file, layout, layout.offsets[part + plane * count]) for plane in range(planes)]
        for row in range(top, end, at_once):
            rows = min(at_once, end - row)
            size = layout.size_of(rows, wide, layout.together)
            values = np.concatenate([_values(read(size), rows, layout) for read in readers], axis=-1)
            yield slice(row, row + rows), slice(left, left + wide), values[:, : layout.width - left]


def _reader(file: BinaryIO, layout: Layout, offset: int) -> Callable[[int], bytes]:
    """Return a function that reads the next bytes of a strip or tile, unpacked."""
    unpacking = zlib.decompressobj() if layout.compression in DEFLATE else None

    def stored(size: int) -> bytes:
        nonlocal offset
        file.seek(offset)
        content = file.read(size)
        offset += len(content)
        return content.translate(_REVERSED) if layout.reversed_bits else content

    def read(size: int) -> bytes:
        pieces: list[bytes] = []
        while size > 0:
            source = (unpacking.unconsumed_tail if unpacking else b"") or stored(PIECE if unpacking else size)
            pieces.append(unpacking.decompress(source, size) if unpacking else source)
            size -= len(pieces[-1])
            if size > 0 and (not source or (unpacking and unpacking.eof)):
                raise OSError(f"a strip or tile ends {size:,} bytes early")
        return b"".join(pieces)

    return read


def _values(content: bytes, rows: int, layout: Layout) -> np.ndarray:
    """Return the samples in some rows of a strip or tile, (rows, columns, samples)."""
    shape = rows, layout.part[1], layout.together
    stored = np.frombuffer(content, np.uint8)
    predictor = layout.predictor if layout.compression in DEFLATE else 1
    if layout.bits not in (8, 16, 32, 64):
        bits = np.unpackbits(stored.reshape(rows, -1), axis=1)[:, : shape[1] * shape[2] * layout.bits]
        places = np.moveaxis(bits.reshape(*shape, layout.bits), -1, 0)
        values = np.zeros(shape, np.uint32)
        for place in places:
            values = 2 * values + place
        return values
    kind = np.dtype(f"{layout.order}{' uif'[layout.kind]}{layout.bits // 8}")
    if predictor == BY_FLOAT_DIFFERENCE:  # by bytes, all pixels' most significant ones first
        summed = stored.reshape(rows, -1, shape[2]).cumsum(axis=1, dtype=np.uint8)
        swapped = summed.reshape(rows, layout.bits // 8, -1).swapaxes(1, 2)
        return np.ascontiguousarray(swapped).view(kind.newbyteorder(">")).reshape(shape)
    values = stored.view(kind).reshape(shape)
    if predictor == BY_DIFFERENCE:
        return values.cumsum(axis=1, dtype=kind.newbyteorder("="))
    return values
