"""The disk cache of large tables, here of Galaxy Zoo 2."""

import os

import pandas as pd
import pytest
from gz2_folder import IDS, gz2_folder, gz2_rows, own_cache

from galaxy_explorer.catalogue import gz2, open_catalogue
from galaxy_explorer.catalogue.tables import table_cache
from galaxy_explorer.storage import cache_folder

own_cache = pytest.fixture(autouse=True)(own_cache)
rows = pytest.fixture(scope="session")(gz2_rows)
folder = pytest.fixture(gz2_folder)


@pytest.fixture
def reads(monkeypatch):
    """The files that were read from CSV."""
    read, files = gz2._read_catalogue, []
    monkeypatch.setattr(gz2, "_read_catalogue", lambda file, kind: files.append(file.name) or read(file, kind))
    return files


def cached_files():
    return list((cache_folder() / "tables").iterdir())


def test_the_second_opening_is_a_cache_hit(folder, reads):
    first, second = open_catalogue(folder), open_catalogue(folder)
    assert reads == ["gz2_hart16.csv"]
    pd.testing.assert_frame_equal(second.table, first.table)
    assert second.note == first.note


def test_nothing_is_written_into_the_folder_of_the_data(folder):
    before = sorted(folder.rglob("*"))
    open_catalogue(folder)
    assert sorted(folder.rglob("*")) == before
    assert [file.suffix for file in cached_files()] == [".parquet"]


def test_a_changed_table_is_a_cache_miss(folder, rows, reads):
    open_catalogue(folder)
    rows.assign(ra="1.5").to_csv(folder / "gz2_hart16.csv", index=False)
    assert (open_catalogue(folder).table["ra_deg"] == 1.5).all()
    assert len(reads) == 2


def test_debiased_and_weighted_votes_are_cached_separately(folder, reads):
    for votes in ("debiased", "weighted", "debiased", "weighted"):
        open_catalogue(folder, votes=votes)
    assert len(reads) == 2


@pytest.mark.parametrize("damage", [b"", b"PAR1 not really", None])
def test_a_damaged_cache_file_is_a_miss(folder, reads, damage):
    expected = open_catalogue(folder)
    (file,) = cached_files()
    if damage is None:
        pd.DataFrame({"other": [1]}).to_parquet(file)
    else:
        file.write_bytes(damage)
    pd.testing.assert_frame_equal(open_catalogue(folder).table, expected.table)
    assert len(reads) == 2


def test_a_cache_that_cannot_be_written_does_not_stop_an_opening(folder, reads, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert open_catalogue(folder).ids == open_catalogue(folder).ids == IDS
    assert len(reads) == 2


def test_the_least_recently_used_tables_are_evicted(folder, rows):
    for number in range(table_cache.MAX_TABLES + 2):
        rows.assign(ra=str(number)).to_csv(folder / "gz2_hart16.csv", index=False)
        os.utime(folder / "gz2_hart16.csv", (number, number))
        open_catalogue(folder)
    assert len(cached_files()) == table_cache.MAX_TABLES
