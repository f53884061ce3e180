"""Collections in `AppTest`, as if the browser had sent what it keeps."""

from typing import Any

import numpy as np
import pytest
from app_page import new_app, opened, press, run, texts
from browse_page import tiles
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.collections.mean_answers import mean_table, most_telling
from galaxy_explorer.app.services.answers import answers_of
from galaxy_explorer.app.services.collections.collection import SKY, Address, Collection, Collections
from galaxy_explorer.app.state import CollectionsState
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS


def keep(app: AppTest, *collections: Collection, chosen: str = "rings") -> AppTest:
    """Set the collections as the browser does after the page has opened."""
    app.session_state["CollectionsState"] = CollectionsState(Collections(collections, chosen, 1), loaded=True)
    return app


def kept(app: AppTest) -> Collections:
    """The visitor's collections."""
    return app.session_state["CollectionsState"].kept


def rings(*ids: str, source: str = "sample") -> Collection:
    """A collection of galaxies of one source."""
    return Collection("rings", tuple(Address(source, galaxy_id) for galaxy_id in ids))


def test_before_the_browser_answers_nothing_is_claimed(app: AppTest) -> None:
    opened(app, "collections")
    assert "No galaxies yet" not in texts(app)
    app.session_state["CollectionsState"].loaded = True
    run(app)
    assert "No galaxies yet" in texts(app)


def test_a_collection_is_a_gallery_with_links_and_mean_answers(app: AppTest, sample: Catalogue) -> None:
    voted = sample.table.index[sample.votes.known][:4].tolist()
    keep(app, rings(*voted), Collection("others"))
    opened(app, "collections")
    assert tiles(app) == voted[::-1]  # the latest first
    assert app.subheader[0].value == "rings · 4 galaxies"
    assert app.pills[0].options == ["rings · 4", "others · 0"]
    links = {link.label: link.proto.query_string for link in app.page_link}
    assert links["Open in Browse"] == "source=sample&collection=rings"
    assert links["Find more like these"] == "source=sample&name=rings"
    assert len(app.dataframe[0].value) == 8


def test_what_galaxies_have_in_common_is_what_many_were_asked(survey: Catalogue) -> None:
    table = mean_table(survey, answers_of(survey), np.arange(6))
    assert table is not None
    telling = table.assign(these=0.0, all=0.0, reached=1.0)
    place = {name: row for row, name in enumerate(COLUMNS)}
    telling.loc[[place["Class4.1"], place["Class4.2"], place["Class9.1"]], "these"] = [30.0, 30.0, 90.0]
    telling.loc[place["Class9.1"], "reached"] = 0.02
    assert most_telling(telling)[:2] == [place["Class4.1"], place["Class9.1"]]  # and not "no spiral arms"


def test_galaxies_that_cannot_be_shown_are_named(app: AppTest) -> None:
    keep(app, Collection("rings", (*rings("100008", "nowhere").galaxies, Address("away", "7"), Address(SKY, "M51"))))
    opened(app, "collections")
    assert tiles(app) == ["100008"]
    assert "has no galaxy nowhere" in texts(app)
    assert "1 galaxy of “away” cannot be shown" in texts(app)
    (link,) = [link for link in app.page_link if link.label == "M51"]
    assert link.proto.query_string == "position=M51"


def test_every_change_can_be_undone(app: AppTest) -> None:
    keep(app, rings("100008"), Collection("others"))
    opened(app, "collections")
    before = kept(app)
    press(app, "Delete")
    assert kept(app).names == ["others"]
    assert kept(app).revision > before.revision
    press(app, "Undo: delete “rings”")
    assert (kept(app).all, kept(app).chosen) == (before.all, before.chosen)
    assert kept(app).revision > before.revision
    app.text_input(key="collection_name_rings").set_value("Ringe <script>alert(1)</script>")
    press(app, "Rename collection")
    assert kept(app).names == ["Ringe <script>alert(1)</script>", "others"]
    assert r"\<script\>" in app.subheader[0].value
    press(app, r"Undo: rename “rings”")
    app.text_input(key="new_collection").set_value("others")
    press(app, "Create collection")
    assert (kept(app).names, kept(app).chosen) == (["rings", "others", "others 2"], "others 2")


def test_a_csv_file_is_imported_and_its_faults_are_named(app: AppTest) -> None:
    keep(app, rings("100008"))
    opened(app, "collections")
    content = b"GalaxyID,label\n100023,rings\n5.87726E+17,rings\n100053,<b>bars</b>\n"
    app.file_uploader(key="collection_file").set_value([("list.csv", content, "text/csv")])
    run(app)
    assert kept(app).names == ["rings", "rings 2", "<b>bars</b>"]
    assert kept(app).get("rings 2").ids("sample") == ["100023"]
    assert r"2 galaxies into rings 2, \<b\>bars\</b\>" in app.info[0].value
    assert "row 3" in app.info[0].value
    app.button(key="undo").click()
    run(app)
    assert not app.info  # it would say what is no longer true
    app.file_uploader(key="collection_file").set_value([("bad.csv", b"holiday", "text/csv")])
    run(app)
    assert "Nothing was imported" in app.info[0].value
    assert len(kept(app).names) == 1


def test_one_id_in_two_sources_is_two_galaxies(app: AppTest, survey: Catalogue, sample: Catalogue) -> None:
    (survey.root / "g00.jpg").rename(survey.root / f"{sample.ids[0]}.jpg")
    both = [Address(source, sample.ids[0]) for source in ("survey", "sample")]
    keep(app, Collection("rings", tuple(both)))
    opened(app, "collections")
    assert tiles(app) == [sample.ids[0]] * 2


def test_a_shared_link_shows_its_galaxies_and_can_be_kept(app: AppTest) -> None:
    app.session_state["CollectionsState"] = CollectionsState(loaded=True)
    opened(app, "collections", source="sample", collection="rings:100008,100023,nowhere")
    assert tiles(app) == ["100008", "100023"]
    assert "has no galaxy nowhere" in texts(app)
    press(app, "Keep this collection")
    assert kept(app).get("rings").ids("sample") == ["100008", "100023", "nowhere"]
    assert "collection" not in app.query_params


@pytest.mark.parametrize("value", ["", "rings", ":1", "rings:" + "9" * 300])
def test_a_malformed_link_is_reported(app: AppTest, value: str) -> None:
    app.session_state["CollectionsState"] = CollectionsState(loaded=True)
    opened(app, "collections", source="sample", collection=value)
    assert "`collection=" in app.warning[0].value


def test_two_sessions_do_not_see_one_another(app: AppTest) -> None:
    other: Any = new_app()
    keep(app, rings("100008"))
    opened(app, "collections")
    opened(other, "collections")
    assert other.session_state["CollectionsState"].kept is None
    assert "rings" not in texts(other)
