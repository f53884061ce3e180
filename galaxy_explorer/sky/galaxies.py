"""What SDSS and Galaxy Zoo 2 know of galaxies, by SQL to SkyServer.

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
from galaxy_explorer.sky.answers import Answer, ask
from galaxy_explorer.sky.errors import Malformed, NotFound
from galaxy_explorer.sky.hosts import SKYSERVER_SQL

SEARCH_ARCSEC = 15.0  # how far from a position its galaxy may be: a J name without decimals is up to 7.5″ off in RA
SMALLEST_RADIUS, LARGEST_RADIUS = 2.0, 250.0  # arcsec; beyond them petroR90_r is no galaxy's size
MOST_GALAXIES = 1000  # of one query
FEWEST_VOTES = 10  # volunteers that gave an answer, before its share is asked about
VOTE_COLUMNS = tuple(f"{question.stem}_{answer.stem}_debiased" for question in QUESTIONS for answer in question.answers)

# Flags of the r band with which a Petrosian radius is no size, by their bits in SDSS's PhotoFlags.
_FLAGS = {
    0x80: "no profile could be measured",
    0x100: "no Petrosian radius was found",
    0x400: "the Petrosian radius is larger than what was measured",
    0x10000: "the galaxy is cut by the edge of a frame",
    0x1000000: "the object is too large for SDSS's pipeline",
}
_SIZE = "p.ra,p.dec,p.petroR90_r,CAST(p.flags_r AS varchar(20)) AS flags_r"
_IDS = "CAST(p.objID AS varchar(20)) AS objid,CAST(z.dr7objid AS varchar(20)) AS gz2id"
_APART = "n.distance AS apart,MIN(n.distance) OVER() AS nearest"  # arcmin
_SHUFFLE = 1_000_003  # a prime, so that every multiplier below it shuffles all remainders


@dataclass(frozen=True)
class SkyGalaxy:
    """A galaxy as SDSS measured it.

    Parameters
    ----------
    objid : str
        Its `objID` in DR18.
    gz2id : str
        Its `dr7objid` in Galaxy Zoo 2; empty where it is not part of it.
    ra_deg, dec_deg : float
        Its position in degrees, J2000.
    radius_arcsec : float or None
        Its `petroR90_r`: the radius with 90 % of the Petrosian light in the r band; None where it is unknown.
    reason : str
        Why the radius is unknown.
    votes : dict of str to float
        Debiased fractions by the catalogue's columns (`VOTE_COLUMNS`), 0 or more; empty where nobody
        voted. Debiased as in Willett et al. 2013: they may differ from those of Hart et al. 2016,
        which the layout of Galaxy Zoo 2 on disk has.
    apart_arcsec, nearest_arcsec : float
        How far it is from the position that was asked for, and how far the nearest galaxy is; 0 where no
        position was asked for.
    """

    objid: str
    gz2id: str
    ra_deg: float
    dec_deg: float
    radius_arcsec: float | None
    reason: str = ""
    votes: dict[str, float] = field(default_factory=dict)
    apart_arcsec: float = 0.0
    nearest_arcsec: float = 0.0


def query(sql: str, read: Callable[[dict[str, Any]], Any] = dict) -> Answer[list[Any]]:
    """Ask SkyServer's database.

    Parameters
    ----------
    sql : str
        The query; never a text that a visitor wrote.
    read : callable, optional
        Turns a row, a dict by column, into what is wanted; KeyError, TypeError, ValueError and
        OverflowError say that it cannot.

    Returns
    -------
    Answer
        With the rows for a value, as `read` gave them.

    Raises
    ------
    Unavailable
        If there is no answer, or one that is no table.
    """

    def read_all(content: bytes) -> list[Any]:
        try:
            return [read(row) for row in json.loads(content)[0]["Rows"]]
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
            raise Malformed(
                f"SDSS SkyServer's database answered with something that is no table of galaxies (“{_excerpt(content)}”); "
                "try again later"
            ) from error

    return ask(SKYSERVER_SQL, {"cmd": sql, "format": "json"}, read_all)


def galaxy_at(ra_deg: float, dec_deg: float, objid: str = "") -> Answer[SkyGalaxy]:
    """Find the galaxy at a position: the brightest primary one within `SEARCH_ARCSEC`, or the one that is named.

    Parameters
    ----------
    ra_deg, dec_deg : float
        The position in degrees, J2000.
    objid : str, optional
        The `objID` in DR18 of the one object that is meant, whatever else is there.

    Returns
    -------
    Answer
        With the `SkyGalaxy` for a value.

    Raises
    ------
    NotFound
        If SDSS has no galaxy there, or no such object.
    Unavailable
        If SkyServer gives no answer.

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
            f"SELECT TOP 1 {_IDS},{_SIZE},{_APART},{votes} "
            f"FROM dbo.fGetNearbyObjEq({ra_deg:.6f},{dec_deg:.6f},{SEARCH_ARCSEC / 60:.4f}) n "
            "JOIN PhotoObj p ON p.objID=n.objID LEFT JOIN zoo2MainSpecz z ON z.dr8objid=p.objID "
            "WHERE p.mode=1 AND p.type=3 ORDER BY CASE WHEN p.petroMag_r>0 THEN p.petroMag_r ELSE 99 END"
        )
        absent = f"SDSS has no galaxy within {SEARCH_ARCSEC:.0f}″ of this place"
    answer = query(sql, _galaxy)
    if not answer.value:
        raise NotFound(absent)
    return Answer(answer.value[0], answer.fetched, answer.stale)


def galaxies_of_gz2(count: int, seed: int, column: str = "", least_share: float = 0.0) -> Answer[list[SkyGalaxy]]:
    """Draw galaxies of Galaxy Zoo 2 at random.

    Parameters
    ----------
    count : int
        How many, 1 to `MOST_GALAXIES`; fewer come where fewer fit.
    seed : int
        The same seed gives the same galaxies, 0 or more.
    column : str, optional
        One of the 37 score columns: only galaxies on which its answer has at least `least_share` of its
        question's debiased votes, and at least `FEWEST_VOTES` volunteers gave it.
    least_share : float, optional
        In [0, 1].

    Returns
    -------
    Answer
        With a list of `SkyGalaxy` in the order of their ids.

    Raises
    ------
    ValueError
        If count, seed, column or share are out of range.
    Unavailable
        If SkyServer gives no answer.
    """
    if not (
        1 <= count <= MOST_GALAXIES and seed >= 0 and 0 <= least_share <= 1 and (not column or column in ANSWER_OF)
    ):
        raise ValueError(
            f"{count} galaxies, seed {seed}, column {column!r} and share {least_share} were asked for; "
            f"there are 1 to {MOST_GALAXIES} galaxies, seeds from 0, the 37 columns and shares in [0, 1]"
        )
    where = ""
    if column:
        stem = f"{QUESTION_OF[column].stem}_{ANSWER_OF[column].stem}"
        where = f"WHERE {stem}_debiased>={least_share:.4f} AND {stem}_count>={FEWEST_VOTES} "
    multiplier = (seed * 7919 + 104_729) % (_SHUFFLE - 1) + 1
    # The draw comes first: joining all 240,000 galaxies to PhotoObj would take the server minutes.
    return query(
        f"SELECT {_IDS},{_SIZE},{','.join(VOTE_COLUMNS)} FROM (SELECT TOP {count:d} * FROM zoo2MainSpecz {where}"
        f"ORDER BY dr7objid%{_SHUFFLE}*{multiplier}%{_SHUFFLE},dr7objid) z "
        "JOIN PhotoObj p ON p.objID=z.dr8objid ORDER BY z.dr7objid",
        _galaxy,
    )


def place_of_id(number: int) -> Answer[tuple[float, float, str]]:
    """Find an object and its position by its SDSS id.

    Parameters
    ----------
    number : int
        Its `dr7objid` or `dr8objid` in Galaxy Zoo 2, or its `objID` in DR18's PhotoObj.

    Returns
    -------
    Answer
        With right ascension and declination in degrees and its `objID` in DR18 for a value; the last is empty
        where Galaxy Zoo 2 knows the object by its DR7 id alone.

    Raises
    ------
    NotFound
        If there is none of that id.
    Unavailable
        If SkyServer gives no answer.
    """
    if number < 2**63:  # SQL's bigint
        for sql in (
            "SELECT TOP 1 ra,dec,CAST(dr8objid AS varchar(20)) AS objid FROM zoo2MainSpecz "
            f"WHERE dr7objid={number:d} OR dr8objid={number:d}",
            f"SELECT TOP 1 ra,dec,CAST(objID AS varchar(20)) AS objid FROM PhotoObj WHERE objID={number:d}",
        ):
            answer = query(sql, lambda row: (*_place(row), _id(row["objid"] or "0").lstrip("0")))
            if answer.value:
                return Answer(answer.value[0], answer.fetched, answer.stale)
    raise NotFound(f"neither Galaxy Zoo 2 nor SDSS DR18 has an object {number}: check the id, or give a position")


def _galaxy(row: dict[str, Any]) -> SkyGalaxy:
    """Read a row, checking ids, position and votes."""
    objid, gz2id = _id(row["objid"]), _id(row["gz2id"]) if row["gz2id"] else ""
    radius, reason = _radius(float(row["petroR90_r"]), int(row["flags_r"]))
    votes = {name: _vote(row[name]) for name in VOTE_COLUMNS if row[name] is not None} if gz2id else {}
    apart, nearest = (60 * float(row.get(name, 0.0)) for name in ("apart", "nearest"))
    if not 0 <= nearest <= apart <= 2 * SEARCH_ARCSEC:
        raise ValueError(f"{apart}″ is no distance of a galaxy of which the nearest is {nearest}″ away")
    return SkyGalaxy(objid, gz2id, *_place(row), radius, reason, votes, apart, nearest)


def _id(text: Any) -> str:
    """Take an id, which is text: as a number its last digits would be lost."""
    if not re.fullmatch(r"\d{1,20}", text):
        raise ValueError(f"{text!r} is no id")
    return text


def _vote(value: Any) -> float:
    """Take a vote fraction. Debiased ones may be a little above 1 as well, never below 0."""
    vote = float(value)
    if not (math.isfinite(vote) and vote >= 0):
        raise ValueError(f"{value!r} is no vote fraction")
    return vote


def _place(row: dict[str, Any]) -> tuple[float, float]:
    """Take a position out of a row."""
    ra_deg, dec_deg = float(row["ra"]), float(row["dec"])
    if not (0 <= ra_deg <= 360 and -90 <= dec_deg <= 90):
        raise ValueError(f"{ra_deg}, {dec_deg} is no position")
    return ra_deg, dec_deg


def _radius(radius_arcsec: float, flags: int) -> tuple[float | None, str]:
    """Take a Petrosian radius, or say why there is none."""
    for bit, reason in _FLAGS.items():
        if flags & bit:
            return None, reason
    if not SMALLEST_RADIUS <= radius_arcsec <= LARGEST_RADIUS:  # written so that NaN fails as well
        return None, (
            f"SDSS's {radius_arcsec:.3g}″ is no galaxy's size "
            f"(only {SMALLEST_RADIUS:g}″ to {LARGEST_RADIUS:g}″ are believed)"
        )
    return radius_arcsec, ""


def _excerpt(content: bytes) -> str:
    """Quote the start of an answer without anything that a page could take for markup."""
    text = re.sub(r"<[^>]*>", " ", content[:2000].decode("utf-8", "replace"))
    return " ".join(re.sub(r"[^\w\s.,:;()=-]", " ", text).split())[:80]
