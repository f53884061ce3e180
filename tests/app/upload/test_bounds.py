"""Bounds of what the upload page keeps."""

import pytest
from app_page import files_of, give, opened, said
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.upload import session
from galaxy_explorer.catalogue import Catalogue


def test_refused_files_do_not_count_as_pictures_and_their_reasons_are_bounded(
    app: AppTest, sample: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MAX_PICTURES", 2)
    monkeypatch.setattr(session, "MAX_REFUSED", 4)
    bad = [(f"{n}.png", b"%PDF-1.7") for n in range(9)]
    give(opened(app, "upload"), *bad, *files_of(sample, "100008", "100023"))
    assert "4 of 6 files cannot be used" in said(app)
    assert "the session holds" not in said(app)
    give(app, *bad, *files_of(sample, "100008", "100023", "100053"))
    assert r"**100053\.jpg**: the session holds 2 pictures with 0 MB; at most 2 pictures" in said(app)


def test_the_size_of_all_pictures_is_bounded(app: AppTest, sample: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    two = files_of(sample, "100008", "100023")
    monkeypatch.setattr(session, "MAX_BYTES", len(two[0][1]) + len(two[1][1]) - 1)
    give(opened(app, "upload"), *two)
    assert "1 of 2 files cannot be used" in said(app)


def test_a_table_that_cannot_be_used_leaves_a_picture_of_its_name(app: AppTest, sample: Catalogue) -> None:
    picture = ("scores.csv.jpg", sample.picture_bytes("100008"))
    give(opened(app, "upload"), picture, ("scores.csv", b"GalaxyID,Class1.1\nmine,nothing\n"))
    assert r"**scores\.csv**" in said(app)
    assert "1 of 2 files cannot be used" in said(app)
    give(app, picture)
    assert app.subheader[0].value == r"scores\.csv"


def test_the_size_of_score_tables_is_bounded(app: AppTest, sample: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_TABLE_BYTES", 1000)
    row = b"GalaxyID,Class1.1,Class1.2,Class1.3\nmine,0.2,0.7,0.1\n"
    large = ("large.csv", row + b"other,0.2,0.7,0.1\n" * 100)
    give(opened(app, "upload"), ("mine.jpg", sample.picture_bytes("100008")), ("small.csv", row), large)
    assert r"**large\.csv**: the table has 0 MB; at most 0 MB" in said(app)
    assert app.dataframe[-1].value["volunteer_fraction"].iloc[0] == pytest.approx(0.2)
