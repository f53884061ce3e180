"""From what a person types or pastes to a position on the sky.

Coordinates are read by astropy. Names are asked of CDS Sesame at the address, and with the databases, that astropy's
own look-up uses (a test ties the two), but by `answers.ask`: astropy's look-up has neither a limit on the size of an
answer, nor retries with back-off, nor a cache that serves when the service is down, and its time limit is a setting
of the whole process.
"""

import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from galaxy_explorer.sky.answers import ask
from galaxy_explorer.sky.errors import Malformed, NotFound, NotUnderstood
from galaxy_explorer.sky.galaxies import place_of_id
from galaxy_explorer.sky.hosts import SESAME

LONGEST_TEXT = 2000  # characters, of a pasted address
LONGEST_NAME = 80
EXAMPLES = "M51, NGC 4565, 13:29:52.7 +47:11:43, or 202.47 47.2 in degrees"

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_COORDINATES = re.compile(r"[\d\s.:,;+\-hdms]+")
# The letters behind each number of a half: in order, some left out, or the unit of the whole at its end. Two primes
# for seconds have become mm.
_RA_UNITS = re.compile(r"[hd]?(,m?(,(s|mm)?)?)?|,+h(ms?)?")
_DEC_UNITS = re.compile(r"d?(,m?(,(s|mm)?)?)?|,+d(ms?)?")
# What is written round the numbers: "Position (202.47 +47.2)", "J2000 RA 202.47°, Dec +47.2°", "α=202.47 δ=47.2", and
# the frame, as SIMBAD and NED print it: "ICRS 13 29 52.698 +47 11 42.93", "13h29m52.7s +47d11m43s (J2000)". FK5 and ICRS are
# 0.03″ apart at most.
_FRAME = r"(?:icrs|fk5|j2000(?:\.0)?)"
_WRITTEN_ROUND = re.compile(
    rf"(?:(?:position|{_FRAME}(?:[,\s]+j2000(?:\.0)?)?)[:\s]+)?[(\[]?(?:\s*(?:ra|α)\s*[:=]?(.+)(?:dec|δ)\s*[:=]?)?"
    rf"(.+?)[)\]]?(?:[,\s]+\(?{_FRAME}\)?)?",
    re.DOTALL,
)
# As in the names of SDSS: J, hhmmss, ddmmss, each with any number of decimals.
_J_NAME = re.compile(r"(?:SDSS\s*)?J\s*(\d\d)(\d\d)(\d\d(?:\.\d+)?)\s*([+-]\d\d)(\d\d)(\d\d(?:\.\d+)?)", re.IGNORECASE)
_OBJECT_ID = re.compile(r"\d{17,19}")
_SIGNS = str.maketrans({"−": "-", "–": "-", "°": "d", "′": "m", "'": "m", "’": "m", "″": "s", '"': "s", "”": "s"})
_SESAME_POSITION = re.compile(r"^%J[ \t]+(\S*)[ \t]*(\S*)", re.MULTILINE)
# As browsers' address bars show it, the pages that people paste from have no https and no www.
_ADDRESS = re.compile(r"https?://|www\.|(?:[\w-]+\.)*(?:sdss|legacysurvey)\.org(?![\w.-])", re.IGNORECASE)


@dataclass(frozen=True)
class Position:
    """A place on the sky.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Right ascension in [0, 360) and declination in [-90, 90], degrees, ICRS (J2000).
    name : str
        What it was called; empty where it was given by coordinates.
    found_by : str
        Who knew where the name is; empty where nobody had to be asked.
    stale : bool
        Whether the answer is an old one, because the service gives no newer.
    objid : str
        The `objID` in SDSS DR18 of the object that was asked for by its id; empty where it was not.
    """

    ra_deg: float
    dec_deg: float
    name: str = ""
    found_by: str = ""
    stale: bool = False
    objid: str = ""


def resolve(text: str) -> Position:
    """Find the position that a text means.

    Parameters
    ----------
    text : str
        A name (``M51``), an SDSS or Galaxy Zoo id of 17 to 19 digits, coordinates (``202.47 47.2`` in degrees,
        ``13:29:52.7 +47:11:43``, ``13h29m52.7s +47d11m43s``, ``J132952+471143``, ``RA 202.47, Dec +47.2``), or the address of a page
        with ``ra`` and ``dec`` in it, such as SkyServer's or the Legacy Surveys' viewer. Of an address
        only these numbers are taken: no page is opened.

    Returns
    -------
    Position
        Where it is.

    Raises
    ------
    NotUnderstood
        If the text can be read in no way, or in more than one.
    NotFound
        If there is no object of that name or id.
    Unavailable
        If a name or an id is to be looked up and the service gives no answer.
    """
    text = text.strip()
    if not text:
        raise NotUnderstood(f"nothing was asked for; give a name or a position, such as {EXAMPLES}")
    if len(text) > LONGEST_TEXT:
        raise NotUnderstood(f"the text has {len(text):,} characters; give a name or a position, such as {EXAMPLES}")
    if _ADDRESS.match(text):
        return _from_address(text)
    if _OBJECT_ID.fullmatch(text):
        place = place_of_id(int(text))
        ra_deg, dec_deg, objid = place.value
        return Position(ra_deg, dec_deg, f"SDSS {text}", "SDSS SkyServer", place.stale, objid)
    if match := _J_NAME.fullmatch(text.translate(_SIGNS)):
        *ra, ra_seconds, dec_sign_degrees, dec_minutes, dec_seconds = match.groups()
        dec = [dec_sign_degrees, dec_minutes, _middle_of(dec_seconds)]
        return _sexagesimal([*ra, _middle_of(ra_seconds)], dec, "hourangle", text)
    coordinates = _numbers_alone(text.translate(_SIGNS).lower())
    if _COORDINATES.fullmatch(coordinates) and re.match(r"[\d+\-.]", coordinates):
        return _from_coordinates(coordinates, text)
    return _from_name(text)


def _middle_of(seconds: str) -> str:
    """Give the middle of a whole second: the digits of a J name are cut off, not rounded."""
    return seconds if "." in seconds else f"{seconds}.5"


def _numbers_alone(coordinates: str) -> str:
    """Leave out the words and brackets that people write round coordinates."""
    coordinates = re.sub(r"\s*deg(?:rees?)?(?![a-z])", "d", coordinates)
    written = _WRITTEN_ROUND.fullmatch(coordinates)
    return " ".join(part for part in written.groups() if part).strip() if written else coordinates


def _from_coordinates(clean: str, text: str) -> Position:
    """Read two numbers as degrees, four or six as hours and degrees with their minutes and seconds."""
    clean = re.sub(r"([+-])\s+(?=[\d.])", r"\1", clean)  # a sign may stand apart from its number
    numbers = _NUMBER.findall(clean)
    if len(numbers) == 2 and not re.search("[:m]", clean):
        _check_units(clean, text)
        return _checked((15.0 if "h" in clean else 1.0) * float(numbers[0]), float(numbers[1]), text)
    half = len(numbers) // 2
    gaps = _NUMBER.split(clean)[1:-1]
    inside = gaps[: half - 1] + gaps[half:]  # of the right ascension, and of the declination
    complete = len(numbers) == 6 or (len(numbers) == 4 and all(re.search("[:hmd]", gap) for gap in inside))
    if complete and ":" not in gaps[half - 1] and not re.search("[,;]", "".join(inside)):
        _check_units(clean, text)
        in_degrees = re.match(r"\s*\d+\s*d", clean)
        return _sexagesimal(numbers[:half], numbers[half:], "deg" if in_degrees else "hourangle", text)
    _not_two(numbers, text)


def _check_units(clean: str, text: str) -> None:
    """Refuse letters that say something else than the places of their numbers do."""
    letters = ["".join(re.findall("[hdms]", gap)) for gap in _NUMBER.split(clean)[1:]]
    half = len(letters) // 2
    if not (_RA_UNITS.fullmatch(",".join(letters[:half])) and _DEC_UNITS.fullmatch(",".join(letters[half:]))):
        raise NotUnderstood(
            f"“{text}” has a unit in an odd place; write hours or degrees, minutes and seconds and then degrees, "
            "minutes and seconds, as in 13h29m52.7s +47d11m43s"
        )


def _not_two(numbers: list[str], text: str) -> NoReturn:
    """Say why some numbers are no position."""
    if len(numbers) < 3:
        raise NotUnderstood(
            f"“{text}” is only half of a position: give right ascension and declination, as in {EXAMPLES}"
        )
    comma = " (write decimals with a point, 202.47, not with a comma)" if "," in text else ""
    raise NotUnderstood(
        f"“{text}” has {len(numbers)} numbers, which can be read in more than one way{comma}: give two numbers in degrees, "
        "or hours, minutes and seconds and then degrees, minutes and seconds, as in 13:29:52.7 +47:11:43"
    )


def _sexagesimal(ra: list[str], dec: list[str], unit: str, text: str) -> Position:
    """Read hours (or degrees), minutes and seconds, and degrees, minutes and seconds."""
    if any(re.match(r"[+-]", part) for part in (*ra, *dec[1:])):
        raise NotUnderstood(f"“{text}” has a sign in an odd place; only the declination may have one, in front")
    if any("." in part for part in (*ra[:-1], *dec[:-1])):
        _not_two([*ra, *dec], text)
    if any(float(part) >= 60 for part in (*ra[1:], *dec[1:])):
        raise NotUnderstood(f"“{text}” has 60 or more minutes or seconds; they end at 59.999, so look for a slip")
    if unit == "hourangle" and float(ra[0]) >= 24:
        raise NotUnderstood(
            f"“{text}” has a right ascension of {ra[0]} h; hours go from 0 to 24, degrees from 0 to 360"
        )
    from astropy.coordinates import Angle  # takes half a second, which degrees and names do without

    ra_deg = Angle(":".join(ra), unit=unit).degree
    return _checked(float(ra_deg), float(Angle(":".join(dec), unit="deg").degree), text)


def _checked(ra_deg: float, dec_deg: float, text: str) -> Position:
    """Refuse what lies on no sky."""
    if not -90 <= dec_deg <= 90:
        raise NotUnderstood(
            f"“{text}” has a declination of {dec_deg:g}°, and there is nothing beyond 90°: "
            "the first number is right ascension, the second declination"
        )
    if not 0 <= ra_deg <= 360:
        raise NotUnderstood(f"“{text}” has a right ascension of {ra_deg:g}°; it goes from 0 to 360°, or from 0 to 24 h")
    return Position(ra_deg % 360.0, dec_deg)


def _from_address(text: str) -> Position:
    """Take ra and dec (or an id) out of a page's address. The host in it is not looked at, let alone asked."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError as error:
        raise NotUnderstood(f"the address cannot be read ({error}); paste it again, or give a position") from error
    given = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
    if "ra" in given and "dec" in given:
        pair = f"{given['ra']} {given['dec']}".translate(_SIGNS).lower()
        if _COORDINATES.fullmatch(pair):
            return _from_coordinates(pair, pair)
    for name in ("id", "objid"):
        if _OBJECT_ID.fullmatch(given.get(name, "")):
            return resolve(given[name])
    if parts.fragment and "://" not in parts.fragment:  # the Legacy viewer keeps what was searched for there
        return resolve(unquote(parts.fragment))
    raise NotUnderstood(
        "the address has no position in it: it needs ra=… and dec=… in degrees; paste another, or type one"
    )


def _from_name(name: str) -> Position:
    """Ask where a name is."""
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise NotUnderstood(f"this is no name that a catalogue would use; give one, or a position, such as {EXAMPLES}")
    name = " ".join(name.split())

    def read(content: bytes) -> tuple[float, float]:
        said = content.decode("utf-8", "replace")
        if not said.lstrip().startswith("#"):  # every answer begins with the name behind this sign
            raise Malformed(
                "CDS Sesame answered with something that is no answer of its own; try again, or give a position"
            )
        match = _SESAME_POSITION.search(said)
        if match is None:
            raise NotFound(
                f"neither SIMBAD nor NED nor VizieR knows an object called “{name}”: check the name, or give a position"
            )
        return _place_said(*match.groups())

    answer = ask(SESAME, name, read)
    return Position(*answer.value, name, SESAME.name, answer.stale)


def _place_said(ra: str, dec: str) -> tuple[float, float]:
    """Read the two numbers of Sesame's answer."""
    try:
        if _NUMBER.fullmatch(ra) and _NUMBER.fullmatch(dec):
            place = _checked(float(ra), float(dec), f"{ra} {dec}")
            return place.ra_deg, place.dec_deg
        raise ValueError(f"{ra!r} and {dec!r} are no two numbers")
    except ValueError as error:  # NotUnderstood among them: it is not the visitor's slip
        raise Malformed(
            "CDS Sesame answered with something that is no position on the sky; try again, or give a position"
        ) from error
