"""Browse in `AppTest`: galaxies, filters, search, pages, URL parameters."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from app_page import go_to, new_app, opened, press, run, texts, url_values
from browse_page import captions, chips, tiles
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.query.captions import values_of
from galaxy_explorer.app.query.matching import match_galaxies
from galaxy_explorer.app.query.presets import presets
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, shares_from_fractions


def test_the_nine_galaxies_of_the_sample_come_first(app: AppTest) -> None:
    opened(app)
    assert app.title[0].value == "Browse galaxies"
    assert "**9 built-in galaxies.** Press one to see" in texts(app)
    assert len(tiles(app)) == 9
    assert "barred spiral **100023**" in captions(app)
    assert [button.label for button in app.button if "300" in button.label] == [
        "See 300 live from SDSS",
        "300 more galaxies, live from SDSS",
    ]
    assert "Upload a picture" in [link.label for link in app.page_link]
    for words in ("fetch gz2", "fetch kaggle"):  # how to get more
        assert words in texts(app)
    offered = ["Built-in galaxies", "Simulated galaxies", "Live from SDSS (300 galaxies)"]
    assert app.selectbox(key="source_choice").options == offered


def test_a_filter_is_added_as_a_chip_that_removes_it(app: AppTest, sample: Catalogue) -> None:
    opened(app)
    app.selectbox(key="new_answer").set_value("Class1.1")
    app.slider(key="new_bounds").set_value((50, 100))
    press(app, "Add filter")
    expected = sample.table.index[sample.table["Class1.1"] >= 0.5].tolist()
    assert 0 < len(expected) < 9
    assert tiles(app) == expected
    assert chips(app) == ["smooth ≥ 50 %"]
    assert url_values(app, "filter") == ["t01_smooth~50-100s"]
    app.button(key="chip_0").click()
    run(app)
    assert len(tiles(app)) == 9
    assert chips(app) == []
    assert "filter" not in app.query_params


def test_several_filters_hold_together_whatever_measure_they_have(app: AppTest, sample: Catalogue) -> None:
    opened(app, filter=["t01_features-or-disk~40-100s", "t04_yes~30-100f", "t11_2~0-90s"], asked="20")
    fractions = sample.volunteer_fractions
    shares = shares_from_fractions(fractions)
    of = {column: number for number, column in enumerate(COLUMNS)}
    with np.errstate(invalid="ignore"):
        kept = (shares[:, of["Class1.2"]] >= 0.4) & (fractions[:, of["Class4.1"]] >= 0.3)
        kept &= (shares[:, of["Class11.2"]] <= 0.9) & (fractions[:, of["Class4.1"]] >= 0.2)
    assert 0 < kept.sum() < 9
    assert tiles(app) == [sample.ids[row] for row in np.flatnonzero(kept)]
    assert chips(app) == [
        "features or disk ≥ 40 %",
        "spiral arms ≥ 30 % of all votes",
        "two arms ≤ 90 %",
        "asked of ≥ 20 %",
    ]
    assert "Hidden: 3 galaxies without votes." in texts(app)
    assert "at least 20 % of volunteers were asked" in texts(app)


def test_a_filter_and_a_new_order_go_back_to_page_1(app: AppTest, survey: Catalogue) -> None:
    opened(app, page="3")
    assert tiles(app) == survey.ids[48:]
    app.selectbox(key="sort_by").set_value("Class4.1")
    run(app)
    assert "page" not in app.query_params
    assert len(tiles(app)) == 24
    opened(app, page="2")
    app.pills(key="ready_made").set_value("Mergers")
    run(app)
    assert "page" not in app.query_params


def test_the_next_page_starts_after_the_last_galaxy_of_the_one_before(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    assert tiles(app) == survey.ids[:24]
    app.get("pagination")[0].set_value(2)
    run(app)
    assert tiles(app) == survey.ids[24:48]
    assert url_values(app, "page") == ["2"]


def test_a_search_gives_ids_in_full_first(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    app.text_input(key="search").set_value("  g40,\tg1  nowhere ")
    run(app)
    assert tiles(app) == ["g40", *(f"g{number}" for number in range(10, 20))]
    assert "No galaxy id contains “nowhere”." in texts(app)
    assert url_values(app, "search") == ["g40,\tg1  nowhere"]


def test_a_preset_is_one_click_and_a_second_removes_it(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    app.pills(key="ready_made").set_value("Edge-on disks")
    run(app)
    assert chips(app) == ["edge-on ≥ 80 %"]
    assert url_values(app, "sort") == ["t02_yes"]
    assert "chose “edge-on”" in texts(app)
    app.pills(key="ready_made").set_value(None)
    run(app)
    assert chips(app) == []


def test_only_presets_that_match_galaxies_are_offered(
    app: AppTest, sample: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(app)
    assert app.pills(key="ready_made").options == ["Edge-on disks", "Barred spirals", "Mergers"]
    opened(app, filter="t08_ring~50-100s", sort="t08_ring")  # a link from a larger catalogue
    assert "**No matches.**" in texts(app)
    folder = tmp_path / "smooth"
    folder.mkdir()
    fractions = pd.DataFrame(0.0, pd.Index(["round"], name="GalaxyID"), list(COLUMNS))
    fractions[["Class1.1", "Class6.2", "Class7.1"]] = 1.0
    fractions.to_csv(folder / "scores.csv")
    (folder / "round.jpg").write_bytes(sample.picture_bytes(sample.ids[0]))
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(folder))
    assert opened(new_app()).pills(key="ready_made").options == ["The roundest"]


def test_the_oddest_are_a_selection_and_their_captions_tell_them_apart(tmp_path: Path) -> None:
    odd = (0.95, 0.85, 0.8, 0.79, 0.5)
    fractions = pd.DataFrame(0.0, pd.Index([f"odd{100 * share:.0f}" for share in odd], name="GalaxyID"), list(COLUMNS))
    fractions["Class1.1"], fractions["Class6.1"], fractions["Class6.2"] = 1.0, odd, [1 - share for share in odd]
    fractions.loc["odd95", ["Class1.1", "Class1.3"]] = 0.7, 0.3  # an artifact
    galaxies = Catalogue("odd", fractions.astype("float32").assign(picture="one.jpg"), tmp_path)
    (preset,) = [preset for preset in presets() if preset.name == "The oddest"]
    matches = match_galaxies(galaxies, preset.query)
    assert galaxies.table.index[matches.rows].tolist() == ["odd85", "odd80"]
    captions = [[write(row) for write in values_of(galaxies, preset.query, matches)] for row in matches.rows]
    assert captions == [["something odd 85\u00a0%"], ["something odd 80\u00a0%"]]


def test_a_shared_url_gives_the_same_galaxies(app: AppTest, survey: Catalogue) -> None:
    params = {"filter": ["t01_smooth~0-90s", "t06_yes~0-90f"], "sort": "t04_yes", "page": "2"}
    opened(app, **params)
    first, words = tiles(app), chips(app)
    other = opened(new_app(), **params)
    assert (tiles(other), chips(other)) == (first, words)
    assert len(first) > 0
    assert len(words) == 2


def test_malformed_url_parameters_are_reported_and_the_others_hold(app: AppTest, survey: Catalogue) -> None:
    opened(app, source="nowhere", filter=["t04_yes~9-1s", "t01_smooth~0-100f"], sort="beauty", page="99")
    (warning,) = app.warning
    messages = warning.value.split("  \n")
    parts = ("no source “nowhere”", "`filter=t04_yes~9-1s` is ignored", "`sort=beauty` is ignored", "no page 99")
    assert all(part in message for part, message in zip(parts, messages, strict=True))
    assert chips(app) == ["smooth: votes known"]
    assert tiles(app) == survey.ids[48:]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("filer", "t04_yes~60-100s"), ("filter", "t04_yse~60-100s"), ("sort", "t01_smoth"), ("votes", "debased")),
        *(("source", "smple"), ("zzz", "1")),
    ],
)
def test_a_misspelt_url_parameter_is_reported_once(app: AppTest, name: str, value: str) -> None:
    opened(app, **{name: value})
    (warning,) = app.warning
    assert (value if name == "source" else name) in warning.value
    assert name in app.query_params  # the URL is not rewritten: that would be a step of the Back button
    run(app)
    assert not app.warning


@pytest.mark.parametrize("name", ["utm_source", "fbclid", "embed", "embed_options"])
def test_parameters_that_others_append_to_a_link_are_skipped(app: AppTest, name: str) -> None:
    opened(app, **{name: "1"})
    assert not app.warning


def test_ways_to_more_galaxies_begin_with_what_is_open(app: AppTest) -> None:
    opened(app)
    assert "The app has 9 galaxies built in" in texts(app)


def test_ways_to_more_galaxies_describe_the_open_catalogue(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    assert not [link for link in app.page_link if "Upload" in link.label]
    assert "The open catalogue, survey, has 60 galaxies, all of them with votes." in texts(app)
    assert "built in" not in texts(app)


def test_without_matches_the_filter_that_excludes_all_can_be_removed(app: AppTest) -> None:
    opened(
        app, filter=["t01_smooth~0-100f", "t04_yes~99-100s", "t07_completely-round~99-100s"], asked="0", search="1000"
    )
    assert "**No matches.**" in texts(app)
    assert "No single filter" in texts(app)
    app.button(key="start_again").click()
    run(app)
    assert len(tiles(app)) == 9
    opened(app, filter="t01_smooth~0-100f", search="no such id")
    assert app.button(key="relax_0").label == r"id\: no such id → 6 galaxies"
    app.button(key="relax_0").click()
    run(app)
    assert len(tiles(app)) == 6
    assert "search" not in app.query_params
    opened(app, filter=["t11_1~0-50s", "t10_tight~0-100s"], asked="100")
    assert app.button(key="relax_0").label.startswith("asked of ≥ 100\u00a0% → ")
    app.button(key="relax_0").click()
    run(app)
    assert tiles(app)


def test_galaxies_without_votes_or_predictions_are_offered_predictions(
    app: AppTest, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    opened(app)
    assert "Predict 4 galaxies (about 4 seconds, once)" in [button.label for button in app.button]
    assert app.selectbox(key="answers_of").options == ["Answers of: accurate", "Answers of: quick"]
    assert app.selectbox(key="sort_by").options == [
        "galaxy id",
        "random",
        "network vs network",
        "difference from the training pictures",
    ]
    assert len(app.pills) == 0
    assert tiles(app) == ["0012", "587726016142835881", "NA", "a b.c"]


def test_an_unreadable_picture_affects_only_its_tile(
    app: AppTest, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (picture_folder / "NA.png").write_bytes(b"no picture")
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    opened(app)
    assert len(tiles(app)) == 4
    assert "no picture" in texts(app)
    assert app.text[0].value.startswith("NA: ")


def test_a_file_name_is_not_read_as_markdown(app: AppTest, tmp_path: Path, picture_folder, monkeypatch) -> None:
    (picture_folder / "0012.png").rename(picture_folder / "*a*_[b]$:red[c].png")
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    opened(app)
    assert r"\*a\*\_\[b\]\$\:red\[c\]" in [link.label for link in app.page_link]


def test_the_menu_leads_back_to_the_last_query(app: AppTest, survey: Catalogue) -> None:
    opened(app, filter="t01_smooth~0-90s", page="2")
    before = tiles(app)
    go_to(app, "about")
    go_to(app, "browse")
    assert tiles(app) == before
    assert url_values(app, "filter") == ["t01_smooth~0-90s"]


def test_the_galaxy_page_walks_through_the_selection(app: AppTest, survey: Catalogue) -> None:
    opened(app, sort="random", seed="3")
    first, second, *_ = tiles(app)
    selection = app.session_state["SharedState"].selection
    assert selection.rows.nbytes <= 8 * len(survey)
    assert selection.neighbours(survey, first) == (None, second, 1)


def test_a_folder_in_the_environment_is_a_source(
    app: AppTest, kaggle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(kaggle_folder))
    opened(app)
    assert app.selectbox(key="source_choice").value == kaggle_folder.name
    assert "**17 galaxies.**" in texts(app)


def test_a_url_that_back_has_emptied_stays_empty(app: AppTest, survey: Catalogue) -> None:
    opened(app, filter=["t01_smooth~50-100s"])
    app.query_params.clear()
    run(app)
    assert not chips(app)
    assert "filter" not in app.query_params
