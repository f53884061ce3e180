"""FITS headers as people have them: odd, incomplete and hostile cards, and positions that are never invented."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from fits_files import galaxy_fluxes, notes_of, on_the_sky, with_header, written
from picture_files import refusal

from galaxy_explorer.images import read_exposure

STEP = 0.4 / 3600
STEPS = {"CDELT1": -STEP, "CDELT2": STEP}
MATRIX = {name: value for name, value in on_the_sky(0.4, 25.0).items() if name.startswith("CD")}
ROTATION = {f"PC{name[2:]}": value / STEP * (-1 if name[2] == "1" else 1) for name, value in MATRIX.items()}
SCAMP = {"PV1_0": 1e-5, "PV1_1": 1.01, "PV1_4": 2e-3, "PV1_7": 0.1, "PV2_1": 0.99, "PV2_5": 1e-2, "PV2_10": 0.01}
SIP = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-6, "A_1_1": 2e-6, "B_0_2": 3e-6}
FAR = {"CRPIX1": 2000.0, "CRPIX2": -3000.0}
COEFFICIENTS = "-0.2000 0.2 -0.3 0.3 1.1e-4 2.2e-4 -3.3e-3 4.1e-4 1.5e-4 2.5e-4 "
AXIS_3 = {"CTYPE3": "FREQ", "CRVAL3": 1.4e9, "CRPIX3": 1.0, "CDELT3": 1e6, "CUNIT3": "Hz"}


def located(projection="TAN", **cards):
    """Cards of a position without those of the scale, and some more; None removes a card."""
    base = {name: value for name, value in on_the_sky().items() if name[:2] != "CD"}
    base |= {"CTYPE1": f"RA---{projection}", "CTYPE2": f"DEC--{projection}"} | cards
    return {name: value for name, value in base.items() if value is not None}


def wat(axis, text):
    """The cards of an IRAF text of 68 letters a card."""
    return {f"WAT{axis}_{start // 68 + 1:03}": text[start : start + 68] for start in range(0, len(text), 68)}


TNX = wat(1, f'wtype=tnx axtype=ra lngcor = "3. 3. 3. 2. {COEFFICIENTS}"')
TNX |= wat(2, f'wtype=tnx axtype=dec latcor = "3. 3. 3. 2. {COEFFICIENTS}"')
GOOD = {
    "CD": located(**MATRIX),
    "CD and CROTA": located(**MATRIX, CROTA2=33.0),
    "CDELT": located(**STEPS),
    "CDELT of the other sign": located(CDELT1=STEP, CDELT2=-STEP),
    "CROTA2": located(**STEPS, CROTA2=33.0),
    "PC": located(**STEPS, **ROTATION),
    "PC001001": located(**STEPS, **{f"PC00{name[2]}00{name[4]}": value for name, value in ROTATION.items()}),
    "PC01_01": located(**STEPS, **{f"PC0{name[2]}_0{name[4]}": value for name, value in ROTATION.items()}),
    "swapped": located(CTYPE1="DEC--TAN", CTYPE2="RA---TAN", CRVAL1=47.2, CRVAL2=202.47, CDELT1=STEP, CDELT2=-STEP),
    "FK4": located(**STEPS, RADESYS="FK4", EQUINOX=1950.0),
    "EPOCH": located(**STEPS, EPOCH=1950.0),
    "EPOCH after EQUINOX": located(**STEPS, EQUINOX=2000.0, EPOCH=1950.0),
    "RADECSYS": located(**STEPS, RADECSYS="FK5", EQUINOX=1975.0),
    "Galactic": located(**STEPS, CTYPE1="GLON-TAN", CTYPE2="GLAT-TAN"),
    "arcsec": located(CUNIT1="arcsec", CUNIT2="arcsec", CRVAL1=7e5, CRVAL2=1e5, CDELT1=-0.4, CDELT2=0.4),
    "TPV": located("TPV", **MATRIX, **SCAMP, **FAR),
    "PV of SCAMP in TAN": located(**MATRIX, **SCAMP, **FAR),
    "SIP": located("TAN-SIP", **MATRIX, **SIP, **FAR),
    "SIP without suffix": located(**MATRIX, **SIP, **FAR),
    "SIP and PV of SCAMP": located("TAN-SIP", **MATRIX, **SIP, **SCAMP, **FAR),
    "TNX": located("TNX", **MATRIX, **TNX, **FAR),
    "WAT of IRAF": located(**MATRIX, **wat(1, "wtype=tan axtype=ra"), **wat(2, "wtype=tan axtype=dec")),
    "ZPN": located("ZPN", **MATRIX, PV2_1=1.0, PV2_3=42.0, CRPIX1=3000.0),
    "PROJP": located("ZPN", **MATRIX, PROJP1=1.0, PROJP3=42.0, CRPIX1=3000.0),
    "pole": located(**MATRIX, LONPOLE=200.0),
    "a frequency": located("SIN", **STEPS, **AXIS_3, PC3_3=1.0, WCSAXES=3),
    "an alternative": located(**MATRIX, CTYPE1A="LINEAR", CRVAL1A=1.0, CD1_1A=1.0),
    "dates": located(**MATRIX, **{"DATE-OBS": "1998-12-31", "MJD-OBS": 51178.0, "OBSGEO-X": 1e6}),
}


@pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning")
@pytest.mark.parametrize("cards", GOOD.values(), ids=GOOD)
def test_the_position_is_that_of_astropy_for_every_good_header(cards):
    unit = with_header(galaxy_fluxes(), **cards)
    expected = WCS(unit.header).celestial.pixel_to_world(31.5, 31.5).icrs
    position = read_exposure(written(unit)).position
    assert (position.ra_deg, position.dec_deg) == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-9)


def test_the_plate_solution_of_the_digitized_sky_survey_is_followed():
    cards = dict.fromkeys((f"AMD{axis}{term}" for axis in "XY" for term in range(1, 14)), 0.0)
    cards |= {"AMDX1": 67.2, "AMDY1": 67.2, "XPIXELSZ": 15.0, "YPIXELSZ": 15.0, "PPO3": 177500.0, "PPO6": 177500.0}
    cards |= {"CNPIX1": 11700.0, "CNPIX2": 11700.0, "PLTRAH": 10.0, "PLTRAM": 0.0, "PLTRAS": 24.0, "PLTDECSN": "-"}
    cards |= {"PLTDECD": 2.0, "PLTDECM": 12.0, "PLTDECS": 0.0, "EQUINOX": 2000.0}
    unit = with_header(galaxy_fluxes(), **cards)
    expected = WCS(unit.header).pixel_to_world(31.5, 31.5).icrs
    position = read_exposure(written(with_header(galaxy_fluxes(), **cards, PLATEID="a" * 60))).position
    assert (position.ra_deg, position.dec_deg) == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-9)
    assert read_exposure(written(with_header(galaxy_fluxes(), **(cards | {"PPO3": "x"})))).position is None


def raw(*cards, before=(), **header):
    """A file whose header ends in cards as they are, which astropy would not write."""
    marks = {f"MARK{number}": 1 for number in range(len(cards))}
    content = written(*before, with_header(galaxy_fluxes(), **header, **marks))
    for mark, card in zip(marks, cards, strict=True):
        at = content.index(f"{mark:8}= ".encode())
        content = content[:at] + card.ljust(80).encode("latin-1") + content[at + 80 :]
    return content


@pytest.mark.parametrize(
    ("cards", "missing"),
    [
        ({"CRVAL1": "10:00:24.0", "CRVAL2": "+02:12:00.0"}, "CRVAL1"),
        ({"CRVAL1": None, "CRVAL2": None}, "CRVAL1"),
        ({"CRVAL2": None}, "CRVAL2"),
        ({"CRVAL2": True}, "CRVAL2"),
        ({"CRPIX2": None}, "CRPIX2"),
        ({"CRPIX1": "center"}, "CRPIX1"),
        ({"CD2_1": "0.1"}, "CD2_1"),
        ({"PV1_3": "text"}, "PV1_3"),
        ({"PV1_3": 1j}, "PV1_3"),
        ({"CTYPE1": None}, "CTYPE1"),
        ({"CUNIT2": 1.0}, "CUNIT2"),
        ({"A_ORDER": 20_000, "B_ORDER": 2}, "A_ORDER"),
        ({"EQUINOX": "now", "RADESYS": "FK5"}, "EQUINOX"),
        (dict.fromkeys(MATRIX) | {"CDELT1": STEP}, "CDELT2"),
        (dict.fromkeys(MATRIX), "CDELT1"),
    ],
)
def test_no_position_is_invented_where_cards_are_missing_or_no_numbers(cards, missing):
    cards = {name: value for name, value in (on_the_sky() | cards).items() if value is not None}
    exposure = read_exposure(written(with_header(galaxy_fluxes(), **cards)))
    assert exposure.position is None
    assert f"its sky coordinates are not complete ({missing})" in "; ".join(exposure.notes)


@pytest.mark.parametrize("card", ["CRVAL1  = 150,1", "CRPIX2  = NaN", "CD1_1   = 1E400", "CRVAL2  = '12", "CD2_2   ="])
def test_nor_where_a_card_cannot_be_parsed(card):
    name = card[:8].strip()
    cards = {one: value for one, value in on_the_sky().items() if one != name}
    assert f"its sky coordinates are not complete ({name})" in notes_of(raw(card, **cards))


def test_an_equinox_in_words_is_read_and_needs_none_in_icrs():
    wanted = read_exposure(written(with_header(galaxy_fluxes(), **on_the_sky(), EQUINOX=1950.0))).position
    assert read_exposure(written(with_header(galaxy_fluxes(), **on_the_sky(), EQUINOX="B1950"))).position == wanted
    plain = read_exposure(written(with_header(galaxy_fluxes(), **on_the_sky()))).position
    for cards in ({"EQUINOX": "now", "RADESYS": "ICRS"}, {"EPOCH": 0.0}, {"EQUINOX": 0}):
        assert read_exposure(written(with_header(galaxy_fluxes(), **on_the_sky(), **cards))).position == plain


@pytest.mark.parametrize(
    ("cards", "frame"),
    [
        ({"RADESYS": "icrs"}, ""),
        ({"RADESYS": "J2000"}, "J2000"),
        ({"RADECSYS": "GAPPT"}, "GAPPT"),
        ({"CTYPE1": "ELON-TAN", "CTYPE2": "ELAT-TAN"}, "ELON"),
        ({"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN"}, "HPLN"),
    ],
)
def test_an_unknown_frame_is_reported(cards, frame):
    exposure = read_exposure(written(with_header(galaxy_fluxes(), **(on_the_sky() | cards))))
    assert (exposure.position is None) == bool(frame)
    assert (f"its frame “{frame}” is not known" in "; ".join(exposure.notes)) == bool(frame)


def test_a_broken_third_axis_does_not_matter():
    cards = on_the_sky() | {"CTYPE3": "WAVE-TAB", "PS3_0": "none", "CRVAL3": "x", "CD3_3": "x"}
    assert read_exposure(written(with_header(galaxy_fluxes(), **cards))).position.ra_deg == pytest.approx(202.47)


@pytest.mark.parametrize(
    "card", ["FILTER  = g", "EXTNAME = SCI", "BAND    = 1,5", "BANDS   = 'grz", "BAND1   = NaN", "HDUCLAS2= x"]
)
def test_a_card_without_weight_that_cannot_be_parsed_counts_as_missing(card):
    plain = read_exposure(written(galaxy_fluxes()))
    for content in (raw(card), raw(card, before=(fits.PrimaryHDU(),))):
        np.testing.assert_array_equal(read_exposure(content).picture, plain.picture)


@pytest.mark.parametrize(("card", "value"), [("BLANK   = none", "none"), ("BZERO   = 0,0 / zero", "0,0")])
def test_a_card_that_the_pixels_need_is_named_with_its_value(card, value):
    assert f"its card {card[:6].strip()} is “{value}”, and a number was expected" in refusal(raw(card))
    behind = raw(card, before=(fits.PrimaryHDU(galaxy_fluxes()),))
    np.testing.assert_array_equal(read_exposure(behind).picture, read_exposure(written(galaxy_fluxes())).picture)


HOSTILE = r"""
import random, sys
sys.path[:0] = sys.argv[1:]
from fits_files import galaxy_fluxes, on_the_sky, with_header, written
from galaxy_explorer.images import ImageError, read_exposure

TEXT = "'not a number, written as text by a script that was in a hurry'"
NAMES = ["PV1_{}", "PV2_{}", "CD1_{}", "A_1_{}", "AMDX{}", "WAT1_0{:02}", "CROTA{}", "PS1_{}", "CRVAL{}"]
ONES = ["MJD-OBS", "CTYPE1", "CUNIT1", "RADESYS", "PLATEID", "PLTDECSN", "CNPIX1", "WAT1_000", "WCSAXES", "DP1"]
VALUES = [TEXT, "none", "1,5", "NaN", "1E400", "-1E308", "0", "T", "''", "'RA---TAB'", "99999999999", "'unterminated"]
plain = written(with_header(galaxy_fluxes(side=20), **on_the_sky()))
end = plain.index(b"END".ljust(80))
body = plain[-(-end // 2880) * 2880 :]

def read(*cards):
    header = plain[:end] + b"".join(card.encode().ljust(80)[:80] for card in cards) + b"END".ljust(80)
    try:
        return read_exposure(header.ljust(-(-len(header) // 2880) * 2880) + body)
    except ImageError:
        return None

def many(count, form, value):
    return [f"{form.format(number):8}= {value}" for number in range(count)]

for count in (60, 120):
    exposure = read(*many(count, "PV1_{}", TEXT))
    assert exposure.picture.shape == (20, 20, 3) and exposure.position is None, exposure
    read(*many(count, "CD1_{}", TEXT)), read(*many(count, "CROTA{}", "north"))
    assert read(*[f"MJD-OBS = {TEXT}"] * count).position
    read(*many(count, "AMDX{}", "1.0"), *["CNPIX1  = 1.0"] * count, "PLATEID = '" + 60 * "a" + "'")
tnx = ["CTYPE1  = 'RA---TNX'", "CTYPE2  = 'DEC--TNX'"]
for numbers in ("3. 99. 99. 1. " + 20 * "1. ", "3. 3. 3. 7. " + 30 * "1. ", "", "3. -1. 2. 0. 1. 1. 1. 1. 1. "):
    for kind in ("tnx", "tnx" * 12):
        texts = [f"WAT{axis}_001= 'wtype={kind} axtype=ra lngcor = \"{numbers[:30]}\"'" for axis in (1, 2)]
        assert read(*tnx, *texts).position is None
random.seed(17)
for _ in range(150):
    cards = many(random.randint(1, 99), random.choice(NAMES), random.choice(VALUES))
    cards += [f"{random.choice(ONES):8}= {random.choice(VALUES)}"] * random.randint(0, 99)
    read(*random.sample(cards, len(cards)))
print("alive")
"""


def test_no_header_ends_the_process():
    """wcslib's messages on cards that it rejects overrun a buffer (astropy#20349): a child process reads them."""
    root = Path(__file__).parents[2]
    checked = {"MALLOC_CHECK_": "3", "LD_PRELOAD": "libc_malloc_debug.so.0"}  # of glibc; elsewhere without effect
    child = subprocess.run(
        [sys.executable, "-c", HOSTILE, str(root), str(root / "tests/support")],
        env={**os.environ, **checked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stdout.strip()) == (0, "alive"), child.stderr
