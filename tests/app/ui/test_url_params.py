"""What a page's address says and what the page shows: they agree, whatever is in it and however one came."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import parse_qs

import numpy as np
import pytest
from browse_page import fresh_app, opened, run, sixty_galaxies
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.panel import shown_galaxy
from galaxy_explorer.app.services import sources
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES
from galaxy_explorer.images import ImageError

app = pytest.fixture(fresh_app)
survey = pytest.fixture(sixty_galaxies)
BROWSE, GALAXY = "galaxy_explorer/app/browse/page.py", "galaxy_explorer/app/galaxy/page.py"
FOREIGN = "![x](https://example.org/x.png)"


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Galaxy pages without the panel, whose network and saliency take long."""
    monkeypatch.setattr(shown_galaxy, "galaxy_of", Mock(side_effect=ImageError("left out")))


@pytest.fixture
def two_kinds(sample: Catalogue, monkeypatch: pytest.MonkeyPatch, no_pictures: None) -> None:
    """The sample, as if its galaxies came with two kinds of votes."""
    kept = {kind: replace(sample, vote_kind=kind) for kind in ("debiased", "weighted")}
    monkeypatch.setattr(sources, "_open_stored", lambda _where, kind: kept[kind])


def turned_to(app: AppTest, page: str, **address: str) -> AppTest:
    """Go to a page by a link, or by the menu where there is no address."""
    app.query_params.clear()
    app.switch_page(page)
    return opened(app, **address)


def votes_shown(app: AppTest) -> str:
    """The kind of votes that Browse shows."""
    return app.segmented_control(key="choose_votes").value


def links(app: AppTest, label: str) -> list[dict[str, list[str]]]:
    """The addresses of the links whose label begins so."""
    return [parse_qs(link.proto.query_string) for link in app.page_link if link.label.startswith(label)]


def test_browse_goes_back_to_the_usual_votes_with_the_back_button(app: AppTest, two_kinds: None) -> None:
    opened(app)
    app.segmented_control(key="choose_votes").set_value("weighted")
    run(app)
    assert app.query_params["votes"] in ("weighted", ["weighted"])
    assert links(app, "100008") == [{"source": ["sample"], "galaxy": ["100008"], "votes": ["weighted"]}]
    app.query_params.clear()  # Back
    run(app)
    assert votes_shown(app) == "debiased"
    assert links(app, "100008") == [{"source": ["sample"], "galaxy": ["100008"]}]


def test_the_votes_that_were_chosen_go_along_to_other_pages_and_back(app: AppTest, two_kinds: None) -> None:
    opened(app, votes="weighted")
    turned_to(app, GALAXY)  # by the menu
    assert any("weighted ones" in caption.value for caption in app.caption)
    next(button for button in app.button if button.label == "Next").click()
    run(app)
    assert any("weighted ones" in caption.value for caption in app.caption)
    assert links(app, "Gallery")[0]["votes"] == ["weighted"]
    turned_to(app, BROWSE)
    assert votes_shown(app) == "weighted"
    turned_to(app, GALAXY, source="sample", galaxy="100008")  # a link without a word on votes
    assert any("debiased ones" in caption.value for caption in app.caption)
    assert "votes" not in links(app, "Gallery")[0]


def test_the_gallery_of_another_source_starts_afresh(app: AppTest, survey: Catalogue, no_pictures: None) -> None:
    opened(app, source="sample", filter="t01_smooth~0-100f")
    turned_to(app, GALAXY, source="survey", galaxy="g03")
    assert links(app, "Gallery") == [{"source": ["survey"]}]
    turned_to(app, GALAXY, source="sample", galaxy="100008")
    assert links(app, "Gallery") == [{"source": ["sample"], "filter": ["t01_smooth~0-100f"]}]


@pytest.mark.parametrize("address", [{"galaxy": FOREIGN}, {"source": FOREIGN, "galaxy": "1"}])
def test_an_address_puts_no_picture_of_others_on_a_galaxys_page(app: AppTest, address: dict[str, str]) -> None:
    app.run()  # AppTest knows the pages' addresses from the first run on
    turned_to(app, GALAXY, **{"source": "sample", **address})
    assert r"\!\[x\]\(https\:" in app.error[0].value


def test_an_address_puts_no_picture_of_others_on_browse(app: AppTest) -> None:
    opened(app, source=FOREIGN)
    assert r"\!\[x\]\(https\:" in app.warning[0].value


def test_a_galaxys_id_is_no_markdown(app: AppTest, draw_galaxy, tmp_path: Path, monkeypatch, no_pictures) -> None:
    from galaxy_explorer.images import to_png

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "*a*[b](c).png").write_bytes(to_png(draw_galaxy(0)))
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(tmp_path / "mine"))
    app.run()
    turned_to(app, GALAXY, source="mine", galaxy="*a*[b](c)")
    written = r"\*a\*\[b\]\(c\)"
    assert app.title[0].value == f"Galaxy {written}"
    assert f"The picture of galaxy {written} cannot be read" in app.error[0].value


def answer_of(votes: list, predicted: list, column: str) -> None:
    """The page of one answer and one disagreement."""
    import numpy as np
    import streamlit as st

    from galaxy_explorer.app.panel import panel, selected_answer
    from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
    from galaxy_explorer.app.services import result_cache

    st.session_state[selected_answer.CHOSEN] = column
    galaxy = ShownGalaxy("a", np.zeros((4, 4, 3), np.uint8), 1.0, np.array(votes), result_cache.Memo(1), ("a",))
    fractions, spread = np.array(predicted), np.zeros(len(predicted))
    panel._show_answer(galaxy, "fcn", fractions, spread)
    panel._show_words(galaxy, "fcn", fractions, spread)


@pytest.mark.parametrize("asked", [True, False])
def test_volunteers_who_were_not_asked_gave_no_0_percent(asked: bool) -> None:
    votes, predicted = np.zeros(len(COLUMNS)), np.zeros(len(COLUMNS))
    votes[INDEX["Class1.1"]] = 1.0
    votes[SLICES[7]] = (0.0, 0.4, 0.6) if asked else 0.0
    predicted[INDEX["Class1.1"]] = predicted[INDEX["Class7.1"]] = 1.0
    page = AppTest.from_function(answer_of, args=(votes.tolist(), predicted.tolist(), "Class7.1")).run()
    assert not page.exception
    said = "volunteers 0\u00a0%" if asked else "volunteers not asked"
    assert page.caption[0].value.endswith(f"Of all votes: fcn 100\u00a0±\u00a00\u00a0%, {said}.")
    assert said in page.button(key="difference_Class7.1").label


@pytest.mark.parametrize("column", ["Class6.2", "Class8.1"])
def test_votes_on_odd_things_are_not_said_to_be_of_all(column: str) -> None:
    votes = np.zeros(len(COLUMNS))
    votes[INDEX["Class1.1"]] = votes[INDEX["Class6.2"]] = 1.0
    page = AppTest.from_function(answer_of, args=(votes.tolist(), votes.tolist(), column)).run()
    assert not page.exception
    assert "Of the votes, as if all had been asked: fcn" in page.caption[0].value
