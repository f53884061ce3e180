"""Tests of how much the upload page keeps of what a visitor gives it."""

import pytest
from app_page import files_of, give, opened, said
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.upload import session
from galaxy_explorer.catalogue import Catalogue


def test_files_that_cannot_be_used_keep_no_picture_out_and_their_reasons_are_bounded(
    app: AppTest, sample: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MOST_PICTURES", 2)
    monkeypatch.setattr(session, "MOST_REFUSED", 4)
    bad = [(f"{n}.png", b"%PDF-1.7") for n in range(9)]
    give(opened(app, "upload"), *bad, *files_of(sample, "100008", "100023"))
    assert "4 of 6 files cannot be used" in said(app)
    assert "there are 2 pictures" not in said(app)
    give(app, *bad, *files_of(sample, "100008", "100023", "100053"))
    assert r"**100053**: there are 2 pictures with 0 MB already; a session holds 2 pictures" in said(app)


def test_a_table_that_cannot_be_used_takes_no_pictures_place(app: AppTest, sample: Catalogue) -> None:
    picture = ("scores.csv.jpg", sample.picture_bytes("100008"))
    give(opened(app, "upload"), picture, ("scores.csv", b"GalaxyID,Class1.1\nmine,nothing\n"))
    assert r"**scores\.csv \(2\)**" in said(app)
    assert "1 of 2 files cannot be used" in said(app)


def test_tables_of_scores_are_bounded(app: AppTest, sample: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_TABLES", 2)
    monkeypatch.setattr(session, "MOST_TABLE_BYTES", 1000)
    row = b"GalaxyID,Class1.1,Class1.2,Class1.3\nmine,0.2,0.7,0.1\n"
    tables = [(f"{n}.csv", row) for n in range(4)]
    large = ("large.csv", row + b"other,0.2,0.7,0.1\n" * 100)
    give(opened(app, "upload"), ("mine.jpg", sample.picture_bytes("100008")), *tables, large)
    assert len(app.session_state["uploaded_scores"]) == 2
    assert "the table has 0 MB and may have 0 MB\\: leave out the other galaxies" in said(app)
    assert app.dataframe[-1].value["volunteer_fraction"].iloc[0] == pytest.approx(0.2)
