"""The search field of Browse in `AppTest`: sentences, ids, messages."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from app_page import go_to, new_app, opened, run, texts, url_values
from browse_page import captions, chips, tiles
from kept_predictions import keep_predictions
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.query.matching import match_galaxies
from galaxy_explorer.app.query.query import AT_RANDOM, BY_MATCH, BrowseQuery, query_from_url, range_in_words
from galaxy_explorer.app.query.sentence_search import EXAMPLES, query_of
from galaxy_explorer.catalogue import Catalogue, Measure, VoteRange
from galaxy_explorer.decision_tree import COLUMNS, INDEX, shares_from_fractions
from galaxy_explorer.decision_tree.sentence import parse_sentence


def search(app: AppTest, text: str) -> None:
    """Type a text into the search field."""
    app.text_input(key="search").set_value(text)
    run(app)


def field(app: AppTest) -> str:
    """The text in the search field."""
    return app.text_input(key="search").value


def test_a_sentence_becomes_chips_and_its_text_stays_until_one_is_removed(app: AppTest, sample: Catalogue) -> None:
    opened(app)
    search(app, " barred spirals ")
    assert chips(app) == ["bar ≥ 50 %", "spiral arms ≥ 50 %"]
    assert url_values(app, "filter") == ["t03_yes~50-100s", "t04_yes~50-100s"]
    assert url_values(app, "sort") == ["match"]
    shares = shares_from_fractions(sample.volunteer_fractions)
    asked = sample.volunteer_fractions[:, INDEX["Class2.2"]] >= 0.3
    with np.errstate(invalid="ignore"):
        matching = asked & (shares[:, INDEX["Class3.1"]] >= 0.5) & (shares[:, INDEX["Class4.1"]] >= 0.5)
    assert 0 < matching.sum() < 9
    assert sorted(tiles(app)) == sorted(sample.ids[row] for row in np.flatnonzero(matching))
    assert field(app) == "barred spirals"
    go_to(app, "about")
    go_to(app, "browse")
    assert field(app) == "barred spirals"
    app.button(key="chip_0").click()
    run(app)
    assert chips(app) == ["spiral arms ≥ 50 %"]
    assert field(app) == ""


def test_a_new_sentence_replaces_the_one_before_and_an_empty_one_removes_it(app: AppTest) -> None:
    opened(app, ood="0-1")
    search(app, "smooth")
    search(app, "edge-on, asked of at least 20 %")
    assert chips(app) == ["edge-on ≥ 50 %", "asked of ≥ 20 %", "similar to the training pictures"]
    search(app, "")
    assert chips(app) == ["similar to the training pictures"]
    assert "sort" not in app.query_params


def test_an_example_is_one_press(app: AppTest) -> None:
    opened(app)
    assert [button.label for button in app.button if (button.key or "").startswith("example_")] == list(EXAMPLES)
    app.button(key="example_1").click()
    run(app)
    assert chips(app) == ["edge-on ≥ 50 %", "dust lane ≥ 50 %"]
    assert field(app) == EXAMPLES[1]
    assert "example_1" not in {button.key for button in app.button}


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_understood(example: str) -> None:
    parsed = parse_sentence(example)
    assert len(parsed.conditions) > 1
    assert parsed.unknown == ()


def test_unknown_words_are_named_and_a_similar_one_is_searched_for_at_a_press(app: AppTest) -> None:
    opened(app)
    search(app, "barrd spirals")
    assert chips(app) == ["spiral arms ≥ 50 %"]
    assert "“barrd” (did you mean “barred”?) is left out" in texts(app).replace("\\", "")
    app.button(key="corrected").click()
    run(app)
    assert chips(app) == ["bar ≥ 50 %", "spiral arms ≥ 50 %"]
    assert field(app) == "barred spirals"
    assert "left out" not in texts(app)


def test_a_text_that_is_not_understood_changes_nothing(app: AppTest) -> None:
    opened(app, filter="t01_smooth~50-100s")
    before = tiles(app)
    search(app, "jellyfish")
    assert (tiles(app), chips(app)) == (before, ["smooth ≥ 50 %"])
    (warning,) = app.warning
    assert "No galaxy id contains “jellyfish”" in warning.value.replace("\\", "")
    assert "“jellyfish” is left out" in warning.value.replace("\\", "")
    search(app, "x" * 500)
    assert "The text has 500 characters" in app.warning[0].value.replace("\\", "")


def test_ids_are_found_first(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    search(app, "smooth")
    search(app, "g07")
    assert (tiles(app), chips(app), field(app)) == (["g07"], ["id: g07"], "g07")
    search(app, "spirals with 2 arms")  # though ids contain a 2
    assert chips(app) == ["spiral arms ≥ 50 %", "two arms ≥ 50 %"]


def test_several_answers_are_one_filter_and_its_url_holds_them(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    search(app, "two or three arms")
    assert chips(app) == ["two arms or three arms ≥ 50 %"]
    assert url_values(app, "filter") == ["t11_2.t11_3~50-100s"]
    found = tiles(app)
    assert found
    assert "two arms or three arms" in captions(app)[0]
    assert tiles(opened(new_app(), filter="t11_2.t11_3~50-100s", sort="match")) == found


def test_a_sentence_uses_the_answers_of_a_network(app: AppTest, sample: Catalogue, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"weights")
    keep_predictions(sample, sample.ids[:5], 0.5, "one-a", weights)  # half for each answer of a question of two
    opened(app, answers="one")
    search(app, "odd")
    assert sorted(tiles(app)) == sorted(sample.ids[:4])
    assert url_values(app, "answers") == ["one"]


def test_the_clearest_galaxies_come_first(tmp_path: Path) -> None:
    fractions = pd.DataFrame(0.0, pd.Index(["few", "most", "half"], name="GalaxyID"), list(COLUMNS))
    fractions["Class1.2"] = fractions["Class2.2"] = [0.4, 1.0, 0.9]  # few volunteers were asked, and all saw a bar
    fractions["Class3.1"], fractions["Class3.2"] = [0.4, 0.9, 0.5], [0.0, 0.1, 0.4]
    galaxies = Catalogue("bars", fractions.astype("float32").assign(picture="one.jpg"), tmp_path)
    for text in ("bar", "no bar ≤ 50 %"):
        rows = match_galaxies(galaxies, query_of(parse_sentence(text), BrowseQuery())).rows
        assert galaxies.table.index[rows].tolist() == ["most", "half", "few"]
    rows = match_galaxies(galaxies, query_of(parse_sentence("bar or no bar"), BrowseQuery())).rows
    assert galaxies.table.index[rows].tolist() == ["most", "half", "few"]  # by the votes that reach the question


def test_an_order_of_ones_own_stays() -> None:
    parsed = parse_sentence("smooth")
    assert query_of(parsed, BrowseQuery(sort="Class4.1")).sort == BY_MATCH
    assert query_of(parsed, BrowseQuery(sort=AT_RANDOM)).sort == AT_RANDOM


def test_chips_read_as_a_sentence_are_the_same_query() -> None:
    ranges = (
        VoteRange("Class5.1", 0.2, 0.2),
        VoteRange("Class11.3", 0.5, 1.0, Measure.SHARE, ("Class11.4", "Class11.5")),
        VoteRange("Class3.1", 0.5, 1.0, Measure.LOWER),
        VoteRange("Class8.7", 0.0, 0.125, Measure.FRACTION),
        VoteRange("Class10.1"),
    )
    query = BrowseQuery(ranges=ranges, min_asked=45)
    words = ", ".join([*map(range_in_words, ranges), query.min_asked_in_words])
    assert query_of(parse_sentence(words), BrowseQuery()).url_params() == query.url_params() | {"sort": "match"}


@pytest.mark.parametrize("text", ["t11_2.t11_2~0-50s", "t11_2.t01_smooth~0-50s", "t11_2.~0-50s", "t11_2.t11_3~0-50l"])
def test_a_malformed_filter_over_several_answers_is_ignored(text: str) -> None:
    query, messages = query_from_url({"filter": [text]})
    assert query.ranges == ()
    assert len(messages) == 1
