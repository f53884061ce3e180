"""Galaxy Zoo 2 as Zenodo gives its pictures, joined to the votes of the catalogue of Hart et al. 2016."""

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.catalogue import Catalogue, CatalogueError
from galaxy_explorer.catalogue.score_tables import ID, scores_from_votes, vote_columns
from galaxy_explorer.catalogue.table_cache import kept_table
from galaxy_explorer.decision_tree import COLUMNS

IMAGES = ("images", "images_gz2/images")  # the second is where many unpack images_gz2.zip
MAPPING = "gz2_filename_mapping.csv"
TABLES = ("gz2_hart16.csv", "gz2_hart16.csv.gz")
OBJID, SAMPLE_OF, ASSET = "objid", "sample", "asset_id"  # of the mapping
DR7_OBJID = "dr7objid"
POSITIONS = {"ra": "ra_deg", "dec": "dec_deg"}

DEBIASED, WEIGHTED = "debiased", "weighted"
VOTES = {DEBIASED: "debiased", WEIGHTED: "weighted_fraction"}  # how the catalogue's columns end
_IN_WORDS = {
    DEBIASED: "The votes are debiased: corrected for the detail that distance hides.",
    WEIGHTED: "The votes are weighted by how well each volunteer agrees with the others, not debiased.",
}


def looks_like_gz2(path: Path) -> bool:
    """Tell whether a folder holds Galaxy Zoo 2, whole or with a part missing."""
    tables = any((path / name).is_file() for name in TABLES)
    return (path / MAPPING).is_file() or (tables and any((path / name).is_dir() for name in IMAGES))


def open_gz2(path: Path, pictures: pd.Series, *, votes: str = DEBIASED, field: float = 1.0) -> Catalogue:
    """Open the folder of Galaxy Zoo 2.

    Parameters
    ----------
    path : Path
        The folder.
    pictures : pd.Series
        Names of the pictures within the folder; the index is their asset ids.
    votes : {"debiased", "weighted"}, optional
        Which of the catalogue's votes the scores are made of.
    field : float, optional
        As in `Catalogue`.

    Returns
    -------
    Catalogue
        The galaxies that have a picture, in the order of their ids, which are their ``dr7objid``. Those that
        the catalogue does not hold have NaN for scores.

    Raises
    ------
    CatalogueError
        If a table is missing or malformed, no picture belongs to a galaxy, or there are no such votes.
    """
    if votes not in VOTES:
        raise CatalogueError(f"there are no {votes!r} votes; take one of {', '.join(VOTES)}")
    if not (path / MAPPING).is_file():
        raise CatalogueError(
            f"{path / MAPPING} is missing: without it nobody knows which picture shows which galaxy. "
            "Fetch it from https://zenodo.org/records/3565489"
        )
    table, twice = _votes_of(path, votes)
    places, several = _places(path / MAPPING, pictures, table["sample"])
    rows = table.drop(columns="sample").reindex(places.index)
    rows["picture"] = places
    # get_indexer: `isin` takes seconds with texts.
    missing = int((places.index.get_indexer(table.index) < 0).sum())
    unvoted = int((table.index.get_indexer(places.index) < 0).sum())
    unused = len(pictures) - len(places)
    counts = {
        "{:,} galaxies have no votes.": unvoted,
        "{:,} galaxies have several pictures: the one that was voted on is shown.": several,
        "{:,} pictures are not shown, because they are a second one or of no known galaxy.": unused,
        "{:,} rows of the catalogue were left out as the second of a galaxy.": twice,
    }
    said = " ".join(words.format(count) for words, count in counts.items() if count)
    note = (
        "Galaxy Zoo 2 (Willett et al. 2013; Hart et al. 2016). Pictures: Sloan Digital Sky Survey; "
        f"votes: the volunteers of Galaxy Zoo. {_IN_WORDS[votes]} {said}"
    )
    return Catalogue(path.resolve().name, rows, path, field, missing, note.strip(), vote_kind=votes)


def _places(mapping: Path, pictures: pd.Series, sample_of: pd.Series) -> tuple[pd.Series, int]:
    """Find each galaxy's picture; count the galaxies that have several.

    A galaxy stands in the mapping once for every sample it belongs to, such as the deep pictures of Stripe 82
    beside the usual ones. The picture of the sample in the catalogue's row is the one that was voted on.
    """
    known = _read(mapping, [OBJID, SAMPLE_OF, ASSET], {})
    known[OBJID] = _ids(known[OBJID], mapping, OBJID)
    known["picture"] = known[ASSET].map(pictures)
    known = known[known["picture"].notna()]
    if known.empty:
        raise CatalogueError(
            f"none of the {len(pictures):,} pictures in {mapping.parent} is named in {mapping.name}: "
            "they must be called <asset_id>.jpg, as in images_gz2.zip"
        )
    known["elsewhere"] = known[SAMPLE_OF] != known[OBJID].map(sample_of)
    several = known[OBJID].duplicated()
    chosen = known.sort_values([OBJID, "elsewhere"], kind="stable").drop_duplicates(OBJID)
    places = pd.Series(chosen["picture"].to_numpy(), pd.Index(chosen[OBJID], dtype=str, name=ID), dtype=str)
    return places, int(known.loc[several, OBJID].nunique())


def _votes_of(path: Path, votes: str) -> tuple[pd.DataFrame, int]:
    """Give scores, positions and sample of each galaxy of the catalogue, and how many rows were left out."""
    file = next((path / name for name in TABLES if (path / name).is_file()), None)
    if file is None:
        empty = pd.DataFrame(columns=[*COLUMNS, "sample"], index=pd.Index([], dtype=str, name=ID), dtype="float32")
        return empty.astype({"sample": str}), 0
    table = kept_table(file, f"gz2-{votes}", lambda: _read_catalogue(file, VOTES[votes]))
    twice = table.index.duplicated()
    return table[~twice], int(twice.sum())


def _read_catalogue(file: Path, kind: str) -> pd.DataFrame:
    """Read what is needed of the catalogue's 231 columns and compute the 37 scores."""
    header = _columns(file)
    wanted = vote_columns(header, kind)
    positions = [name for name in POSITIONS if name in header]
    texts = [DR7_OBJID] + [name for name in ("sample",) if name in header]
    numbers = dict.fromkeys(wanted + positions, "float64")
    raw = _read(file, texts, numbers)
    votes = raw[wanted].to_numpy()
    if len(raw) and np.isnan(votes[-1]).any():
        raise CatalogueError(f"{file}: the last row has no votes; the file may be cut short: fetch it again")
    wrong = np.isinf(votes) | (votes < 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise CatalogueError(
            f"{file}, row {row + 2}, column {wanted[column]}: {votes[row, column]:g} is no fraction of votes; "
            "fetch the table again"
        )
    table = pd.DataFrame(
        scores_from_votes(raw, kind).astype(np.float32),
        index=pd.Index(_ids(raw[DR7_OBJID], file, DR7_OBJID), dtype=str, name=ID),
        columns=list(COLUMNS),
    )
    for name in positions:
        table[POSITIONS[name]] = raw[name].to_numpy()
    table["sample"] = raw["sample"].to_numpy() if "sample" in header else ""
    return table.astype({"sample": str})


def _read(file: Path, texts: list[str], numbers: dict[str, str]) -> pd.DataFrame:
    """Read columns of a CSV file by their names; the others are passed over as they are met."""
    types = dict.fromkeys(texts, "str") | numbers
    header = _columns(file)
    if absent := [name for name in types if name not in header]:
        found = ", ".join(header[:6])
        raise CatalogueError(f"{file}, row 1: there is no column {absent[0]}; found {found}: fetch the table again")
    return _csv(file, usecols=list(types), dtype=types)


def _columns(file: Path) -> list[str]:
    """Name the columns of a CSV file."""
    return _csv(file, nrows=0).columns.tolist()


def _csv(file: Path, **options: Any) -> pd.DataFrame:
    """Read a CSV file, packed or not."""
    try:
        return pd.read_csv(file, **options)
    except (
        ValueError,
        EOFError,
        zlib.error,
        gzip.BadGzipFile,
    ) as error:  # ValueError: pandas' own, and other encodings
        raise CatalogueError(f"{file} cannot be read as a table ({error}): fetch it again") from error


def _ids(ids: pd.Series, file: Path, column: str) -> pd.Series:
    """Refuse ids that a spreadsheet has turned into rounded numbers, and rows without one."""
    wrong = ~ids.fillna("").str.fullmatch(r"\d+")
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        raise CatalogueError(
            f"{file}, row {row + 2}, column {column}: {ids.iloc[row]} is no objid of whole digits; "
            "a spreadsheet may have rounded it: fetch the table again"
        )
    return ids
