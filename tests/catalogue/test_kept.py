"""Tests of `galaxy_explorer.catalogue.kept`: the table of Galaxy Zoo 2 that is made once."""

import os

import pandas as pd
import pytest
from gz2_folder import IDS, gz2_folder, gz2_rows, own_cache

from galaxy_explorer.catalogue import gz2, open_catalogue
from galaxy_explorer.storage import cache_folder

own_cache = pytest.fixture(autouse=True)(own_cache)
rows = pytest.fixture(scope="session")(gz2_rows)
folder = pytest.fixture(gz2_folder)


class TestKeeping:
    @pytest.fixture
    def reads(self, monkeypatch):
        """The files of the catalogue that were read from CSV, one after the other."""
        read, files = gz2._read_catalogue, []
        monkeypatch.setattr(gz2, "_read_catalogue", lambda file, kind: files.append(file.name) or read(file, kind))
        return files

    def test_the_second_time_the_kept_table_is_opened(self, folder, reads):
        first = open_catalogue(folder)
        second = open_catalogue(folder)
        assert reads == ["gz2_hart16.csv"]
        pd.testing.assert_frame_equal(second.table, first.table)
        assert second.note == first.note

    def test_nothing_is_written_into_the_folder_of_the_data(self, folder):
        before = sorted(folder.rglob("*"))
        open_catalogue(folder)
        assert sorted(folder.rglob("*")) == before
        (kept,) = (cache_folder() / "tables").iterdir()
        assert kept.suffix == ".parquet"

    def test_a_changed_table_is_read_again(self, folder, rows, reads):
        open_catalogue(folder)
        rows.assign(ra="1.5").to_csv(folder / "gz2_hart16.csv", index=False)
        assert (open_catalogue(folder).table["ra_deg"] == 1.5).all()
        assert len(reads) == 2

    def test_debiased_and_weighted_votes_are_kept_apart(self, folder, reads):
        for votes in ("debiased", "weighted", "debiased", "weighted"):
            open_catalogue(folder, votes=votes)
        assert len(reads) == 2

    @pytest.mark.parametrize("damage", [b"", b"PAR1 not really", None])
    def test_a_damaged_kept_table_is_read_again(self, folder, reads, damage):
        expected = open_catalogue(folder)
        (kept,) = (cache_folder() / "tables").iterdir()
        if damage is None:
            pd.DataFrame({"other": [1]}).to_parquet(kept)
        else:
            kept.write_bytes(damage)
        pd.testing.assert_frame_equal(open_catalogue(folder).table, expected.table)
        assert len(reads) == 2

    def test_a_cache_that_cannot_be_written_costs_time_alone(self, folder, reads, monkeypatch, tmp_path):
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
        assert open_catalogue(folder).ids == open_catalogue(folder).ids == IDS
        assert len(reads) == 2

    def test_only_the_tables_used_last_stay(self, folder, rows):
        tables = cache_folder() / "tables"
        for number in range(6):
            rows.assign(ra=str(number)).to_csv(folder / "gz2_hart16.csv", index=False)
            os.utime(folder / "gz2_hart16.csv", (number, number))
            open_catalogue(folder)
        assert len(list(tables.iterdir())) == 4
