"""TIFF files for the tests, of any layout of samples, tag by tag."""

import itertools
import struct
import zlib

import numpy as np

REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
DEFLATE, PACKBITS = 8, 32773


def packed_bits(samples, bits):
    """Pack rows of samples of some bits each; a row fills whole bytes."""
    rows = samples.reshape(len(samples), -1)
    places = rows[..., np.newaxis] >> np.arange(bits - 1, -1, -1) & 1
    return np.packbits(places.astype(np.uint8).reshape(len(samples), -1), axis=1).tobytes()


def tiff_file(samples, *, order="<", kind=None, bits=None, separate=False, tile=None, rows=None, tags=()):
    """Write (H, W) or (H, W, N) samples; `tags` adds SHORT tags, or with None leaves them out.

    `bits` packs unsigned integers in as many bits. Compression 8, FillOrder 2 and 32773 are applied.
    """
    samples = samples if samples.ndim == 3 else samples[..., np.newaxis]
    height, width, count = samples.shape
    tall, wide = (tile, tile) if tile else (rows or height, width)
    values = {
        **{256: [width], 257: [height], 258: [bits or 8 * samples.itemsize] * count, 259: [1]},
        **{262: [2 if count >= 3 else 1], 277: [count], 284: [2 if separate else 1]},
        **({322: [tall], 323: [wide]} if tile else {278: [tall]}),
        339: [kind or " uif".index(samples.dtype.kind)] * count,
    } | dict(tags)
    planes = np.split(samples, count, axis=-1) if separate else [samples]
    parts = []
    for plane, top, left in itertools.product(planes, range(0, height, tall), range(0, width, wide)):
        part = plane[top : top + tall, left : left + wide]
        if tile:
            part = np.pad(part, ((0, tall - part.shape[0]), (0, wide - part.shape[1]), (0, 0)))
        content = packed_bits(part, bits) if bits else part.astype(part.dtype.newbyteorder(order)).tobytes()
        content = _compressed(content, values[259][0])
        parts.append(content.translate(REVERSED) if values.get(266) == [2] else content)
    values |= {324 if tile else 273: [0] * len(parts), 325 if tile else 279: [len(part) for part in parts]}
    values = {tag: value for tag, value in sorted(values.items()) if value is not None}
    return _file(values, parts, order)


def _compressed(content, compression):
    if compression == PACKBITS:  # each run as it is
        runs = [content[start : start + 128] for start in range(0, len(content), 128)]
        return b"".join(bytes([len(run) - 1]) + run for run in runs)
    return zlib.compress(content) if compression == DEFLATE else content


def _file(values, parts, order):
    """Lay out the tags, all but the parts' offsets and lengths as SHORT."""
    long = (273, 279, 324, 325)
    places = 8 + 2 + 12 * len(values) + 4
    start = places + sum(len(value) * (4 if tag in long else 2) for tag, value in values.items())
    offsets = list(itertools.accumulate([len(part) for part in parts], initial=start))[:-1]
    entries = longer = b""
    for tag, value in values.items():
        value = offsets if tag in (273, 324) else value
        content = struct.pack(f"{order}{len(value)}{'I' if tag in long else 'H'}", *value)
        entries += struct.pack(f"{order}HHI", tag, 4 if tag in long else 3, len(value))
        if len(content) > 4:
            entries += struct.pack(f"{order}I", places + len(longer))
            longer += content
        else:
            entries += content.ljust(4, b"\0")
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(values))
    return (start + entries + struct.pack(f"{order}I", 0) + longer).ljust(offsets[0], b"\0") + b"".join(parts)
