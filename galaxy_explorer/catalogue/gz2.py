"""Galaxy Zoo 2: pictures from Zenodo, joined to the votes of Hart et al. 2016."""

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.catalogue import Catalogue
from galaxy_explorer.catalogue.errors import CatalogueError
from galaxy_explorer.catalogue.tables.score_tables import ID, scores_from_votes, vote_columns
from galaxy_explorer.catalogue.tables.table_cache import cached_table
from galaxy_explorer.decision_tree import COLUMNS

IMAGES = ("images", "images_gz2/images")  # the second is where many unpack images_gz2.zip
MAPPING = "gz2_filename_mapping.csv"
TABLES = ("gz2_hart16.csv", "gz2_hart16.csv.gz")
OBJID, SAMPLE_OF, ASSET = "objid", "sample", "asset_id"  # columns of the mapping
DR7_OBJID = "dr7objid"
POSITIONS = {"ra": "ra_deg", "dec": "dec_deg"}

DEBIASED, WEIGHTED = "debiased", "weighted"
VOTES = {DEBIASED: "debiased", WEIGHTED: "weighted_fraction"}  # endings of the catalogue's columns
_DESCRIPTION = {
    DEBIASED: "The votes are debiased: corrected for the detail that distance hides.",
    WEIGHTED: "The votes are weighted by each volunteer's agreement with the others, not debiased.",
}


def looks_like_gz2(path: Path) -> bool:
    """Return whether a folder holds Galaxy Zoo 2, complete or with a part missing."""
    tables = any((path / name).is_file() for name in TABLES)
    return (path / MAPPING).is_file() or (tables and any((path / name).is_dir() for name in IMAGES))


def open_gz2(path: Path, pictures: pd.Series, *, votes: str, field_of_view: float, note: str) -> Catalogue:
    """Open the folder of Galaxy Zoo 2: galaxies with a picture, by their ``dr7objid``.

    `pictures` are names within the folder, indexed by asset id; `note` is a sentence on pictures that were skipped.
    """
    if votes not in VOTES:
        raise CatalogueError(f"there are no {votes!r} votes; choose one of {', '.join(VOTES)}")
    if not (path / MAPPING).is_file():
        raise CatalogueError(
            f"{path / MAPPING} is missing: it links pictures to galaxies. "
            "Download it from https://zenodo.org/records/3565489"
        )
    table, duplicates = _read_votes(path, votes)
    picture_of, several = _match_pictures(path / MAPPING, pictures, table["sample"])
    rows = table.drop(columns="sample").reindex(picture_of.index)
    rows["picture"] = picture_of
    # get_indexer: `isin` takes seconds with text.
    missing = int((picture_of.index.get_indexer(table.index) < 0).sum())
    counts = {
        "{:,} galaxies have no votes.": int((table.index.get_indexer(picture_of.index) < 0).sum()),
        "{:,} galaxies have several pictures: the one that was voted on is shown.": several,
        "{:,} pictures are not shown: they are a galaxy's second one or of no known galaxy.": len(pictures)
        - len(picture_of),
        "{:,} rows of the catalogue were left out: their galaxy has an earlier row.": duplicates,
    }
    parts = [
        "Galaxy Zoo 2 (Willett et al. 2013; Hart et al. 2016). Pictures: Sloan Digital Sky Survey; "
        "votes: the volunteers of Galaxy Zoo.",
        _DESCRIPTION[votes],
        *(sentence.format(count) for sentence, count in counts.items() if count),
        note,
    ]
    name = path.resolve().name
    return Catalogue(name, rows, path, field_of_view, missing, " ".join(filter(None, parts)), vote_kind=votes)


def _match_pictures(mapping: Path, pictures: pd.Series, sample_of: pd.Series) -> tuple[pd.Series, int]:
    """Return each galaxy's picture, and the number of galaxies that have several.

    A galaxy is in the mapping once per sample it belongs to, such as the deep pictures of Stripe 82. The picture
    of the sample in the catalogue's row is the one that was voted on.
    """
    known = _read(mapping, [OBJID, SAMPLE_OF, ASSET], {})
    known[OBJID] = _check_objids(known[OBJID], mapping, OBJID)
    known["picture"] = known[ASSET].map(pictures)
    known = known[known["picture"].notna()]
    if known.empty:
        raise CatalogueError(
            f"none of the {len(pictures):,} pictures in {mapping.parent} is in {mapping.name}: "
            "they must be called <asset_id>.jpg, as in images_gz2.zip"
        )
    known["other_sample"] = known[SAMPLE_OF] != known[OBJID].map(sample_of)
    several = int(known.loc[known[OBJID].duplicated(), OBJID].nunique())
    chosen = known.sort_values([OBJID, "other_sample"], kind="stable").drop_duplicates(OBJID)
    index = pd.Index(chosen[OBJID], dtype=str, name=ID)
    return pd.Series(chosen["picture"].to_numpy(), index, dtype=str), several


def _read_votes(path: Path, votes: str) -> tuple[pd.DataFrame, int]:
    """Return scores, positions and sample of each galaxy, and the number of rows left out."""
    file = next((path / name for name in TABLES if (path / name).is_file()), None)
    if file is None:
        empty = pd.DataFrame(columns=[*COLUMNS, "sample"], index=pd.Index([], dtype=str, name=ID), dtype="float32")
        return empty.astype({"sample": str}), 0
    table = cached_table(file, f"gz2-{votes}", lambda: _read_catalogue(file, VOTES[votes]))
    duplicates = table.index.duplicated()
    return table[~duplicates], int(duplicates.sum())


def _read_catalogue(file: Path, kind: str) -> pd.DataFrame:
    """Read the needed ones of the catalogue's 231 columns and compute the 37 scores."""
    header = _columns(file)
    wanted = vote_columns(header, kind)
    positions = [name for name in POSITIONS if name in header]
    texts = [DR7_OBJID, *(["sample"] if "sample" in header else [])]
    raw = _read(file, texts, dict.fromkeys(wanted + positions, "float64"))
    votes = raw[wanted].to_numpy()
    if len(raw) and np.isnan(votes[-1]).any():
        raise CatalogueError(f"{file}: the last row has no votes; the file may be cut short: download it again")
    invalid = np.isinf(votes) | (votes < 0)
    if invalid.any():
        row, column = np.argwhere(invalid)[0]
        raise CatalogueError(
            f"{file}, row {row + 2}, column {wanted[column]}: {votes[row, column]:g} is not a vote fraction; "
            "download the table again"
        )
    table = pd.DataFrame(
        scores_from_votes(raw, kind).astype(np.float32),
        index=pd.Index(_check_objids(raw[DR7_OBJID], file, DR7_OBJID), dtype=str, name=ID),
        columns=list(COLUMNS),
    )
    for name in positions:
        table[POSITIONS[name]] = raw[name].to_numpy()
    table["sample"] = raw["sample"].to_numpy() if "sample" in header else ""
    return table.astype({"sample": str})


def _read(file: Path, texts: list[str], numbers: dict[str, str]) -> pd.DataFrame:
    """Read some columns of a CSV file, text or numbers, by their names."""
    types = dict.fromkeys(texts, "str") | numbers
    header = _columns(file)
    if absent := [name for name in types if name not in header]:
        raise CatalogueError(
            f"{file}, row 1: there is no column {absent[0]}; found {', '.join(header[:6])}: download the table again"
        )
    return _read_csv(file, usecols=list(types), dtype=types)


def _columns(file: Path) -> list[str]:
    return _read_csv(file, nrows=0).columns.tolist()


def _read_csv(file: Path, **options: Any) -> pd.DataFrame:
    try:
        return pd.read_csv(file, **options)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:  # ValueError: of pandas, and of encodings
        raise CatalogueError(f"{file} cannot be read as a table ({error}): download it again") from error


def _check_objids(objids: pd.Series, file: Path, column: str) -> pd.Series:
    """Return the ids; raise CatalogueError if one is empty, or was rounded by a spreadsheet."""
    wrong = ~objids.fillna("").str.fullmatch(r"\d+")
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        raise CatalogueError(
            f"{file}, row {row + 2}, column {column}: {objids.iloc[row]} is not an objid of digits only; "
            "a spreadsheet may have rounded it: download the table again"
        )
    return objids
