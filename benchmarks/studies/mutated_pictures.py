"""Seeded, mutated picture files of every format that is read.

Bases are a drawn galaxy in many modes; mutations damage bytes, claim huge sizes, repeat what decoders repeat, or pack
much into little.
"""

import bz2
import gzip
import io
import struct
import zlib
from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np
from astropy.io import fits
from PIL import Image, PngImagePlugin

SIDE = 96
HUGE = ((7000, 7000), (65535, 762), (2**31 - 1, 2**31 - 1), (50_000_000, 1), (16, 3_000_000), (0, 0), (70_000, 700))
NUMBERS = (0, 1, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
CARDS = (
    *("NAXIS", "NAXIS1", "NAXIS2", "BITPIX", "BSCALE", "BZERO", "BLANK", "PCOUNT", "GCOUNT", "EXTNAME", "FILTER"),
    *("CRPIX1", "CD1_1", "CTYPE1", "CRVAL1", "TFIELDS", "THEAP"),
    *("ZNAXIS1", "ZTILE1", "ZTILE2", "ZCMPTYPE", "ZBITPIX", "ZQUANTIZ"),
)

Made = tuple[bytes, str]  # a file, and what it is


def galaxy(rng: Random) -> Image.Image:
    """Draw a galaxy with noise."""
    numbers = np.random.default_rng(rng.randrange(2**32))
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    light = 220 * np.exp(-np.hypot(x, y * numbers.uniform(1, 3)) / numbers.uniform(5, 15))
    colours = light[..., np.newaxis] * numbers.uniform(0.5, 1, 3) + numbers.uniform(0, 25, (SIDE, SIDE, 3))
    return Image.fromarray(colours.clip(0, 255).astype(np.uint8))


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    """Encode a picture."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def in_16_bits(picture: Image.Image) -> Image.Image:
    """Return a picture in grey of 16 bits."""
    return Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * 257)


def jpeg(rng: Random, picture: Image.Image) -> Made:
    """Return a JPEG file."""
    exif = Image.Exif()
    exif[0x0112] = rng.choice([0, 1, 6, 8, 9, 65535])
    kind = rng.choice(["RGB", "CMYK", "L", "progressive", "restart", "exif"])
    options: dict[str, Any] = {"progressive": kind == "progressive"}
    if kind == "exif":
        options |= {"exif": exif.tobytes(), "icc_profile": rng.randbytes(3000)}
    if kind == "restart":
        options |= {"restart_marker_blocks": 4, "subsampling": 0}
    mode = kind if kind in ("CMYK", "L") else "RGB"
    return saved(picture.convert(mode), "JPEG", **options), f"jpeg {kind}"


def png(rng: Random, picture: Image.Image) -> Made:
    """Return a PNG file."""
    kind = rng.choice(["RGB", "P", "RGBA", "LA", "1", "16 bits", "texts", "animated"])
    options: dict[str, Any] = {}
    if kind == "texts":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("a", "x" * rng.choice([500, 3_000_000]), zip=True)
        options["pnginfo"].add_itxt("b", "y" * 3000, zip=True)
        options["icc_profile"] = bytes(3000)
    if kind == "animated":
        options |= {"save_all": True, "append_images": [picture.rotate(90)], "duration": 10}
    picture = in_16_bits(picture) if kind == "16 bits" else picture
    return saved(
        picture.convert(kind) if kind in ("P", "RGBA", "LA", "1") else picture, "PNG", **options
    ), f"png {kind}"


def tiff(rng: Random, picture: Image.Image) -> Made:
    """Return a TIFF file."""
    mode = rng.choice(["RGB", "L", "F", "I", "16 bits", "CMYK", "YCbCr", "RGBA", "1", "P", "LAB"])
    packing = rng.choice([None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma", "jpeg"])
    if packing == "jpeg" and mode not in ("RGB", "L", "YCbCr", "CMYK"):
        packing = None
    if mode == "LAB":
        picture = Image.merge("LAB", picture.split())
    else:
        picture = in_16_bits(picture) if mode == "16 bits" else picture.convert(mode)
    options: dict[str, Any] = {"compression": packing} if packing else {}
    options |= {"big_tiff": True} if rng.random() < 0.2 else {}
    return saved(picture, "TIFF", **options), f"tiff {mode} {packing}"


def other(rng: Random, picture: Image.Image) -> Made:
    """Return a WebP, AVIF, GIF or BMP file."""
    form = rng.choice(["WEBP", "WEBP", "AVIF", "AVIF", "GIF", "BMP"])
    options: dict[str, Any] = {"lossless": rng.random() < 0.5} if form == "WEBP" else {}
    if rng.random() < 0.3 and form in ("WEBP", "AVIF"):
        picture = picture.convert("RGBA")
    if rng.random() < 0.2 and form != "BMP":
        options |= {"save_all": True, "append_images": [picture.rotate(90)]}
    return saved(picture, form, **options), f"{form.lower()} {picture.mode}"


def fits_file(rng: Random, picture: Image.Image) -> Made:
    """Return a FITS file, compressed or packed or as it is."""
    planes = np.moveaxis(np.asarray(picture, np.float32), -1, 0)
    kind = rng.choice(["grey", "cube", "bands", "integers", "tiles", "tiles", "gz", "bz2", "table"])
    primary = fits.PrimaryHDU(planes if kind == "cube" else planes[1])
    units: list[Any] = [primary]
    if kind == "integers":
        units = [fits.PrimaryHDU((planes[0] * 100).astype(np.uint16))]
    if kind == "bands":
        units = [
            fits.PrimaryHDU(),
            *(fits.ImageHDU(plane, name=band) for plane, band in zip(planes, "irg", strict=True)),
        ]
    if kind == "tiles":
        method = rng.choice(["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"])
        values = planes[1].astype(np.int32) if method in ("HCOMPRESS_1", "PLIO_1") else planes[1]
        units = [fits.PrimaryHDU(), fits.CompImageHDU(values, compression_type=method, tile_shape=(32, 32))]
    if kind == "table":
        units.append(fits.BinTableHDU.from_columns([fits.Column("x", "E", array=np.arange(10.0))]))
    file = io.BytesIO()
    for name, value in {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRVAL1": 150.0,
        "CRVAL2": 2.0,
        "CD1_1": -1e-4,
    }.items():
        units[-1].header[name] = value
    fits.HDUList(units).writeto(file, output_verify="silentfix")
    content = file.getvalue()
    packers: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress}
    return packers.get(kind, bytes)(content), f"fits {kind}"


def damaged(rng: Random, content: bytes) -> Made:
    """Flip, overwrite, delete, repeat or cut off bytes."""
    kind = rng.choice(["flipped", "overwritten", "cut", "swapped", "repeated", "deleted", "number"])
    within = min(len(content), rng.choice([64, 600, len(content)]))
    at, size = rng.randrange(within), rng.choice([1, 8, 100, 3000])
    changed = bytearray(content)
    if kind == "cut":
        return content[: at + 1], kind
    if kind == "deleted":
        return content[:at] + content[at + size :], kind
    if kind == "repeated":
        return content[:at] + content[at : at + size] * rng.choice([2, 50]) + content[at + size :], kind
    if kind == "swapped":
        there = rng.randrange(len(content))
        changed[at : at + size], changed[there : there + size] = content[there : there + size], content[at : at + size]
    for _ in range(rng.choice([1, 3, 30])):
        at = rng.randrange(within)
        if kind == "flipped":
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == "overwritten":
            changed[at : at + size % 7 + 1] = rng.choice([b"\xff", b"\0", b"\x7f", b"9"]) * (size % 7 + 1)
        elif kind == "number":
            changed[at : at + 4] = struct.pack(rng.choice("<>") + "I", rng.choice(NUMBERS))
    return bytes(changed), kind


@lru_cache(maxsize=2)
def zeros(count: int) -> bytes:
    """Return that number of zeros or some more, deflated."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(2**20)) for _ in range((count >> 20) + 1)) + packer.flush()


def odd_jpeg(rng: Random, content: bytes) -> Made:
    """Claim a huge size, or repeat scans, segments or fill bytes."""
    kind = rng.choice(["size", "scans", "fill", "comments", "profile"])
    if kind == "scans":
        wide = saved(
            Image.open(io.BytesIO(content)).convert("RGB").resize((2500, 2500)), "JPEG", progressive=True, quality=5
        )
        last = wide.rindex(b"\xff\xda")
        return wide[:last] + wide[last:-2] * rng.choice([10, 200, 2000]) + wide[-2:], kind
    if kind == "size":
        frame = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2"))
        width, height = (min(length, 65535) for length in rng.choice(HUGE))
        return content[: frame + 5] + struct.pack(">HH", height, width) + content[frame + 9 :], kind
    profile = b"\xff\xe2\xff\xffICC_PROFILE\0\1\xff" + bytes(65535 - 16)
    repeated = {"fill": rng.choice([b"\xff", b"\0", b"\xff\xd8"]) * 4_000_000, "comments": b"\xff\xfe\0\2" * 300_000}
    return content[:2] + repeated.get(kind, profile * 255) + content[2:], kind


def odd_png(rng: Random, content: bytes) -> Made:
    """Shuffle or repeat chunks, claim a huge size, or add what unpacks to much."""
    chunks, at = [], 8
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    kind = rng.choice(["shuffled", "size", "text", "profile", "many", "transparency", "much"])
    first: list[tuple[bytes, bytes]] = []
    if kind == "shuffled":
        rng.shuffle(chunks)
    elif kind == "size":
        chunks[0] = (b"IHDR", struct.pack(">II", *rng.choice(HUGE)) + chunks[0][1][8:])
    elif kind == "much":
        depth, colour, samples = rng.choice([(16, 0, 1), (16, 6, 4), (8, 6, 4), (8, 2, 3), (1, 0, 1), (16, 4, 2)])
        row = (7000 * samples * depth + 7) // 8 + 1
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", 7000, 7000, depth, colour, 0, 0, 0)), (b"IDAT", zeros(row * 7001))]
        chunks.append((b"IEND", b""))
    else:
        first = {
            "text": [(rng.choice([b"zTXt", b"iTXt"]), b"x\0\0" + zeros(50 << 20))] * 3,
            "profile": [(b"iCCP", b"x\0\0" + zeros(50 << 20))],
            "many": [(rng.choice([b"tEXt", b"prVt", b"IDAT"]), b"k\0v")] * 150_000,
            "transparency": [(b"tRNS", rng.randbytes(rng.choice([0, 1, 6, 256, 1000])))],
        }[kind]
    joined = chunks[:1] + first + chunks[1:]
    made = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in joined
    )
    return content[:8] + b"".join(made), kind


def odd_tiff(rng: Random, content: bytes) -> Made:
    """Return a TIFF file of random tags, or of tags that fit one another."""
    order, kind = rng.choice("<>"), rng.choice(["random", "much", "strips", "loop"])
    width, height = (7000, 7000) if kind == "much" else rng.choice([*HUGE, (100, 100), (100, 100)])
    bits, sample_format = rng.choice([(32, 3), (64, 3), (16, 1), (8, 1), (32, 1), (12, 1), (16, 2), (1, 1), (0, 1)])
    samples = rng.choice([1, 1, 3, 4, 65535])
    body = zeros(min(width * height * samples * bits // 8, 400 << 20)) if kind == "much" else rng.randbytes(3000)
    count = 500_000 if kind == "strips" else 1
    tags = [
        *(
            (256, 1, width % 2**32),
            (257, 1, height % 2**32),
            (258, 1, bits),
            (262, 1, rng.choice([0, 1, 2, 3, 5, 6, 8])),
        ),
        (259, 1, 8 if kind == "much" else rng.choice([1, 1, 2, 5, 6, 7, 8, 32773, 50000, 65000])),
        *((273, count, 4096), (277, 1, samples), (278, 1, rng.choice([height % 2**32, 1, 0])), (279, 1, len(body))),
        *((284, 1, rng.choice([1, 2])), (317, 1, rng.choice([1, 1, 2, 3])), (339, 1, sample_format)),
    ]
    if kind == "random":
        tags += [(rng.randrange(65536), rng.choice([1, 4, 2**30]), rng.choice(NUMBERS)) for _ in range(20)]
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, number, value) for tag, number, value in sorted(tags))
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    file = (start + entries + struct.pack(f"{order}I", 8 if kind == "loop" else 0)).ljust(4096, b"\0")
    return file + (
        struct.pack(f"{order}I", 4096) * count if kind == "strips" else b""
    ) + body, f"{kind} {bits}×{samples}"


def odd_other(rng: Random, content: bytes) -> Made:
    """Return a file of one colour that is large, or one with another claim of its size."""
    form = rng.choice(["WEBP", "AVIF"])
    if rng.random() < 0.5:
        at = content.find(b"ispe") + 8 if form == "AVIF" else 24
        return content[:at] + struct.pack(rng.choice("<>") + "I", rng.choice(NUMBERS)) + content[at + 4 :], "size"
    width, height = rng.choice([(4400, 4400), (7000, 3000) if form == "WEBP" else (4000, 4000), (16383, 1000)])
    options: dict[str, Any] = {"lossless": True, "quality": 0, "method": 0} if form == "WEBP" else {"speed": 10}
    return saved(Image.new("RGB", (width, height)), form, **options), f"one colour of {width}×{height}"


def gzip_quickly(content: bytes) -> bytes:
    """Return a gzip file."""
    return gzip.compress(content, compresslevel=1)


@lru_cache(maxsize=4)
def endless_header(filler: bytes, packer: Callable[[bytes], bytes]) -> bytes:
    """Return a packed FITS header that does not end."""
    return packer(b"SIMPLE  =                    T".ljust(80) + filler * 100_000_000)


def odd_fits(rng: Random, content: bytes) -> Made:
    """Change a card of a FITS file, or pack much into one."""
    if content[:2] != b"SI" or rng.random() < 0.1:
        filler = rng.choice([b" ", b"\0", b""])
        packer = gzip_quickly if rng.random() < 0.5 else bz2.compress
        return (endless_header(filler, packer) if filler else packer(content)), "packed"
    key = rng.choice(CARDS)
    values = [*NUMBERS, -1, 999, 10**30, "NaN", "1E300", "'x'", "g", "'RA---SIP'", "T", "''", "1,5"]
    card = f"{key:<8}= {rng.choice(values):>20}".ljust(80).encode()
    at = content.find(f"{key:<8}=".encode())
    if at < 0:
        at = content.find(b"END" + b" " * 77)
        return content[:at] + card + content[at : at + 80] + content[at + 160 :], key
    return content[:at] + card + content[at + 80 :], key


BASES: tuple[tuple[Callable[[Random, Image.Image], Made], Callable[[Random, bytes], Made]], ...] = (
    *((jpeg, odd_jpeg), (png, odd_png), (tiff, odd_tiff), (other, odd_other), (fits_file, odd_fits)),
)


def make(seed: int) -> Made:
    """Return a mutated picture file and what it is."""
    rng = Random(seed)
    base, odd = BASES[seed % len(BASES)]
    content, label = base(rng, galaxy(rng))
    if rng.random() < 0.4:
        content, what = odd(rng, content)
        return content, f"{label}, {what}"
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        content, what = damaged(rng, content or b"\0")
        label += f", {what}"
    return content, label
