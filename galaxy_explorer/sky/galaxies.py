"""Galaxies as SDSS and Galaxy Zoo 2 measured them, by SQL to SkyServer.

No text of a visitor becomes part of a query: numbers are formatted from floats and ints here, and the columns are
those of the decision tree.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from galaxy_explorer.decision_tree import ANSWER_OF, QUESTION_OF, QUESTIONS
from galaxy_explorer.sky.errors import InvalidResponse, NotFound
from galaxy_explorer.sky.response_cache import CachedResponse, fetch_cached
from galaxy_explorer.sky.services import SKYSERVER_SQL

SEARCH_RADIUS_ARCSEC = 15.0  # around a position; a J name without decimals is up to 7.5″ off in right ascension
MIN_PETRO_R90_ARCSEC, MAX_PETRO_R90_ARCSEC = 2.0, 250.0  # outside, petroR90_r is not the size of a galaxy
MOST_GALAXIES = 1000  # of one query
MIN_VOTES = 10  # for an answer, before its share is used to select galaxies
VOTE_COLUMNS = tuple(f"{question.stem}_{answer.stem}_debiased" for question in QUESTIONS for answer in question.answers)

# SDSS PhotoFlags of the r band with which a Petrosian radius is not a size.
_FLAGS = {
    0x80: "no profile could be measured",
    0x100: "no Petrosian radius was found",
    0x400: "the Petrosian radius is larger than what was measured",
    0x10000: "the galaxy is cut by the edge of a frame",
    0x1000000: "the object is too large for SDSS's pipeline",
}
_SIZE = "p.ra,p.dec,p.petroR90_r,CAST(p.flags_r AS varchar(20)) AS flags_r"
_IDS = "CAST(p.objID AS varchar(20)) AS objid,CAST(z.dr7objid AS varchar(20)) AS gz2id"
_SEPARATION = "n.distance AS apart,MIN(n.distance) OVER() AS nearest"  # arcmin
_SHUFFLE = 1_000_003  # a prime, so that every multiplier below it shuffles all remainders


@dataclass(frozen=True)
class SkyGalaxy:
    """Galaxy as SDSS measured it.

    Parameters
    ----------
    objid : str
        Its `objID` in DR18.
    gz2id : str
        Its `dr7objid` in Galaxy Zoo 2; empty if it is not part of it.
    ra_deg, dec_deg : float
        Position in degrees, J2000.
    radius_arcsec : float or None
        Petrosian radius `petroR90_r`, with 90 % of the Petrosian light in the r band; None if unknown.
    reason : str
        Why the radius is unknown.
    votes : dict of str to float
        Debiased fractions by the catalogue's columns (`VOTE_COLUMNS`), 0 or more; empty without votes. Debiased as
        in Willett et al. 2013: they may differ from Hart et al. 2016, used by the Galaxy Zoo 2 layout on disk.
    separation_arcsec, nearest_arcsec : float
        Distance of this galaxy, and of the nearest galaxy, from the requested position; 0 without a position.
    """

    objid: str
    gz2id: str
    ra_deg: float
    dec_deg: float
    radius_arcsec: float | None
    reason: str = ""
    votes: dict[str, float] = field(default_factory=dict)
    separation_arcsec: float = 0.0
    nearest_arcsec: float = 0.0


def query(sql: str, parse_row: Callable[[dict[str, Any]], Any] = dict) -> CachedResponse[list[Any]]:
    """Return the parsed rows of a SQL query to SkyServer; it holds no text of a visitor."""

    def parse(content: bytes) -> list[Any]:
        try:
            return [parse_row(row) for row in json.loads(content)[0]["Rows"]]
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
            raise InvalidResponse(
                f"SDSS SkyServer's database sent “{_excerpt(content)}”, expected a table of galaxies; try again later"
            ) from error

    return fetch_cached(SKYSERVER_SQL, {"cmd": sql, "format": "json"}, parse)


def galaxy_at(ra_deg: float, dec_deg: float, objid: str = "") -> CachedResponse[SkyGalaxy]:
    """Return the brightest primary galaxy at a position, or the object with an id.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Position in degrees, J2000; galaxies within `SEARCH_RADIUS_ARCSEC` are at it.
    objid : str, optional
        The `objID` in DR18 of one object; the position is then ignored.

    Returns
    -------
    CachedResponse
        Its value is a `SkyGalaxy`.

    Raises
    ------
    NotFound
        If SDSS has no galaxy there, or no such object.
    ServiceError
        If SkyServer gives no usable response.

    References
    ----------
    Tables PhotoObj and zoo2MainSpecz of SDSS DR18; Willett et al. 2013, MNRAS 435, 2835.
    """
    votes = ",".join(VOTE_COLUMNS)
    if objid:
        sql = (
            f"SELECT TOP 1 {_IDS},{_SIZE},{votes} FROM PhotoObj p "
            f"LEFT JOIN zoo2MainSpecz z ON z.dr8objid=p.objID WHERE p.objID={int(objid):d}"
        )
        absent = f"SDSS DR18 has measured no object {objid}"
    else:
        sql = (
            f"SELECT TOP 1 {_IDS},{_SIZE},{_SEPARATION},{votes} "
            f"FROM dbo.fGetNearbyObjEq({ra_deg:.6f},{dec_deg:.6f},{SEARCH_RADIUS_ARCSEC / 60:.4f}) n "
            "JOIN PhotoObj p ON p.objID=n.objID LEFT JOIN zoo2MainSpecz z ON z.dr8objid=p.objID "
            "WHERE p.mode=1 AND p.type=3 ORDER BY CASE WHEN p.petroMag_r>0 THEN p.petroMag_r ELSE 99 END"
        )
        absent = f"SDSS has no galaxy within {SEARCH_RADIUS_ARCSEC:.0f}″ of this position"
    response = query(sql, _galaxy)
    if not response.value:
        raise NotFound(absent)
    return CachedResponse(response.value[0], response.stale)


def galaxies_of_gz2(
    count: int, seed: int, column: str = "", least_share: float = 0.0
) -> CachedResponse[list[SkyGalaxy]]:
    """Draw a random sample of Galaxy Zoo 2.

    Parameters
    ----------
    count : int
        1 to `MOST_GALAXIES`; the sample is smaller if fewer galaxies fit.
    seed : int
        0 or more; the same seed gives the same galaxies.
    column : str, optional
        One of the 37 score columns: only galaxies whose debiased answer share is at least `least_share`, with at
        least `MIN_VOTES` volunteers for this answer.
    least_share : float, optional
        In [0, 1].

    Returns
    -------
    CachedResponse
        Its value is a list of `SkyGalaxy` in the order of their ids.

    Raises
    ------
    ValueError
        If count, seed, column or share are out of range.
    ServiceError
        If SkyServer gives no usable response.
    """
    if not (
        1 <= count <= MOST_GALAXIES and seed >= 0 and 0 <= least_share <= 1 and (not column or column in ANSWER_OF)
    ):
        raise ValueError(
            f"{count} galaxies, seed {seed}, column {column!r} and share {least_share} were requested; "
            f"expected 1 to {MOST_GALAXIES} galaxies, a seed from 0, one of the 37 columns and a share in [0, 1]"
        )
    where = ""
    if column:
        stem = f"{QUESTION_OF[column].stem}_{ANSWER_OF[column].stem}"
        where = f"WHERE {stem}_debiased>={least_share:.4f} AND {stem}_count>={MIN_VOTES} "
    multiplier = (seed * 7919 + 104_729) % (_SHUFFLE - 1) + 1
    # The sample is drawn first: joining all 240,000 galaxies to PhotoObj would take the server minutes.
    return query(
        f"SELECT {_IDS},{_SIZE},{','.join(VOTE_COLUMNS)} FROM (SELECT TOP {count:d} * FROM zoo2MainSpecz {where}"
        f"ORDER BY dr7objid%{_SHUFFLE}*{multiplier}%{_SHUFFLE},dr7objid) z "
        "JOIN PhotoObj p ON p.objID=z.dr8objid ORDER BY z.dr7objid",
        _galaxy,
    )


def position_of_id(number: int) -> CachedResponse[tuple[float, float, str]]:
    """Return right ascension, declination (degrees) and DR18 `objID` of an SDSS or GZ2 id.

    The `objID` is empty if Galaxy Zoo 2 knows the object by its DR7 id only.
    """
    if number < 2**63:  # SQL's bigint
        for sql in (
            "SELECT TOP 1 ra,dec,CAST(dr8objid AS varchar(20)) AS objid FROM zoo2MainSpecz "
            f"WHERE dr7objid={number:d} OR dr8objid={number:d}",
            f"SELECT TOP 1 ra,dec,CAST(objID AS varchar(20)) AS objid FROM PhotoObj WHERE objID={number:d}",
        ):
            response = query(sql, lambda row: (*_position(row), _id(row["objid"] or "0").lstrip("0")))
            if response.value:
                return CachedResponse(response.value[0], response.stale)
    raise NotFound(f"neither Galaxy Zoo 2 nor SDSS DR18 has an object {number}: check the id, or enter a position")


def _galaxy(row: dict[str, Any]) -> SkyGalaxy:
    """Return the galaxy of a row; raise ValueError if ids, position or votes are not valid."""
    objid, gz2id = _id(row["objid"]), _id(row["gz2id"]) if row["gz2id"] else ""
    radius, reason = _radius(float(row["petroR90_r"]), int(row["flags_r"]))
    votes = {name: _vote(row[name]) for name in VOTE_COLUMNS if row[name] is not None} if gz2id else {}
    separation, nearest = (60 * float(row.get(name, 0.0)) for name in ("apart", "nearest"))
    if not 0 <= nearest <= separation <= 2 * SEARCH_RADIUS_ARCSEC:
        raise ValueError(f"separation {separation}″, nearest {nearest}″")
    return SkyGalaxy(objid, gz2id, *_position(row), radius, reason, votes, separation, nearest)


def _id(text: Any) -> str:
    if not re.fullmatch(r"\d{1,20}", text):  # text: a JSON number would have lost its last digits
        raise ValueError(f"{text!r} is not an id")
    return text


def _vote(value: Any) -> float:
    vote = float(value)
    if not (math.isfinite(vote) and vote >= 0):  # debiased fractions may be a little above 1
        raise ValueError(f"{value!r} is not a vote fraction")
    return vote


def _position(row: dict[str, Any]) -> tuple[float, float]:
    ra_deg, dec_deg = float(row["ra"]), float(row["dec"])
    if not (0 <= ra_deg <= 360 and -90 <= dec_deg <= 90):
        raise ValueError(f"{ra_deg}, {dec_deg} is not a position")
    return ra_deg, dec_deg


def _radius(radius_arcsec: float, flags: int) -> tuple[float | None, str]:
    """Return a Petrosian radius, or None and why it is unknown."""
    for bit, reason in _FLAGS.items():
        if flags & bit:
            return None, reason
    if not MIN_PETRO_R90_ARCSEC <= radius_arcsec <= MAX_PETRO_R90_ARCSEC:  # NaN included
        return None, (
            f"SDSS's {radius_arcsec:.3g}″ is not the size of a galaxy "
            f"(expected {MIN_PETRO_R90_ARCSEC:g}″ to {MAX_PETRO_R90_ARCSEC:g}″)"
        )
    return radius_arcsec, ""


def _excerpt(content: bytes) -> str:
    """Return the start of a response without anything that a page could read as markup."""
    text = re.sub(r"<[^>]*>", " ", content[:2000].decode("utf-8", "replace"))
    return " ".join(re.sub(r"[^\w\s.,:;()=-]", " ", text).split())[:80]
