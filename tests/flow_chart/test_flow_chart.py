"""The flow-chart of one galaxy, as a figure and as a list."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import plotly.graph_objects as go
import pytest
from ends import share_ends

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES, columns_of, shares_from_fractions
from galaxy_explorer.flow_chart import (
    ANSWER_TRACE,
    HARDLY_ASKED,
    as_list,
    flow_chart,
    hardly_asked,
    outline,
    percent,
    read_sources,
)
from galaxy_explorer.flow_chart.curves import ROUTES
from galaxy_explorer.flow_chart.figure import all_texts
from galaxy_explorer.flow_chart.layout import BARS, NOTES, TILES, TRACK, WIDTH
from galaxy_explorer.flow_chart.palette import DARK, LIGHT

EDGE_ON, ODD = 2, tree.ASKED_OF_EVERYONE


def without(fractions, question, answer):
    """The same galaxy without votes for an answer, so that what follows from it was not asked."""
    shares = shares_from_fractions(fractions)
    where = SLICES[question]
    shares[INDEX[tree.column(question, answer)]] = 0
    shares[where] /= shares[where].sum()
    return tree.fractions_from_shares(shares)


@pytest.fixture
def galaxy(random_fractions):
    """Vote fractions of a galaxy with votes on every question, also for a network."""
    return next(one for one in random_fractions(99) if min(tree.mass_of(n, one) for n in SLICES) > 2 * HARDLY_ASKED)


@pytest.fixture
def face_on(galaxy):
    """Vote fractions of a galaxy without votes for edge-on, so that question 9 was not asked."""
    return without(galaxy, EDGE_ON, 1)


def trace(figure, name):
    return next(figure.select_traces({"name": name}))


def shapes(figure, kind):
    """The shapes of a kind, by what they are called after."""
    return {s.name.removeprefix(f"{kind} "): s for s in figure.layout.shapes if s.name.startswith(f"{kind} ")}


def texts_in(figure, box):
    """The texts that stand on a question or an answer."""
    written = trace(figure, "texts")
    points = zip(written.x, written.y, written.text, strict=True)
    return [text for x, y, text in points if box.left <= x <= box.right and box.top <= y <= box.bottom]


def contrast(one, other):
    """The contrast of two colours as the Web Content Accessibility Guidelines define it."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_answer_can_be_clicked_once(galaxy, face_on):
    figure = flow_chart(galaxy, face_on)
    assert [t.name for t in figure.data].count(ANSWER_TRACE) == 1
    answers = trace(figure, ANSWER_TRACE)
    assert answers.type == "scatter"
    assert answers.mode == "markers"
    assert sorted(answers.customdata) == sorted(COLUMNS)
    assert len(answers.x) == len(answers.y) == len(COLUMNS)


def test_nothing_but_answers_answers_the_pointer(galaxy):
    figure = flow_chart(galaxy, galaxy)
    assert all(t.hoverinfo == "skip" for t in figure.data if t.name != ANSWER_TRACE)
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.yaxis.fixedrange


def test_everything_keeps_its_place_whatever_the_votes(galaxy, face_on):
    one, other = flow_chart(galaxy, dark=True), flow_chart(volunteers=face_on, dark=False, selected=COLUMNS[5])
    assert trace(one, ANSWER_TRACE).x == trace(other, ANSWER_TRACE).x
    assert trace(one, ANSWER_TRACE).y == trace(other, ANSWER_TRACE).y
    for kind in ("question", "answer", "thread"):
        points = [{name: shape.path for name, shape in shapes(figure, kind).items()} for figure in (one, other)]
        assert points[0] == points[1]
    assert one.layout.height == other.layout.height


def test_rows_are_those_that_galaxy_zoo_users_know():
    tops = sorted({bar.top for bar in BARS.values()})
    rows = [{number for number, bar in BARS.items() if bar.top == top} for top in tops]
    assert rows == [{1}, {7, 2}, {9, 3}, {4}, {10}, {11}, {5}, {6}, {8}]
    assert (BARS[1].left, BARS[1].right) == (0, WIDTH)
    assert BARS[7].right < BARS[2].left
    assert BARS[9].right < BARS[3].left
    for column, below in (("1.1", 7), ("1.2", 2), ("2.1", 9), ("2.2", 3), ("4.1", 10), ("6.1", 8)):
        tile = TILES[f"Class{column}"]
        assert tile.left < BARS[below].right
        assert BARS[below].left < tile.right


def test_bars_are_as_long_as_the_shares(galaxy, face_on):
    figure = flow_chart(galaxy, face_on, network_name="densenet")
    for name, fractions in (("densenet", galaxy), ("volunteers", face_on)):
        bars, shares = trace(figure, name), shares_from_fractions(fractions)
        assert set(bars.customdata) == {column for column in COLUMNS if not np.isnan(shares[INDEX[column]])}
        for column, length in zip(bars.customdata, bars.x, strict=True):
            assert length == pytest.approx(TRACK * shares[INDEX[column]])
            assert percent(shares[INDEX[column]]) in [text.strip("\u2007") for text in texts_in(figure, TILES[column])]


def test_whiskers_reach_from_the_lower_to_the_upper_end(galaxy):
    shares, ends = shares_from_fractions(galaxy), share_ends(galaxy)
    bars = trace(flow_chart(galaxy, network_share_intervals=ends), "network")
    for i, column in enumerate(bars.customdata):
        lower, upper = ends[:, INDEX[column]]
        assert bars.x[i] - bars.error_x.arrayminus[i] == pytest.approx(TRACK * lower, abs=1e-6)
        assert bars.x[i] + bars.error_x.array[i] == pytest.approx(TRACK * upper, abs=1e-6)
        assert bars.error_x.array[i] != pytest.approx(bars.error_x.arrayminus[i])
    assert shares[0] == pytest.approx(bars.x[0] / TRACK)


def test_a_whisker_begins_at_the_bar_also_if_the_mean_lies_outside(galaxy):
    shares = shares_from_fractions(galaxy)
    (reading,) = read_sources(galaxy, None, np.zeros((2, 37)), "network")
    asked = np.isfinite(reading.shares)
    assert (reading.intervals[0] == 0).all()
    np.testing.assert_allclose(reading.intervals[1][asked], shares[asked])


def test_the_outline_has_a_box_for_every_question_and_answer_where_the_chart_has_it(galaxy):
    root = ET.fromstring(outline())
    boxes = [tuple(float(box.get(name)) for name in ("x", "y", "width", "height")) for box in root]
    expected = [(b.left, b.top, b.right - b.left, b.bottom - b.top) for b in (*BARS.values(), *TILES.values())]
    np.testing.assert_allclose(boxes, expected, atol=0.06)
    frame = flow_chart(galaxy).layout
    left, top, width, height = (float(number) for number in root.get("viewBox").split())
    assert (left, left + width) == tuple(frame.xaxis.range)
    assert (top, height) == (0, frame.height)


def test_a_question_that_was_not_asked_is_greyed_and_has_no_percentage(face_on):
    # A network never predicts exactly 0: its questions are called hardly asked.
    for figure, why in (
        (flow_chart(face_on), "hardly asked"),
        (flow_chart(volunteers=face_on), "not asked"),
        (flow_chart(face_on, face_on), "not asked"),
    ):
        assert shapes(figure, "question")["9"].fillcolor == DARK.faded
        for column in columns_of(9):
            assert shapes(figure, "answer")[column].fillcolor == DARK.faded
            texts = texts_in(figure, TILES[column])
            assert why in texts
            assert sum("asked" in text for text in texts) == 1
            assert not any("%" in text for text in texts)
            hover = trace(figure, ANSWER_TRACE).hovertext[INDEX[column]]
            assert why in hover
            assert "%" not in hover


def test_a_source_that_was_not_asked_stands_beside_one_that_was(galaxy, face_on):
    figure = flow_chart(galaxy, face_on)
    assert shapes(figure, "question")["9"].fillcolor != DARK.faded
    for column in columns_of(9):
        texts = texts_in(figure, TILES[column])
        assert "not asked" in texts
        assert sum("%" in text for text in texts) == 1


def test_what_a_network_hardly_asks_recedes(galaxy):
    assert hardly_asked(galaxy) == []
    shares = shares_from_fractions(galaxy)
    edge_on = HARDLY_ASKED / 2
    shares[SLICES[EDGE_ON]] = [edge_on, 1 - edge_on]
    fractions = tree.fractions_from_shares(shares)
    assert hardly_asked(fractions) == hardly_asked(fractions, galaxy) == [9]
    assert hardly_asked(fractions, without(galaxy, EDGE_ON, 1)) == []  # the chart writes “not asked”
    assert shapes(flow_chart(fractions), "question")["9"].fillcolor == DARK.faded
    assert shapes(flow_chart(volunteers=fractions), "question")["9"].fillcolor != DARK.faded


def test_unknown_votes_are_called_unknown(galaxy):
    partial = galaxy.copy()
    partial[SLICES[11]] = np.nan
    figure = flow_chart(volunteers=partial)
    for column in columns_of(11):
        assert "unknown" in texts_in(figure, TILES[column])
        assert column not in shapes(figure, "curve")


def test_question_6_is_never_greyed_and_says_whom_it_asks(galaxy):
    unknown = np.where(np.arange(len(COLUMNS)) < SLICES[ODD].start, galaxy, np.nan)
    for fractions in (galaxy, unknown):
        figure = flow_chart(volunteers=fractions)
        assert shapes(figure, "question")[str(ODD)].fillcolor != DARK.faded
        assert any("asked of everyone in these scores" in text for text in texts_in(figure, BARS[ODD]))
    assert any(NOTES[8] in text for text in texts_in(flow_chart(galaxy), BARS[8]))


def test_more_than_nothing_is_never_written_as_nothing():
    assert percent(0.0) == "0\u202f%"
    assert percent(0.001) == "<1\u202f%"
    assert percent(0.005) == "<1\u202f%"
    assert percent(0.0051) == "1\u202f%"
    assert percent(1.0) == "100\u202f%"


def test_hover_explains_an_answer_with_its_numbers(galaxy, face_on):
    hover = trace(flow_chart(galaxy, face_on, network_name="a<b"), ANSWER_TRACE).hovertext
    for column, text in zip(COLUMNS, hover, strict=True):
        words = re.sub(r"<.*?>", " ", text.replace("<br>", " ")).replace("  ", " ")
        assert tree.ANSWER_OF[column].name in words
        assert tree.ANSWER_OF[column].meaning in words.replace("  ", " ")
        assert tree.QUESTION_OF[column].text.split()[0] in words
        assert f"{galaxy[INDEX[column]]:.3f}" in words
        assert percent(shares_from_fractions(galaxy)[INDEX[column]]) in words
        assert "a&lt;b" in text


def test_the_likeliest_path_stands_out(galaxy, face_on):
    figure = flow_chart(galaxy, face_on)
    path = {column for column, _ in tree.most_likely_path(galaxy)}
    outlined = {column for column, s in shapes(figure, "answer").items() if s.line.color == DARK.accent}
    coloured = {column for column, s in shapes(figure, "curve").items() if s.fillcolor == DARK.accent}
    assert outlined == path
    assert coloured == path & set(ROUTES)
    volunteers = flow_chart(volunteers=face_on)
    assert {c for c, s in shapes(volunteers, "answer").items() if s.line.color == DARK.accent} == {
        column for column, _ in tree.most_likely_path(face_on)
    }


@pytest.mark.parametrize("column", [None, "Class4.1", "Class1.1"])
def test_the_selected_answer_has_a_ring(galaxy, column):
    rings = shapes(flow_chart(galaxy, selected=column), "ring")
    assert list(rings) == [name for name in (column,) if name]


@pytest.mark.parametrize("colours", [DARK, LIGHT])
def test_text_and_bars_can_be_told_from_what_they_stand_on(galaxy, face_on, colours):
    for given_arrays in ((galaxy, face_on), (face_on, face_on), (None, face_on)):
        readings = read_sources(*given_arrays, None, "network")
        path = {column for column, _ in tree.most_likely_path(readings[0].fractions)}
        figure = flow_chart(*given_arrays, dark=colours is DARK)
        boxes = {f"question {n}": bar for n, bar in BARS.items()} | {f"answer {c}": t for c, t in TILES.items()}
        fills = {shape.name: shape.fillcolor for shape in figure.layout.shapes}
        for text in all_texts(readings, path, colours):
            under = [
                fills[name]
                for name, box in boxes.items()
                if box.left <= text.x <= box.right and box.top <= text.y <= box.bottom
            ]
            assert text.behind in (under or [colours.page, colours.tile]), text
            assert contrast(text.colour, text.behind) >= 4.5, text
    for bar in (colours.network, colours.volunteers):
        assert all(contrast(bar, under) >= 3 for under in (colours.tile, colours.accent_tile, colours.track))
    assert contrast(colours.accent, colours.page) >= 3
    assert contrast(colours.ink, colours.bar) >= 4.5  # the hover label


def test_nothing_dims_when_an_answer_is_clicked(galaxy):
    for t in flow_chart(galaxy, galaxy).data:
        if t.type == "bar":
            assert t.unselected.marker.opacity == 1
        elif t.mode == "text":
            assert t.selected.textfont.color  # plotly dims unselected text unless a selected text has a colour


def listed(*sources, **options):
    """The list of some sources."""
    return as_list(read_sources(*sources), **options)


@pytest.mark.parametrize("draw", [flow_chart, listed])
def test_what_cannot_be_drawn_is_refused_in_words(draw, galaxy):
    with pytest.raises(ValueError, match="neither network nor volunteers was given"):
        draw()
    with pytest.raises(ValueError, match=r"volunteers has the shape \(36,\).*one row of a score table"):
        draw(galaxy, galaxy[:-1])
    with pytest.raises(ValueError, match=r"network: the value of Class1.2 is 47; expected 0 to 1.*not percentages"):
        draw(np.where(np.arange(len(COLUMNS)) == 1, 47, galaxy))
    with pytest.raises(ValueError, match=r"selected is 'Class12.1', but must be one of the columns"):
        draw(galaxy, selected="Class12.1")


def test_a_chart_can_be_saved_and_shown_in_a_notebook(galaxy, tmp_path):
    figure = flow_chart(galaxy, galaxy, network_share_intervals=share_ends(galaxy), caption="one galaxy")
    figure.write_html(tmp_path / "chart.html", include_plotlyjs=False)
    assert "one galaxy" in (tmp_path / "chart.html").read_text(encoding="utf-8")
    assert ANSWER_TRACE in figure.to_html(include_plotlyjs=False)
    assert ANSWER_TRACE in figure._repr_html_()
    assert not figure.layout.template.layout.to_plotly_json()  # plotly's default would change colours and margins


def test_shapes_are_drawn_without_plotlys_slow_validation(galaxy, monkeypatch):
    validated, original = [], go.layout.Shape.__init__

    def count(shape, *values, **options):
        validated.append(shape)
        original(shape, *values, **options)

    monkeypatch.setattr(go.layout.Shape, "__init__", count)
    figure = flow_chart(galaxy, galaxy)
    assert not validated
    go.Figure(figure.to_dict())
    assert len(validated) > 100
