"""Bands of FITS images: their names in headers, their order, and which three make a picture."""

import re
from typing import Any

from galaxy_explorer.images.formats.fits_files import Unit, text_of

# Bands by their wavelength in nanometres, so that the longest becomes red. Small letters stand for the filters of SDSS
# and for Johnson's and Cousins's alike: their order is the same.
WAVELENGTHS = dict(zip("ubgvrizyjhk", (354, 440, 477, 551, 623, 762, 913, 1004, 1250, 1650, 2200), strict=True))
COLOURS = {"red": "r", "green": "g", "blue": "b", "ks": "k"}
# Which three make the picture if there are more, the first that are all there. SDSS pictures are made of i, r, g.
TRIPLETS = ("irg", "zrg", "zig", "yrg", "izr", "rgb", "irv", "ivb", "rvb", "khj")
MOST_BANDS = 12  # in one cube; one with more is a spectrum at every pixel

# Images of these names describe another image and are not read first.
COMPANION = re.compile(
    r"err|dq|wht|wgt|weight|var|mask|msk|flag|flg|unc|sigma|rms|bkg|background|psf|exp|model|seg|nsamp|time|sky$|"
    r"resid|noise|chi2|chisq|cover|context|depth|maglim|nim(?:age|g)|qual|confid|disp(?!lay)|"
    r"(?<![a-z])(?:ctx|con|cov|stat|std|stdev|stddev|snr|bpm|bad|num|cr|beam|pb)(?![a-z])"
)
FILTER_KEYS = (
    *("FILTER", "BAND", "FILTNAM", "FILTER1", "FILTER2", "FILTER01", "FILTNAM1", "FPA.FILTERID", "ESO INS FILT1 NAME"),
    *("FILTERID", "FILT", "WFFBAND"),
)
BAND_LISTS = ("BANDS", "FILTERS", "BAND", "FILTER")  # of a cube: 'grz', 'g,r,z', "['g', 'r', 'z']"
NUMBERED_BANDS = ("BAND", "FILTER", "FILT", "FILTNAM", "PLANE", "CHANNEL")  # BAND0, BAND_1, …
# Surveys and other words that are written together with a band: gSDSS, bokr, R-band, zd of DECaLS, rp of LCO.
_AROUND_BAND = re.compile(
    r"(?:sdss|decam|des|lsst|hsc|ps1?|bok|cfht|ztf|nir|nisp|img|image|sci)*"
    r"(?:([a-z]|ks|red|green|blue)(?:sdss|decam|des|lsst|hsc|ps1|jplus|splus|prime|band|img|image|filter)*"
    r"|([grizy])\d|([grz])d|([ugriz])p)"
)


def is_companion(unit: Unit) -> bool:
    """Return whether a unit describes another image: its errors, weights, flags, exposure, …"""
    kinds = (text_of(unit.header, key).lower() for key in ("EXTTYPE", "HDUCLAS2"))
    return any(COMPANION.search(text) for text in (unit.name, *kinds))


def filter_of(header: Any) -> str:
    """Return the filter in a header, known or not."""
    return next((name for key in FILTER_KEYS if (name := text_of(header, key))), "")


def bands_of(unit: Unit) -> list[str]:
    """List the bands of a cube: ``BANDS = 'grz'`` of the Legacy Surveys, or BAND0, BAND1, …"""
    count = min(unit.shape)
    if count > MOST_BANDS:
        return []
    for key in BAND_LISTS:
        text = text_of(unit.header, key).lower().strip("[](){} ")
        for parts in (list(text), re.split(r"[,;|/]", text), text.split(), re.findall(r"[a-z0-9]+", text)):
            if len(parts) == count and triplet_of(bands := [band_in(part) for part in parts]):
                return bands
    for prefix in NUMBERED_BANDS:
        for first in (0, 1):
            numbers = range(first, first + count)
            texts = [text_of(unit.header, f"{prefix}{n}") or text_of(unit.header, f"{prefix}_{n}") for n in numbers]
            if texts[0] and triplet_of(bands := [band_in(text) for text in texts]):
                return bands
    return []


def band_of(unit: Unit) -> str:
    """Return the band of a unit by its header or its name; empty if unknown."""
    return next((band for key in (*FILTER_KEYS, "EXTNAME") if (band := band_in(text_of(unit.header, key)))), "")


def band_in(text: str) -> str:
    """Return the one band in ``sdss g``, ``r.MP9601``, ``HSC-R2`` or ``RED``; else empty."""
    words = set(re.findall(r"[a-z0-9]+", text.lower()))
    if words & {"alpha", "beta"}:  # a line of hydrogen, not the H band
        return ""
    words |= {found[found.lastindex or 0] for word in words if (found := _AROUND_BAND.fullmatch(word))}
    known = {COLOURS.get(word, word) for word in words} & WAVELENGTHS.keys()
    return known.pop() if len(known) == 1 else ""


def triplet_of(bands: list[str]) -> tuple[str, ...]:
    """Return three of the bands for red, green and blue; empty if fewer than three are known."""
    known = sorted(set(bands) & WAVELENGTHS.keys(), key=WAVELENGTHS.__getitem__, reverse=True)
    if len(known) < 3:
        return ()
    return tuple(next((triplet for triplet in TRIPLETS if set(triplet) <= set(known)), known[:3]))
