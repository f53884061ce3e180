"""Tests of `galaxy_explorer.training.model_card.calibration_plot`."""

import xml.etree.ElementTree as ET

from galaxy_explorer.decision_tree import QUESTIONS
from galaxy_explorer.flow_chart.palette import LIGHT
from galaxy_explorer.models.checkpoints import WEIGHTS, read_card
from galaxy_explorer.training.model_card import calibration_plot

SVG = "{http://www.w3.org/2000/svg}"


def drawn(by_question, name="one"):
    return ET.fromstring(calibration_plot.calibration_picture(by_question, name))


def test_has_a_panel_for_each_question_and_a_dot_for_each_bin():
    calibration = read_card(WEIGHTS / "densenet.pt")["calibration"]
    found = drawn(calibration, "a<b")
    texts = [element.text for element in found.iter(f"{SVG}text")]
    assert [f"{question.number} {question.short}" for question in QUESTIONS] == [
        text for text in texts if text[:1].isdigit() and " " in text
    ]
    assert "a<b" in texts
    counts = [f"{count:g}" for bins in calibration.values() for count in bins["count"]]
    assert [dot.findtext(f"{SVG}title") for dot in found.iter(f"{SVG}circle")] == counts


def test_has_the_prediction_across_and_the_vote_upwards():
    (dot,) = drawn({"4": {"predicted": [0.25], "voted": [1.0], "count": [7]}}).iter(f"{SVG}circle")
    assert (float(dot.get("cx")), float(dot.get("cy"))) == (calibration_plot.PANEL / 4, 0)


def test_has_larger_dots_for_more_answers():
    few, many = drawn({"1": {"predicted": [0.2, 0.8], "voted": [0.3, 0.7], "count": [25, 100]}}).iter(f"{SVG}circle")
    assert (float(few.get("r")), float(many.get("r"))) == (4, 6)


def test_of_a_question_without_votes_is_an_empty_panel():
    assert not list(drawn({}).iter(f"{SVG}circle"))


def test_has_the_light_theme_s_colours():
    used = [calibration_plot.NETWORK, calibration_plot.INK, calibration_plot.QUIET, calibration_plot.OUTLINE]
    assert used == [LIGHT.network, LIGHT.ink, LIGHT.quiet, LIGHT.outline]
