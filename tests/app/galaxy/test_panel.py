"""The panel on the galaxy page in `AppTest`: sentences, examples, saliency, the crop."""

import re
from pathlib import Path

import numpy as np
import pytest
from app_page import press, run, sentences, texts
from galaxy_page import opened
from PIL import Image
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.panel.examples import find_examples
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction
from galaxy_explorer.catalogue import SAMPLE, SIMULATED, Catalogue
from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    COLUMNS,
    INDEX,
    columns_of,
    in_words,
    label_of,
    shares_from_fractions,
    short_description,
)
from galaxy_explorer.evaluation.metrics import largest_differences
from galaxy_explorer.flow_chart import percent


def examples(app: AppTest) -> list[str]:
    """The ids of the example galaxies, which are the page's only links that are named by digits after a share."""
    ids = [link.label.split()[-1].strip("*").replace("\\", "") for link in app.page_link if "\u00a0%" in link.label]
    return [galaxy_id for galaxy_id in ids if galaxy_id.removeprefix("simulated-").isdigit()]


def test_the_biggest_disagreement_is_one_line_and_leads_to_its_answer(app: AppTest, sample: Catalogue) -> None:
    opened(app, source="sample", galaxy="100023")
    voted = sample.table.loc["100023", list(COLUMNS)].to_numpy(dtype=float)
    predicted = app.dataframe[0].value["network_fraction"].to_numpy()
    (worst,) = largest_differences(predicted, voted, 1)
    button = app.button(key="biggest_disagreement")
    volunteers, network = (percent(shares_from_fractions(values)[INDEX[worst]]) for values in (voted, predicted))
    assert button.label == f"Biggest disagreement: {label_of(worst)} (volunteers {volunteers}, network {network})"
    volunteers, network = (f"{100 * values[INDEX[worst]]:.0f}\u00a0%" for values in (voted, predicted))
    assert f"Vote fractions: volunteers {volunteers}, network {network} (68 %" in button.help
    assert re.search(r"interval: \d+\u00a0to\u00a0\d+\u00a0%", button.help)
    button.click()
    app.run()
    assert app.selectbox(key="answer").value == worst


@pytest.mark.parametrize(
    ("galaxy", "network", "headings"),
    [
        ("100023", "densenet", ["Network", "Volunteers"]),
        ("587737825678131439", "fcn", ["Network and volunteers agree"]),
        ("784597", "fcn", ["Network"]),
    ],
    ids=["differ", "agree", "no votes"],
)
def test_network_and_volunteers_have_a_sentence_each_or_one(
    app: AppTest, sample: Catalogue, galaxy: str, network: str, headings: list[str]
) -> None:
    opened(app, source="sample", galaxy=galaxy, network=network)
    html = sentences(app)
    votes = sample.table.loc[galaxy, list(COLUMNS)].to_numpy(dtype=float)
    known = [votes] if np.isfinite(votes).any() else []
    predicted = app.dataframe[0].value["network_fraction"].to_numpy()
    assert re.findall('class="who">([^<]+)<', html) == headings
    described = list(dict.fromkeys(map(short_description, [predicted, *known])))
    assert re.findall('class="what"[^>]*>([^<]+)<', html) == described
    assert all(len(sentence.split()) <= 15 for sentence in described)
    for fractions in [predicted, *known]:  # their shares come out under a pointer or the keyboard's focus
        assert in_words(fractions) in html
    assert html.count('tabindex="0" aria-describedby="shares-') == len(headings)


def test_nothing_of_saliency_is_computed_or_offered_while_the_map_is_off(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed, saliency = [], GalaxyPrediction.saliency
    monkeypatch.setattr(GalaxyPrediction, "saliency", lambda *args: computed.append(args[1]) or saliency(*args))
    opened(app, source="sample", galaxy="100023", answer="Class3.1")
    assert not app.toggle(key="map").value
    assert not computed
    assert not app.slider
    app.toggle(key="map").set_value(True)
    run(app)
    assert computed == ["Class3.1"]
    assert app.slider(key="opacity").label == "Opacity"
    assert "Bright areas speak for “bar”. Only the framed square is used." in texts(app)


def test_an_answer_shows_galaxies_with_a_clear_majority(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008", answer="Class2.2")
    expected = [galaxy for galaxy in find_examples(SAMPLE, "Class2.2", 7) if galaxy != "100008"][:6]
    assert expected
    assert examples(app) == expected


def test_an_answer_without_examples_shows_simulated_galaxies(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008", answer="Class8.2")
    assert examples(app) == list(find_examples(SIMULATED, "Class8.2", 3))
    assert sum("simulated</span>" in html.proto.body for html in app.get("html")) >= 3
    assert ANSWER_OF["Class8.2"].meaning in texts(app)
    assert "No other galaxy here has a clear majority for this answer" in texts(app)


def test_a_simulated_galaxy_is_never_taken_for_a_real_one(app: AppTest) -> None:
    opened(app, source=SIMULATED, galaxy="simulated-007", answer="Class1.1")
    assert app.title[0].value == "Simulated galaxy 007"
    words = texts(app)
    assert "This galaxy does not exist" in words
    assert "simulated volunteers" in words.lower()
    assert "volunteers of Galaxy Zoo" not in words
    links = [link for link in app.page_link if "galaxy=simulated-" in str(link.proto)]
    assert links
    assert sum("simulated</span>" in html.proto.body for html in app.get("html")) >= len(examples(app)) > 0


def test_the_answers_of_a_question_can_be_compared(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", answer="Class5.3")
    app.toggle(key="map").set_value(True)
    run(app)
    assert not [button for button in app.button if button.key and button.key.startswith("choose_")]
    app.toggle(key="side_by_side").set_value(True)
    run(app)
    shown = [button.key for button in app.button if button.key and button.key.startswith("choose_")]
    assert shown == [f"choose_{column}" for column in columns_of(5)]
    assert "The shares are the accurate network's." in texts(app)
    app.toggle(key="common_scale").set_value(True)
    app.button(key="choose_Class5.1").click()
    app.run()
    assert app.selectbox(key="answer").value == "Class5.1"


def test_a_method_that_does_not_depend_on_the_answer_names_none(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", answer="Class5.3")
    app.toggle(key="map").set_value(True)
    run(app)
    assert "Bright areas speak for “" in texts(app)
    app.toggle(key="side_by_side").set_value(True)
    app.selectbox(key="method").set_value("Eigen-CAM").run()
    assert not app.exception
    assert "the same for every answer" in texts(app)
    assert "speak for" not in texts(app)
    switch = app.toggle(key="map")
    assert switch.value  # although its help, which is about the method, has changed
    assert "the brightest spot of Eigen-CAM was on the right part" in switch.help
    assert not [toggle for toggle in app.toggle if toggle.key == "common_scale"]  # its maxima mean nothing


def test_votes_on_odd_things_are_not_called_votes_of_all(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", answer="Class6.2")
    for answer, words in (("Class6.2", "as if all had been asked: "), ("Class8.1", "as if all had been asked: ")):
        app.selectbox(key="answer").set_value(answer)
        assert words in texts(run(app))
    app.selectbox(key="answer").set_value("Class1.1")
    assert "as if all" not in texts(run(app))


def test_a_galaxy_small_in_a_plain_folder_s_picture_is_found_and_one_press_undoes_it(
    app: AppTest, sample: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = Image.fromarray(sample.picture("100008")).resize((120, 120), Image.Resampling.LANCZOS)
    frame = Image.new("RGB", (480, 480), wide.getpixel((2, 2)))
    frame.paste(wide, (190, 150))
    frame.save(tmp_path / "wide.png")
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(tmp_path))
    opened(app, source=tmp_path.name, galaxy="wide")
    assert "Cropped to" in texts(app)
    cropped = app.dataframe[-1].value["network_fraction"].to_numpy()
    press(app, "Use the whole picture")
    assert "The whole picture is used" in texts(app)
    assert abs(app.dataframe[-1].value["network_fraction"].to_numpy() - cropped).max() > 1e-3
    press(app, "Use the suggested crop")
    assert np.array_equal(app.dataframe[-1].value["network_fraction"].to_numpy(), cropped)
