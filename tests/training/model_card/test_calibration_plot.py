"""Calibration plot of a model card."""

import xml.etree.ElementTree as ET

from galaxy_explorer.decision_tree import QUESTIONS
from galaxy_explorer.flow_chart.palette import LIGHT
from galaxy_explorer.models.card import CalibrationBins
from galaxy_explorer.models.checkpoints import WEIGHTS, read_card
from galaxy_explorer.training.model_card import calibration_plot

SVG = "{http://www.w3.org/2000/svg}"


def draw(bins, name="one"):
    return ET.fromstring(calibration_plot.calibration_plot(bins, name))


def bins_of(predicted, voted, count):
    return CalibrationBins([0.0] * len(count), [1.0] * len(count), predicted, voted, count)


def test_has_a_panel_for_each_question_and_a_dot_for_each_bin():
    calibration = read_card(WEIGHTS / "densenet.pt").calibration
    svg = draw(calibration, "a<b")
    texts = [element.text for element in svg.iter(f"{SVG}text")]
    assert [f"{question.number} {question.short}" for question in QUESTIONS] == [
        text for text in texts if text[:1].isdigit() and " " in text
    ]
    assert "a<b" in texts
    counts = [f"{count:g}" for bins in calibration.values() for count in bins.count]
    assert [dot.findtext(f"{SVG}title") for dot in svg.iter(f"{SVG}circle")] == counts


def test_has_the_prediction_across_and_the_vote_upwards():
    (dot,) = draw({4: bins_of([0.25], [1.0], [7])}).iter(f"{SVG}circle")
    assert (float(dot.get("cx")), float(dot.get("cy"))) == (calibration_plot.PANEL / 4, 0)


def test_has_larger_dots_for_more_answers():
    few, many = draw({1: bins_of([0.2, 0.8], [0.3, 0.7], [25, 100])}).iter(f"{SVG}circle")
    assert (float(few.get("r")), float(many.get("r"))) == (4, 6)


def test_of_a_question_without_votes_is_an_empty_panel():
    assert not list(draw({}).iter(f"{SVG}circle"))


def test_has_the_colours_of_the_light_theme():
    used = [calibration_plot.NETWORK, calibration_plot.INK, calibration_plot.QUIET, calibration_plot.OUTLINE]
    assert used == [LIGHT.network, LIGHT.ink, LIGHT.quiet, LIGHT.outline]
