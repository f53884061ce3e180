"""Vote and Your votes in `AppTest`: which galaxies are asked about, the comparison, and the agreement."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from app_page import go_to, opened, press, run, said, texts
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app import paths
from galaxy_explorer.app.asking import prediction
from galaxy_explorer.app.services.own_votes import session
from galaxy_explorer.app.vote import queue
from galaxy_explorer.app.vote.result import table_html, verdict
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, shares_from_fractions

SMOOTH = ("answer_0", "answer_1", "answer_1")


@pytest.fixture(autouse=True)
def predicted(sample: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that predicts what the volunteers of 100053 saw."""
    future: Future[Any] = Future()
    future.set_result(sample.table.loc["100053", list(COLUMNS)].to_numpy(dtype=float))
    monkeypatch.setattr(prediction, "_start", lambda galaxy: future)
    prediction._predictions.clear()


def vote(app: AppTest, keys: tuple[str, ...] = SMOOTH) -> AppTest:
    """Answer all questions and submit the answers."""
    for key in keys:
        app.button(key=key).click()
        run(app)
    press(app, "Submit")
    return app


def html(app: AppTest) -> str:
    """The HTML of a page without its styles."""
    return " ".join(each.value for each in app.html if "<style>" not in each.value).replace("\u00a0", " ")


def test_a_vote_is_compared_with_volunteers_and_network_on_the_flow_chart(app: AppTest) -> None:
    opened(app, "vote", source="sample", galaxy="100053")
    assert "%" not in html(app)
    vote(app)
    shown = html(app)
    assert "Most volunteers say the same on all questions." in shown
    assert shown.count('<th scope="row">') == 3
    (chart,) = app.get("plotly_chart")
    assert all(f"ring {column}" in chart.proto.spec for column in ("Class1.1", "Class7.2", "Class6.2"))
    assert "9 to go" in said(app)


def test_the_next_galaxy_is_one_without_a_vote(app: AppTest, sample: Catalogue) -> None:
    opened(app, "vote", source="sample")
    assert f"1 of {len(sample)}" in html(app)
    vote(app, ("answer_2",))
    press(app, "Next galaxy")
    assert f"2 of {len(sample)}" in html(app)
    press(app, "Skip this galaxy")
    vote(app, ("answer_2",))
    go_to(app, "about")
    go_to(app, "vote")
    assert f"3 of {len(sample)}" in html(app)


def test_a_page_that_the_browser_sends_its_votes_to_asks_about_another_galaxy(app: AppTest, sample: Catalogue) -> None:
    opened(app, "vote", source="sample")
    first = app.session_state["VoteState"].galaxy
    app.session_state["VotesState"].kept[first] = (("Class1.3",), "2026-01-01T00:00:00.000Z")  # of an earlier session
    run(app)
    assert app.session_state["VoteState"].galaxy != first
    assert f"2 of {len(sample)}" in html(app)


def test_a_vote_is_final(app: AppTest) -> None:
    opened(app, "vote", source="sample", galaxy="100053")
    vote(app)
    go_to(app, "vote", source="sample", galaxy="100053")
    assert "Most volunteers say the same on all questions." in html(app)
    assert not [button for button in app.button if button.label == "Submit"]
    press(app, "Next galaxy")
    assert [button.key for button in app.button if button.key == "answer_0"]


def test_votes_on_simulated_galaxies_are_compared_with_simulated_volunteers(app: AppTest) -> None:
    opened(app, "vote", source="simulated")
    vote(app, ("answer_2",))
    shown = html(app)
    assert "simulated volunteers" in shown
    assert '<th scope="col">Simulated volunteers</th>' in shown


def test_a_vote_too_many_is_not_claimed_to_be_kept(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_VOTES", 0)
    opened(app, "vote", source="sample")
    vote(app, ("answer_2",))
    assert "not kept" in said(app)


def test_a_collection_in_the_link_is_voted_on_to_its_end(app: AppTest) -> None:
    opened(app, "vote", source="sample", collection="two:100008,100023,nowhere")
    for place in ("1 of 2", "2 of 2"):
        assert place in html(app)
        vote(app, ("answer_2",))
        press(app, "Next galaxy")
    assert "You have voted on 2 of these 2 galaxies" in texts(app)


def test_the_selection_of_browse_is_voted_on_in_its_order(app: AppTest, survey: Catalogue) -> None:
    opened(app, "browse", sort="random", seed="3")
    (link,) = [link for link in app.page_link if link.label == "Vote on these"]
    assert link.proto.query_string.endswith("of=selection")
    go_to(app, "vote", of="selection")
    assert f"Browse's selection: 1 of {len(survey)}" in html(app).replace("&#x27;", "'")


def test_urls_that_name_nothing_are_messages(app: AppTest) -> None:
    opened(app, "vote", source="sample", collection="rings")
    assert "collection=rings" in said(app)
    opened(app, "vote", source="sample", galaxy="nowhere")
    assert "There is no galaxy “nowhere” here" in said(app)


def test_after_ten_galaxies_the_agreement_is_shown(app: AppTest, survey: Catalogue) -> None:
    opened(app, "vote")
    for number in range(10):
        vote(app)
        if number == 0:
            go_to(app, "agreement")
            assert "9 more galaxies" in said(app)
            go_to(app, "vote")
        else:
            press(app, "Next galaxy")
    go_to(app, "agreement")
    assert "two random volunteers agree" in texts(app)
    assert '<table class="plain agreement">' in html(app)
    press(app, "Delete them")
    assert "**0 galaxies**" in texts(app)


def test_the_verdict_counts_questions_that_volunteers_were_asked(random_fractions: Callable[..., np.ndarray]) -> None:
    shares = np.full(len(COLUMNS), np.nan)
    shares[:3] = (0.2, 0.7, 0.1)
    assert verdict(("Class1.1", "Class7.1"), shares) == (
        "Most volunteers say the same on 0 of the 1 questions that they were asked too."
    )
    assert "not asked" in table_html(("Class7.1",), {"volunteers": shares})
    assert 'class="volunteers"' not in table_html(("Class1.1",), {"network": shares})  # a column has its side's colour
    assert "most: features or disk" in table_html(("Class1.1",), {"volunteers": shares})
    votes = random_fractions(1)[0]
    assert verdict(("Class1.1",), shares_from_fractions(votes)).startswith("Most volunteers say the same on")
    assert "not voted" in verdict(("Class1.1",), None)


def test_pages_lead_to_vote(app: AppTest) -> None:
    opened(app, "galaxy", source="sample", galaxy="100008")
    assert [link.proto.query_string for link in app.page_link if link.label == "Vote"] == [
        "source=sample&galaxy=100008"
    ]
    assert queue.URL_PARAMS[0] == "source"
    assert paths.VOTE.endswith("page.py")


@pytest.mark.parametrize("galaxies", [["100008"], []])
def test_browse_awaits_the_votes_that_its_link_needs(app: AppTest, galaxies: list[str]) -> None:
    opened(app, "browse", source="sample", answers="ours")
    assert "Reading your votes" in html(app)
    votes = app.session_state["VotesState"]
    votes.kept |= {("sample", galaxy): (("Class1.3",), "2026-01-01T00:00:00.000Z") for galaxy in galaxies}
    votes.loaded = True  # the browser has sent them
    run(app)
    assert app.selectbox(key="answers_of").value == ("ours" if galaxies else "volunteers")
    assert ("answers=ours" in said(app)) == (not galaxies)


def test_our_votes_open_in_browse_as_answers(app: AppTest, sample: Catalogue) -> None:
    opened(app, "vote", source="sample", galaxy="100008")
    vote(app, ("answer_2",))
    go_to(app, "browse", source="sample", answers="ours", filter="t01_star-or-artifact~50-100s")
    assert app.selectbox(key="answers_of").value == "ours"
    shown = [link for link in app.page_link if "galaxy=" in link.proto.query_string]
    assert ["100008" in link.proto.query_string for link in shown] == [True]
