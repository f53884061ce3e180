"""Fake server of SDSS, the Legacy Surveys, CDS and Sesame, with data of the sample.

Its database is SQLite: the app's SQL is executed.
"""

import csv
import io
import json
import math
import re
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from local_server import Asked, Reply, Server
from PIL import Image, ImageDraw

SAMPLE = Path(__file__).parents[2] / "galaxy_explorer" / "sample"
ROLES = {
    ("skyserver.sdss.org", "dr18/SkyServerWS/ImgCutout/getjpeg"): "skyserver",
    ("skyserver.sdss.org", "dr18/SkyServerWS/SearchTools/SqlSearch"): "sql",
    ("www.legacysurvey.org", "viewer/jpeg-cutout"): "legacy",
    ("alasky.cds.unistra.fr", "hips-image-services/hips2fits"): "cds",
    ("cds.unistra.fr", "cgi-bin/nph-sesame/SNV"): "sesame",
}
CUTOUTS = ("skyserver", "legacy", "cds")
NAMES = {"M51": (202.469629, 47.195172), "NGC 4565": (189.086588, 25.987674)}
GALAXIES = 30  # of Galaxy Zoo 2, made of the sample's three
RADIUS = 14.3  # arcsec, of every galaxy but M51
DR8 = 1_237_600_000_000_000_000  # added to a dr7objid's last digits for a made-up objID
TOO_LARGE = 0x1000000
# Of a query string: the default of ASP.NET's maxQueryStringLength and of IIS's maxQueryString. SkyServer names the
# first in its refusals (https://github.com/astropy/astroquery/issues/2211).
MOST_CHARACTERS = 2048


class SkyServer(Server):
    """Fake of SkyServer's database and pictures, the Legacy Surveys, CDS hips2fits and Sesame."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = [path.read_bytes() for path in sorted(SAMPLE.glob("*.jpg"))]
        self.database = _database()

    def role(self, host: str, path: str) -> str:
        """Return the name of the requested service."""
        return ROLES.get((host, path), "unknown")

    def reply(self, asked: Asked) -> Reply:
        """Return the response of the service."""
        if asked.role in CUTOUTS:
            number = round(1000 * float(asked.parameters["ra"]))
            return Reply(self.pictures[number % len(self.pictures)], "image/jpeg")
        if asked.role in ("sql", "skyserver") and asked.query_length > MOST_CHARACTERS:
            return Reply(b"The length of the query string for this request exceeds the limit.", "text/plain", 400)
        if asked.role == "sql":
            with self.lock:
                rows = run(self.database, asked.parameters["cmd"])
            return Reply(json.dumps([{"TableName": "Table1", "Rows": rows}]).encode(), "application/json")
        if asked.role == "sesame":
            return Reply(sesame(asked.query).encode(), "text/plain")
        return super().reply(asked)


def sesame(name: str) -> str:
    """Return a reply of Sesame, in the form of astropy's tests."""
    if name not in NAMES:
        return f"# {name}\t#Q1\n#=S=Simbad (CDS, via client/server):    0     0ms\n#! *** Nothing found *** \n"
    ra, dec = NAMES[name]
    head = f"# {name}\t#Q1\n#=S=Simbad (CDS, via client/server):    1     5ms\n%@ 1\n%C.0 GiG\n"
    return f"{head}%J {ra} {dec:+} = 13:29:52 +47:11:42\n"


def _database() -> sqlite3.Connection:
    """Make the two tables that the app queries."""
    with (SAMPLE / "gz2_rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ["dr7objid", "dr8objid", "ra", "dec", *(name for name in rows[0] if re.match(r"t\d\d_", name))]
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.create_function("apart", 4, _apart)
    database.execute(f"CREATE TABLE zoo2MainSpecz ({', '.join(names)})")
    database.execute("CREATE TABLE PhotoObj (objID, ra, dec, petroR90_r, petroMag_r, flags_r, mode, type)")
    for number in range(GALAXIES):
        row: dict[str, Any] = {name: _value(text) for name, text in rows[number % 3].items()}
        turn = number // 3  # copies lie a degree apart, with ids of their own
        row |= {"dr7objid": row["dr7objid"] + turn, "ra": row["ra"] + turn}
        row["dr8objid"] = DR8 + row["dr7objid"] % 10**12
        database.execute(
            f"INSERT INTO zoo2MainSpecz VALUES ({', '.join('?' * len(names))})", [row[name] for name in names]
        )
        _photo(database, row["dr8objid"], row["ra"], row["dec"], RADIUS, 15.0)
        _photo(database, row["dr8objid"] + 10**15, row["ra"] + 0.001, row["dec"], 3.0, 18.0)  # a faint neighbour
    _photo(database, DR8 - 1, *NAMES["M51"], 92.0, 9.0, TOO_LARGE)
    return database


def _apart(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Return the distance of two close positions in arcmin."""
    return 60 * math.hypot((ra - other_ra) * math.cos(math.radians(dec)), dec - other_dec)


def _photo(database: sqlite3.Connection, *values: float) -> None:
    """Add a primary galaxy to PhotoObj: id, position, radius, magnitude and flags."""
    flags = values[5] if len(values) > 5 else 0
    database.execute("INSERT INTO PhotoObj VALUES (?, ?, ?, ?, ?, ?, 1, 3)", [*values[:5], flags])


def put_beside(database: sqlite3.Connection, gz2id: str) -> str:
    """Move a brighter galaxy to 12″ north of another; return its id in Galaxy Zoo 2."""
    ra, dec = database.execute("SELECT ra, dec FROM zoo2MainSpecz WHERE dr7objid=?", [int(gz2id)]).fetchone()
    moved, objid = database.execute(
        "SELECT dr7objid, dr8objid FROM zoo2MainSpecz WHERE dr7objid<>?", [int(gz2id)]
    ).fetchone()
    position = [ra, dec + 12 / 3600]
    database.execute("UPDATE zoo2MainSpecz SET ra=?, dec=? WHERE dr7objid=?", [*position, moved])
    database.execute("UPDATE PhotoObj SET ra=?, dec=?, petroMag_r=14 WHERE objID=?", [*position, objid])
    return str(moved)


def _value(text: str) -> Any:
    """Parse a cell of the CSV as int, float or text."""
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        return float(text)
    return text


def run(database: sqlite3.Connection, sql: str) -> list[dict[str, Any]]:
    """Run SQL Server's SQL in SQLite: TOP becomes LIMIT, the cone search a distance."""

    def near(match: re.Match[str]) -> str:
        ra, dec, arcmin = (float(text) for text in match.groups())
        distance = f"apart(ra,dec,{ra},{dec})"  # arcmin, as SkyServer's own
        return f"(SELECT objID,{distance} AS distance FROM PhotoObj WHERE {distance}<={arcmin}) n"

    sql = re.sub(r"dbo\.fGetNearbyObjEq\(([^,]+),([^,]+),([^)]+)\) n", near, sql)
    sql = re.sub(r"\(SELECT TOP (\d+) (.*?)\) z", r"(SELECT \2 LIMIT \1) z", sql)
    if match := re.match(r"SELECT TOP (\d+) ", sql):
        sql = f"SELECT {sql[match.end() :]} LIMIT {match[1]}"
    cursor = database.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


# Pictures


def jpeg(picture: np.ndarray | Image.Image) -> bytes:
    """Write a picture as JPEG."""
    file = io.BytesIO()
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(file, "JPEG", quality=90)
    return file.getvalue()


def words_on_white() -> bytes:
    """Draw SkyServer's frame outside the footprint: a few words on white."""
    page = Image.new("RGB", (424, 424), "white")
    ImageDraw.Draw(page).text(
        (40, 200), "Requested (ra, dec) is outside the SDSS footprint", fill="black", font_size=14
    )
    return jpeg(page)


ERROR_PAGE = b"<!DOCTYPE html><html><body><h1>Runtime Error</h1>An application error occurred.</body></html>"
BLANK = jpeg(np.zeros((424, 424, 3), np.uint8))
