"""Cards of world coordinates, checked before wcslib reads them.

astropy hands a header to wcslib, whose messages on cards that it rejects overrun a buffer and kill the process
(astropy#20349), and whose defaults replace what is missing. So it gets a new header, of checked and needed cards only.
"""

import math
import re
from typing import Any

import numpy as np

from galaxy_explorer.images.formats.fits_files import value_of

FRAMES = ("ICRS", "FK5", "FK4", "FK4-NO-E", "")
_SKY_AXIS = re.compile(r"(RA|DEC|[A-Z](?:LON|LAT)|[A-Z]{2}L[NT])(?:-.*)?")
_AXIS_CARD = re.compile(r"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)([1-9])")
_MATRIX_CARD = re.compile(r"(CD|PC)(?:0*([1-9])_0*([1-9])|00([1-9])00([1-9]))")  # CD1_2, PC01_02 of CASA, PC001002
_PARAMETER_CARD = re.compile(r"PV0*([1-9])_0*(\d\d?)")
_OTHER_CARD = re.compile(r"PROJP\d|LONPOLE|LATPOLE|EQUINOX|EPOCH|RADEC?SYS")
# Distortions: polynomials (SIP, TNX, ZPX) and tables elsewhere in the file (HST). They count the file's axes.
_DISTORTION_CARD = re.compile(
    r"[AB]P?_(?:ORDER|DMAX|\d_\d)|WAT[12]_\d\d[1-9]|CPDIS[12]|D2IMDIS[12]|AXISCORR|"
    r"(?:DP|D2IM)[12]\.(?:EXTVER|NAXES|AXIS\.[12])"
)
TABLES = ("CPDIS1", "CPDIS2", "D2IMDIS1", "D2IMDIS2", "AXISCORR")
_TEXT_CARD = re.compile(r"(?:CTYPE|CUNIT|CPDIS|D2IMDIS)\d|RADESYS|WAT\d_\d{3}|PLTDECSN")
# The plate solution of the Digitized Sky Survey, which wcslib reads if it is complete.
_PLATE = (
    *("CNPIX1", "CNPIX2", "PPO3", "PPO6", "XPIXELSZ", "YPIXELSZ", "PLTRAH", "PLTRAM", "PLTRAS"),
    *("PLTDECSN", "PLTDECD", "PLTDECM", "PLTDECS", *(f"AMD{axis}{term}" for axis in "XY" for term in range(1, 14))),
)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_WAT = re.compile(
    rf"wtype=(?:tnx|zpx) axtype=\w{{1,8}} (?: *projp\d={_NUMBER} )* *(?:lng|lat)cor = \"((?: *{_NUMBER})+) *\" *"
)


class UnusableCoordinates(ValueError):
    """World coordinates that are incomplete or of an unknown frame; the message is the note."""


def header_of(cards: dict[str, Any]) -> Any:
    """Write checked cards into a new header."""
    from astropy.io.fits import Header

    header = Header()
    for name, value in cards.items():
        keyword, _, field = name.partition(".")
        header.append((keyword, f"{field}: {value}" if field else value), end=True)
    return header


def plate_solution(header: Any) -> dict[str, Any]:
    """Return the cards of a plate solution; empty if it is not complete."""
    if "AMDX1" not in header:
        return {}
    cards = {name: value_of(header, name) for name in _PLATE}
    if not all(_is_valid(name, value) for name, value in cards.items()):
        return {}
    equinox = value_of(header, "EQUINOX")
    return cards | ({"EQUINOX": equinox} if _is_valid("EQUINOX", equinox) else {})


def checked_cards(header: Any) -> dict[str, Any]:
    """Return the cards of the position on the sky, its axes counted as 1 and 2; empty if none.

    Of repeated cards the last is taken, as by wcslib. UnusableCoordinates is raised if a card is missing or odd.
    """
    axes = _sky_axes(header)
    if not axes:
        return {}
    cards: dict[str, Any] = {}
    odd = []
    for card in header.cards:
        if name := _name_in_plane(card.keyword, axes):
            value = _value(card)
            if _is_valid(name, value):
                cards[name] = value.strip().upper() if name.startswith(("CTYPE", "RADESYS")) else value
            else:
                odd.append(name)
    _check_frame(cards, odd)
    if not any(name.endswith("_ORDER") for name in (*cards, *odd)):  # not SIP
        cards, odd = ({name: cards[name] for name in cards if name[1] != "_"}, [name for name in odd if name[1] != "_"])
    odd += _drop_or_check_wat(cards)
    needed = ["CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"]
    matrix = {name[:2] for name in cards if _MATRIX_CARD.fullmatch(name)}
    if not matrix or (matrix == {"PC"} and not cards.keys().isdisjoint(("CDELT1", "CDELT2"))):
        needed += ["CDELT1", "CDELT2"]
    for name in (*needed, *odd):
        if name not in cards:
            raise UnusableCoordinates(f"its sky coordinates are not complete ({name}) and are ignored")
    with np.errstate(all="ignore"):
        if not cards.keys().isdisjoint(("CD1_1", "CD1_2", "CD2_1", "CD2_2")) and not np.linalg.det(matrix_of(cards)):
            raise ValueError("the matrix CD is singular")  # wcslib replaces a row of zeros
    return cards


def _sky_axes(header: Any) -> dict[str, str]:
    """Return the two axes of the sky, as text, with their numbers among themselves, 1 or 2."""
    types = {str(axis): str(value_of(header, f"CTYPE{axis}", "")).strip().upper() for axis in range(1, 10)}
    axes = {axis: found[1] for axis, text in types.items() if (found := _SKY_AXIS.fullmatch(text))}
    if len(axes) == 1:
        raise UnusableCoordinates(
            f"its sky coordinates are not complete (CTYPE{'1' if '1' not in axes else '2'}) and are ignored"
        )
    if axes and sorted(kind.endswith(("DEC", "LAT", "LT")) for kind in axes.values()) != [False, True]:
        raise ValueError(f"the axes are {' and '.join(axes.values())}")
    return {axis: str(number) for number, axis in enumerate(axes, start=1)}


def _name_in_plane(keyword: str, axes: dict[str, str]) -> str:
    """Return a keyword with its axes renumbered; empty if the card is not needed."""
    if found := _AXIS_CARD.fullmatch(keyword):
        return found[1] + axes[found[2]] if found[2] in axes else ""
    if found := _MATRIX_CARD.fullmatch(keyword):
        row, column = found[2] or found[4], found[3] or found[5]
        return f"{found[1]}{axes[row]}_{axes[column]}" if row in axes and column in axes else ""
    if found := _PARAMETER_CARD.fullmatch(keyword):
        return f"PV{axes[found[1]]}_{int(found[2])}" if found[1] in axes else ""
    if _OTHER_CARD.fullmatch(keyword):
        return "RADESYS" if keyword == "RADECSYS" else keyword
    return keyword if _DISTORTION_CARD.fullmatch(keyword) and list(axes) == ["1", "2"] else ""


def _value(card: Any) -> Any:
    """Return the value of a card, of an equinox as a number; None if it cannot be parsed."""
    from astropy.io.fits import VerifyError

    try:
        value = card.value
        if card.keyword in ("EQUINOX", "EPOCH") and isinstance(value, str):
            return float(value.strip().lstrip("JBjb"))  # 'J2000', '2000.0'
        return value
    except (VerifyError, ValueError):
        return None


def _is_valid(name: str, value: Any) -> bool:
    """Return whether a card has a value of the right type that wcslib and astropy can hold."""
    if _TEXT_CARD.fullmatch(name):
        return isinstance(value, str) and len(value) <= 68 and value.isascii() and value.isprintable()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return not name.endswith("_ORDER") or 0 <= value <= 9


def _check_frame(cards: dict[str, Any], odd: list[str]) -> None:
    """Raise UnusableCoordinates for an unknown frame; remove cards that the frame does not use."""
    kind = cards["CTYPE1"][:4]
    is_equatorial = kind.rstrip("-") in ("RA", "DEC")
    frame = cards.get("RADESYS", "") if is_equatorial else kind
    if frame not in (FRAMES if is_equatorial else ("GLON", "GLAT")):
        raise UnusableCoordinates(f"its frame “{frame}” is not known, so its sky coordinates are ignored")
    for name in ("EPOCH", "EQUINOX"):
        is_undefined = name in cards and not 1800 < cards[name] < 2200  # 0 of AIPS
        if frame in ("ICRS", "GLON", "GLAT") or is_undefined or (name == "EPOCH" and "EQUINOX" in cards):
            cards.pop(name, None)
            odd[:] = [one for one in odd if one != name]
    odd[:] = [one for one in odd if one != "RADESYS"]
    if not frame or not is_equatorial:
        cards.pop("RADESYS", None)


def _drop_or_check_wat(cards: dict[str, Any]) -> list[str]:
    """Join the pieces of IRAF's WAT cards, or remove unused ones; return those that are odd.

    wcslib reads these texts without checking their lengths and counts.
    """
    texts = {axis: sorted(name for name in cards if name.startswith(f"WAT{axis}_")) for axis in "12"}
    pieces = {axis: "".join(cards.pop(name).ljust(68) for name in names) for axis, names in texts.items()}
    if cards["CTYPE1"][-3:] not in ("TNX", "ZPX") or not any(pieces.values()):
        return []
    for axis, text in pieces.items():
        found = _WAT.fullmatch(text)
        numbers = [float(number) for number in found[1].split()] if found else []
        kind, columns, rows, cross = map(int, numbers[:4]) if len(numbers) > 8 else (0, 0, 0, 0)
        terms = {0: columns + rows - 1, 1: columns * rows}.get(cross)
        if cross == 2:
            terms = sum(max(0, min(columns, max(columns, rows) - row)) for row in range(rows))
        if kind not in (1, 2, 3) or not (1 <= columns <= 10 and 1 <= rows <= 10) or len(numbers) - 8 != terms:
            return [f"WAT{axis}_001"]
        for start in range(0, len(text), 68):
            cards[f"WAT{axis}_{start // 68 + 1:03}"] = text[start : start + 68]
    return []


def matrix_of(cards: dict[str, Any]) -> np.ndarray:
    """Return the steps on the sky, in rows, along each axis of the image, in columns."""
    axes = (1, 2)
    matrix = np.array([[cards.get(f"CD{row}_{column}", 0.0) for column in axes] for row in axes], float)
    if any(name.startswith("CD") and name[3] == "_" for name in cards):
        return matrix
    rotation = [[cards.get(f"PC{row}_{column}", float(row == column)) for column in axes] for row in axes]
    return np.diag([float(cards.get(f"CDELT{axis}", 1.0)) for axis in axes]) @ np.array(rotation, float)
