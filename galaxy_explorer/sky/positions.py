"""Positions on the sky from typed or pasted text: coordinates, J names, ids, URLs, names.

astropy converts the coordinates. Names go to CDS Sesame at the URL, and with the databases, of astropy's own look-up
(a test ties the two), through the HTTP client: astropy's look-up has no size limit, no retries and no cache.
"""

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote, urlsplit

from galaxy_explorer.sky.errors import InvalidResponse, NotFound, NotUnderstood
from galaxy_explorer.sky.galaxies import position_of_id
from galaxy_explorer.sky.response_cache import fetch_cached
from galaxy_explorer.sky.services import SESAME

MAX_CHARACTERS = 2000  # of a pasted URL
MAX_NAME_CHARACTERS = 80
EXAMPLES = "M51, NGC 4565, 13:29:52.7 +47:11:43, or 202.47 47.2 in degrees"

# Signs as keyboards, typesetting and PDFs of journals have them. Two primes for seconds become mm.
_SIGNS = str.maketrans(
    dict.fromkeys("‐‑‒–—−﹣－", "-")
    | dict.fromkeys("°º˚", "d")
    | dict.fromkeys("′'’´", "m")
    | dict.fromkeys('″"”', "s")
    | {"ʰ": "h", "ᵐ": "m", "ˢ": "s", "^": "", "&": " "}
)
_FRAME = r"(?:icrs|fk5|j2000(?:\.0)?)"  # 0.03″ apart at most
# What is written around the numbers: "Position (202.47 +47.2)", "RA 202.47°, Dec +47.2°", "α=202.47 δ=47.2", and the
# frame as SIMBAD and NED print it: "ICRS 13 29 52.698 +47 11 42.93", "13h29m52.7s +47d11m43s (J2000)".
_AROUND = re.compile(
    rf"(?:(?:position|{_FRAME}(?:[,\s]+j2000(?:\.0)?)?)[:\s]+)?[(\[]?(?:\s*(?:ra|α)\s*[:=]?(.+)(?:dec|δ)\s*[:=]?)?"
    rf"(.+?)[)\]]?(?:[,\s]+\(?{_FRAME}\)?)?",
    re.DOTALL,
)
_COORDINATES = re.compile(r"[\d+\-.][\d\s.:,;+\-hdms]*")
_DECIMAL = r"(?:\d+(?:\.\d*)?|\.\d+)"  # only the last number of a half has decimals
_NUMBER = re.compile(rf"[+-]?{_DECIMAL}")
_HOUR, _DEGREE, _MINUTE = (rf"(?:\s*[{letters}:]\s*|\s+)" for letters in ("hd", "d", "m"))
_GAP = r"(?:\s*[,;]\s*|\s+|(?=[+-])|(?<=[hdms]))[+-]?"  # between right ascension and declination
# Two numbers, in degrees or in hours and degrees; six; or four, which only colons or letters explain.
_FORMS = re.compile(
    rf"\+?{_DECIMAL}\s*[hd]?{_GAP}{_DECIMAL}\s*d?"
    rf"|\d+{_HOUR}\d+{_MINUTE}{_DECIMAL}\s*(?:s|h|hms)?{_GAP}\d+{_DEGREE}\d+{_MINUTE}{_DECIMAL}\s*(?:s|d|dms)?"
    rf"|\d+\s*[hd:]\s*{_DECIMAL}\s*m?{_GAP}\d+\s*[d:]\s*{_DECIMAL}\s*m?"
)
# SDSS names, with or without the J: hhmmss, ddmmss, each with any number of decimals.
_J_NAME = re.compile(r"(?:(?:sdss\s*)?j\s*)?(\d\d)(\d\d)(\d\d(?:\.\d+)?)\s*([+-]\d\d)(\d\d)(\d\d(?:\.\d+)?)")
_OBJECT_ID = re.compile(r"\d{17,19}")
_SESAME_POSITION = re.compile(r"^%J[ \t]+(\S*)[ \t]*(\S*)", re.MULTILINE)
# Browsers show the URLs that people paste without https and www.
_URL = re.compile(r"https?://|www\.|(?:[\w-]+\.)*(?:sdss|legacysurvey)\.org(?![\w.-])", re.IGNORECASE)


@dataclass(frozen=True)
class Position:
    """Position on the sky.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Right ascension in [0, 360) and declination in [-90, 90], degrees, ICRS (J2000).
    name : str
        Name or id that was looked up; empty for coordinates.
    found_by : str
        Service that resolved the name; empty for coordinates.
    stale : bool
        Whether it is an expired response from the cache, because the service is unavailable.
    objid : str
        The `objID` in SDSS DR18 if an id was looked up, else empty.
    """

    ra_deg: float
    dec_deg: float
    name: str = ""
    found_by: str = ""
    stale: bool = False
    objid: str = ""


def resolve(text: str) -> Position:
    """Return the position that a text means.

    Parameters
    ----------
    text : str
        A name (``M51``), an SDSS or Galaxy Zoo id of 17 to 19 digits, coordinates (``202.47 47.2`` in degrees,
        ``13:29:52.7 +47:11:43``, ``13h29m52.7s +47d11m43s``, ``J132952+471143``, ``RA 202.47, Dec +47.2``), or a URL
        with ``ra`` and ``dec``, such as SkyServer's or the Legacy Surveys' viewer. The page of a URL is not opened.

    Returns
    -------
    Position

    Raises
    ------
    NotUnderstood
        If the text is not a position, or can be read in more than one way.
    NotFound
        If no object has this name or id.
    ServiceError
        If a name or an id has to be looked up and the service gives no usable response.
    """
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf").strip()  # Cf: invisible
    if not text:
        raise NotUnderstood(f"the text is empty; enter a name or a position, such as {EXAMPLES}")
    if len(text) > MAX_CHARACTERS:
        raise NotUnderstood(
            f"the text has {len(text):,} characters, at most {MAX_CHARACTERS:,} are read; "
            f"enter a name or a position, such as {EXAMPLES}"
        )
    if _URL.match(text):
        return _from_url(text)
    if _OBJECT_ID.fullmatch(text):
        response = position_of_id(int(text))
        ra_deg, dec_deg, objid = response.value
        return Position(ra_deg, dec_deg, f"SDSS {text}", "SDSS SkyServer", response.stale, objid)
    coordinates = _normalised(text)
    if match := _J_NAME.fullmatch(coordinates):
        # The seconds are cut off, not rounded: without decimals the middle of the second is meant.
        parts = [part if "." in part or index % 3 < 2 else f"{part}.5" for index, part in enumerate(match.groups())]
        return _converted(parts, "hourangle", text)
    if _COORDINATES.fullmatch(coordinates):
        return _from_coordinates(coordinates, text)
    return _from_name(text)


def _normalised(text: str) -> str:
    """Return coordinates in ASCII signs, without the words and brackets around them."""
    text = text.translate(_SIGNS).lower().replace("mm", "s")
    text = re.sub(r"\s*deg(?:rees?)?(?![a-z])", "d", text)
    if match := _AROUND.fullmatch(text):
        text = " ".join(part for part in match.groups() if part).strip()
    text = re.sub(r"(\d)([hdms])(\.\d+)", r"\1\3\2", text)  # 52s.7 of older papers
    return re.sub(r"([+-])\s+(?=[\d.])", r"\1", text)  # a sign set apart from its number


def _from_coordinates(clean: str, text: str) -> Position:
    numbers = _NUMBER.findall(clean)
    if _FORMS.fullmatch(clean):
        is_degrees = re.match(r"[\d.]+\s*d", clean) or (len(numbers) == 2 and "h" not in clean)
        return _converted(numbers, "deg" if is_degrees else "hourangle", text)
    if len(numbers) < 2 or (len(numbers) == 2 and re.search("[:m]", clean)):
        raise NotUnderstood(f"“{text}” is half of a position: enter right ascension and declination, as in {EXAMPLES}")
    comma = " (decimals have a point, 202.47, not a comma)" if "," in text else ""
    raise NotUnderstood(
        f"“{text}” can be read in more than one way{comma}, or has a sign or a unit in an unexpected place: enter two "
        "numbers in degrees, or six as in 13:29:52.7 +47:11:43 or 13h29m52.7s +47d11m43s"
    )


def _converted(numbers: Sequence[str], ra_unit: str, text: str) -> Position:
    """Convert equally many numbers of right ascension and declination, largest unit first."""
    from astropy.coordinates import Angle, Latitude  # takes half a second to import; names do without

    half, first = len(numbers) // 2, float(numbers[0])
    ra, dec = numbers[:half], numbers[half:]
    try:
        if not 0 <= first <= 360 or (ra_unit == "hourangle" and first >= 24):
            raise ValueError(f"the right ascension is {ra[0]}; expected 0 to 360 degrees or 0 to 24 hours")
        if any(float(number) >= 60 for number in (*ra[1:], *dec[1:])):
            raise ValueError("minutes and seconds are below 60")
        ra_deg, dec_deg = Angle(":".join(ra), ra_unit).degree, Latitude(":".join(dec), "deg").degree
    except ValueError as error:
        raise NotUnderstood(
            f"“{text}” is not a position ({error}): right ascension comes first, then declination from -90° to 90°"
        ) from error
    return Position(float(ra_deg) % 360.0, float(dec_deg))


def _from_url(text: str) -> Position:
    """Return the position in a URL's parameters; its host is not contacted."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError as error:
        raise NotUnderstood(f"the URL cannot be read ({error}); paste it again, or enter a position") from error
    parameters = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
    pair = _normalised(f"{parameters.get('ra')} {parameters.get('dec')}")
    if _COORDINATES.fullmatch(pair):
        return _from_coordinates(pair, pair)
    # Aladin Lite and ESASky have a target; the Legacy Surveys' viewer keeps what was searched for in the fragment.
    ids = [parameters[name] for name in ("id", "objid") if _OBJECT_ID.fullmatch(parameters.get(name, ""))]
    for target in (*ids, parameters.get("target", ""), unquote(parts.fragment)):
        if target and "://" not in target:
            return resolve(target)
    raise NotUnderstood(
        "the URL has no position in it, expected ra=… and dec=… in degrees; paste another, or enter a position"
    )


def _from_name(name: str) -> Position:
    """Look up a name at Sesame."""
    if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise NotUnderstood(f"this is not a name of a catalogue; enter a name or a position, such as {EXAMPLES}")
    name = " ".join(name.split())

    def parse(content: bytes) -> Position:
        reply = content.decode("utf-8", "replace")
        if not reply.lstrip().startswith("#"):  # every reply begins with # and the name
            raise InvalidResponse("CDS Sesame sent an unknown format; try again later, or enter a position")
        match = _SESAME_POSITION.search(reply)
        if match is None:
            raise NotFound(
                f"neither SIMBAD nor NED nor VizieR knows an object called “{name}”: check the name, "
                "or enter a position"
            )
        if all(_NUMBER.fullmatch(number) for number in match.groups()):
            with suppress(NotUnderstood):  # which would blame the visitor's text
                return _converted(match.groups(), "deg", name)
        raise InvalidResponse(f"CDS Sesame sent {match[0]!r}, expected a position; try again later, or enter one")

    response = fetch_cached(SESAME, name, parse)
    return replace(response.value, name=name, found_by=SESAME.name, stale=response.stale)
