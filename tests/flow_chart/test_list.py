"""The flow-chart as a list, and the drawings of the answers."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from ends import share_ends

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES, columns_of, shares_from_fractions
from galaxy_explorer.flow_chart import ASKING_ORDER, as_list, percent, read_sources
from galaxy_explorer.flow_chart.icons import HALF_PX, ICONS, drawing, scaled
from galaxy_explorer.flow_chart.layout import layout_of
from galaxy_explorer.flow_chart.readings import HARDLY_ASKED


@pytest.fixture
def galaxy(random_fractions):
    """Vote fractions of a galaxy with votes on every question, also for a network."""
    return next(one for one in random_fractions(99) if min(tree.mass_of(n, one) for n in SLICES) > 2 * HARDLY_ASKED)


def items_of(html):
    """The list's items, by their answer's column."""
    return {item.get("data-column"): item for item in ET.fromstring(html).iter("li")}


def words(element):
    return " ".join(element.itertext())


def test_list_has_every_question_and_answer_in_the_order_of_asking(galaxy):
    html = as_list(read_sources(galaxy))
    headings = [words(heading) for heading in ET.fromstring(html).iter("h3")]
    texts = {question.number: question.text for question in tree.QUESTIONS}
    assert headings == [texts[number] for number in ASKING_ORDER]
    assert len(list(ET.fromstring(html).iter("section"))) == len(tree.QUESTIONS)
    assert list(items_of(html)) == [column for number in ASKING_ORDER for column in columns_of(number)]


def test_list_carries_the_numbers_of_both_sources(galaxy, random_fractions):
    network, volunteers = galaxy, random_fractions(1, seed=1)[0]
    items = items_of(as_list(read_sources(network, volunteers, network_name="densenet")))
    for column, item in items.items():
        assert tree.tile_name_of(column) in words(item)
        for name, fractions in (("densenet", network), ("volunteers", volunteers)):
            share = shares_from_fractions(fractions)[INDEX[column]]
            line = next(d for d in item.iter("div") if d.find("span") is not None and d[0].text == f"{name}:")
            assert words(line).split(": ")[1].strip() == percent(share)
            assert f"width:{100 * share:.1f}%" in [part for d in line.iter("div") for part in d.get("style").split(";")]


def test_list_says_not_asked_and_unknown_instead_of_nothing(galaxy):
    fractions = galaxy.copy()
    fractions[SLICES[9]] = 0
    fractions[SLICES[11]] = np.nan
    items = items_of(as_list(read_sources(volunteers=fractions)))
    for number, why in ((9, "not asked"), (11, "unknown")):
        for column in columns_of(number):
            assert why in words(items[column])
            assert "%" not in words(items[column])


def test_list_says_of_how_few_votes_a_network_says_nothing(galaxy):
    shares = shares_from_fractions(galaxy)
    shares[SLICES[2]] = [HARDLY_ASKED / 2, 1 - HARDLY_ASKED / 2]
    items = items_of(as_list(read_sources(tree.fractions_from_shares(shares))))
    for column in columns_of(9):
        assert "hardly asked (fewer than 1 in 100 votes)" in words(items[column])


def test_list_folds_what_few_votes_reach_under_a_button_that_lies_on_its_bar(galaxy):
    shares = shares_from_fractions(galaxy)
    shares[SLICES[2]] = [0.03, 0.97]
    shares[SLICES[1]] = [0.5, 0.5, 0]
    readings = read_sources(tree.fractions_from_shares(shares))
    html = as_list(readings, opened=())
    (button,) = (b for b in ET.fromstring(html).iter("button") if b.get("data-question"))
    assert (button.get("data-question"), button.get("aria-expanded")) == ("9", "false")
    assert words(button) == f"{tree.QUESTIONS[8].text} asked of 2\u202f% ·  press to open"
    assert f"--top:{layout_of(frozenset({9})).bars[9].top:.1f}px" in button.get("style")
    assert set(COLUMNS) - set(items_of(html)) == set(columns_of(9))
    opened = as_list(readings, opened={9})
    assert 'aria-expanded="true"' in opened
    assert "press to fold" in opened
    assert set(items_of(opened)) == set(items_of(as_list(readings))) == set(COLUMNS)
    assert "data-question" not in as_list(
        readings, opened=(), selected="Class9.1"
    )  # the selected answer stays in sight
    assert "data-question" not in as_list(readings)


def test_list_carries_the_intervals(galaxy):
    ends = share_ends(galaxy)
    items = items_of(as_list(read_sources(galaxy, network_share_intervals=ends)))
    for column, item in items.items():
        lower, upper = 100 * ends[:, INDEX[column]]
        assert f"({lower:.0f} to {upper:.0f}" in words(item)


def test_list_marks_the_likeliest_path_and_the_selected_answer_in_words(galaxy):
    path = {column for column, _ in tree.most_likely_path(galaxy)}
    items = items_of(as_list(read_sources(galaxy), selected="Class5.2"))
    assert {column for column, item in items.items() if "likeliest path" in words(item)} == path
    assert [column for column, item in items.items() if "selected" in words(item)] == ["Class5.2"]


def test_list_notes_that_question_6_is_asked_of_everyone(galaxy):
    section = list(ET.fromstring(as_list(read_sources(galaxy))).iter("section"))[
        ASKING_ORDER.index(tree.ASKED_OF_EVERYONE)
    ]
    assert "asked of everyone" in words(section)


@pytest.mark.parametrize("dark", [True, False])
def test_list_stays_well_formed_whatever_a_network_is_called(galaxy, dark):
    name = "<script>alert('1')</script> & \"me\""
    html = as_list(read_sources(galaxy, network_name=name), dark=dark)
    assert "<script" not in html
    assert f"{name}:" in [span.text for span in ET.fromstring(html).iter("span")]


def test_list_bars_and_drawings_are_hidden_from_screen_readers(galaxy):
    root = ET.fromstring(as_list(read_sources(galaxy)))
    assert all(picture.get("alt") == "" for picture in root.iter("img"))
    assert len([d for d in root.iter("div") if d.get("aria-hidden") == "true"]) == len(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_answer_has_a_drawing_within_its_square(column):
    svg = ET.fromstring(drawing(column, size_px=64))
    assert (svg.get("width"), svg.get("height")) == ("64", "64")
    icon = ICONS[column]
    for path in filter(None, (icon.soft, icon.bright, icon.lines)):
        assert set("".join(c for c in path if c.isalpha())) <= set("MLCQZ")
        numbers = [float(number) for number in "".join(c if c in "-.0123456789" else " " for c in path).split()]
        assert max(map(abs, numbers)) <= HALF_PX


def test_drawings_differ_within_every_question():
    for question in tree.QUESTIONS:
        assert len({ICONS[column] for column in columns_of(question.number)}) == len(question.answers)


def test_a_drawing_is_scaled_and_flipped_for_plotly():
    assert scaled("M1,-2.5L3,4Q0,0 -1,2Z", 2) == "M2,5L6,-8Q0,-0 -2,-4Z"
