"""Start in `AppTest`: the quiz, the comparison, and the ways to other pages."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from app_page import go_to, plain, press, run, said, texts
from browse_page import chips
from local_server import hang_up
from sky_server import SkyServer
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.services import sources
from galaxy_explorer.app.start import question, reveal
from galaxy_explorer.app.start.rounds import SAMPLE_ORDER
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS

WALKS = ("22212", "2112", "122", "22211", "22112", "22212")  # places of the volunteers' answers, by galaxy


@pytest.fixture
def predicted(sample: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Callable[[np.ndarray | Exception | None], None]:
    """A function that sets what the network predicts; at first, what the volunteers of 100053 saw."""
    future: Future[Any] = Future()

    def predict(result: np.ndarray | Exception | None) -> None:
        nonlocal future
        future = Future()
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)

    predict(sample.table.loc["100053", list(COLUMNS)].to_numpy(dtype=float))
    for module in (question, reveal):
        monkeypatch.setattr(module, "predict_soon", lambda galaxy: future)
    return predict


@pytest.fixture
def no_draws() -> Iterator[None]:
    """No live galaxies of other tests."""
    sources._open_live.clear()
    yield
    sources._open_live.clear()


def html(app: AppTest) -> str:
    """The HTML of a page without its styles."""
    return " ".join(each.value for each in app.html if "<style>" not in each.value).replace("\u00a0", " ")


def answer(app: AppTest, places: str) -> AppTest:
    """Press the answers at some places, one question after another."""
    for place in places:
        app.button(key=f"answer_{int(place) - 1}").click()
        run(app)
    return app


def test_the_first_page_is_a_name_a_sentence_a_galaxy_and_a_question(app: AppTest) -> None:
    run(app)
    assert app.title[0].value == "Galaxy Explorer"
    assert "Explore the shapes of real galaxies" in html(app)
    assert "What would you say?" in html(app)
    assert "Galaxy Zoo</a>" in html(app)
    assert "Sloan Digital Sky Survey (SDSS)" in html(app)
    assert len(app.image) == 1
    answers = [button.label for button in app.button if (button.key or "").startswith("answer_")]
    assert answers == ["smooth", "features or disk", "star or artifact"]


def test_answers_are_compared_with_volunteers_and_network(app: AppTest, predicted: object) -> None:
    answer(run(app), WALKS[0])
    shown = html(app)
    assert "You and the volunteers agree: a spiral. The network predicts a smooth galaxy." in shown
    assert "1 of 1 like the volunteers" in shown
    assert shown.count("step differs") == 1  # the network's first answer
    sides = [shown.split(f"<h3>{name}</h3>")[1].split("</ol>")[0] for name in ("You", "Volunteers", "Network")]
    assert [side.count('<li class="step') for side in sides] == [5, 5, 3]
    assert [side.count("step same") for side in sides] == [0, 5, 1]  # the network agrees that nothing is odd
    (link,) = [link for link in app.page_link if link.proto.page == "galaxy"]
    assert parse_qs(link.proto.query_string) == {"source": ["sample"], "galaxy": [SAMPLE_ORDER[0]]}


def test_an_answer_can_be_taken_back(app: AppTest, predicted: object) -> None:
    answer(run(app), "1")
    assert app.button(key="answer_0").label == "completely round"
    press(app, "Back")
    assert app.button(key="answer_0").label == "smooth"


def test_galaxies_follow_until_all_were_shown_and_the_page_keeps_its_place(app: AppTest, predicted: object) -> None:
    run(app)
    for number, places in enumerate(WALKS, 1):
        answer(app, places)
        assert f"{number} of {number} like the volunteers" in html(app)
        if number == 2:
            go_to(app, "about")
            go_to(app, "start")
            assert "2 of 2 like the volunteers" in html(app)
        press(app, "Another one")
    assert "6 of 6 like the volunteers" in html(app)
    press(app, "Start again")
    assert app.button(key="answer_0").label == "smooth"


def test_after_the_sample_come_clear_galaxies_of_the_open_folder(
    app: AppTest, survey: Catalogue, predicted: object
) -> None:
    run(app)
    for places in WALKS:
        press(answer(app, places), "Another one")
    for walk in ("22212", "2112"):  # neither 60 % odd, nor 80 % smooth
        press(answer(app, walk), "Another one")
    assert "of 8 like the volunteers" not in html(app)  # the next one is asked about
    assert app.button(key="answer_0").label == "smooth"


def test_the_network_may_come_later_or_not_at_all(
    app: AppTest, sample: Catalogue, predicted: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    predicted(OSError("weights/densenet.pt is missing"))
    answer(run(app), WALKS[0])
    assert "You and the volunteers agree: a spiral." in html(app)
    assert "The network cannot predict: weights/densenet" in said(app).replace("\\", "")
    predicted(None)
    run(app)
    assert "<h3>Network</h3>" not in html(app)

    late: Future[np.ndarray] = Future()
    monkeypatch.setattr(reveal, "predict_soon", lambda galaxy: late)
    skeletons = []

    def wait(futures: list[Future], timeout: float) -> Any:
        if skeletons:
            late.set_result(sample.table.loc[SAMPLE_ORDER[0], list(COLUMNS)].to_numpy(dtype=float))
        skeletons.append(late.done())
        return type("Waited", (), {"done": futures if late.done() else []})

    monkeypatch.setattr(reveal, "wait", wait)
    run(app)
    assert skeletons == [False, True]
    assert "You, the volunteers and the network agree: a spiral." in html(app)


def test_the_network_predicts_while_the_visitor_answers(app: AppTest) -> None:
    answer(run(app), WALKS[0])  # without a stub: a thread loads the network
    assert "<h3>Network</h3>" in html(app)
    assert "agree: a spiral" in html(app)


def test_live_galaxies_are_one_press_and_nothing_is_sent_before(
    app: AppTest, sky_server: SkyServer, no_draws: None
) -> None:
    run(app)
    assert sky_server.asked == []
    app.button(key="live").click()
    run(app)
    assert app.title[0].value == "Browse galaxies"
    assert app.selectbox(key="source_choice").value == sources.LIVE_SOURCE
    assert sky_server.count("sql") == 1


def test_without_the_service_there_is_a_message_and_another_source(
    app: AppTest, sky_server: SkyServer, no_draws: None
) -> None:
    sky_server.faults["sql"] = hang_up
    run(app)
    app.button(key="live").click()
    run(app)
    assert "SDSS returned no galaxies" in app.error[0].value
    press(app, "Open the built-in galaxies")
    assert app.selectbox(key="source_choice").value == "sample"


def test_a_damaged_folder_ends_the_quiz_instead_of_the_page(
    app: AppTest, tmp_path: Path, predicted: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(tmp_path / "nowhere"))
    run(app)
    for places in WALKS:
        press(answer(app, places), "Another one")
    assert "These were all the galaxies here." in html(app)


def test_a_sentence_on_start_is_answered_by_browse(app: AppTest) -> None:
    run(app)
    app.text_input(key="start_search").set_value("spirals, face-on and wibbly")
    run(app)
    assert app.title[0].value == "Browse galaxies"
    assert chips(app) == ["spiral arms ≥ 50 %", "not edge-on ≥ 80 %"]
    assert "“wibbly” is left out" in plain(texts(app))
    assert app.text_input(key="search").value == "spirals, face-on and wibbly"
