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
    folded_questions,
    hardly_asked,
    outline,
    percent,
    read_sources,
)
from galaxy_explorer.flow_chart.figure import all_texts
from galaxy_explorer.flow_chart.layout import ASKING_ORDER, WIDTH, layout_of, tier_of
from galaxy_explorer.flow_chart.palette import DARK, LIGHT, tier_colour
from galaxy_explorer.flow_chart.writing import NOTES, chart_name, track_of

EDGE_ON, ODD = 2, tree.ASKED_OF_EVERYONE
OPEN = layout_of()
BARS, TILES = OPEN.bars, OPEN.tiles


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
    assert list(answers.customdata) == list(COLUMNS)
    for column, left, width, y in zip(COLUMNS, answers.base, answers.x, answers.y, strict=True):
        tile = TILES[column]
        assert (left, width, y) == (tile.left, tile.width, tile.centre)
        assert answers.width == pytest.approx(tile.bottom - tile.top)


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
    for column, below in (("1.1", 7), ("1.2", 2), ("2.2", 3), ("4.1", 10), ("6.1", 8)):
        tile = TILES[f"Class{column}"]
        assert tile.left < BARS[below].right
        assert BARS[below].left < tile.right
    assert BARS[9].right == pytest.approx(TILES["Class2.1"].left, abs=30)


def test_bars_are_as_long_as_the_shares(galaxy, face_on):
    figure = flow_chart(galaxy, face_on, network_name="densenet")
    for name, fractions in (("densenet", galaxy), ("volunteers", face_on)):
        bars, shares = trace(figure, name), shares_from_fractions(fractions)
        assert set(bars.customdata) == {column for column in COLUMNS if not np.isnan(shares[INDEX[column]])}
        for column, length in zip(bars.customdata, bars.x, strict=True):
            assert length == pytest.approx(track_of(TILES[column])[1] * shares[INDEX[column]])
            assert percent(shares[INDEX[column]]) in texts_in(figure, TILES[column])


def test_whiskers_reach_from_the_lower_to_the_upper_end(galaxy):
    shares, ends = shares_from_fractions(galaxy), share_ends(galaxy)
    bars = trace(flow_chart(galaxy, network_share_intervals=ends), "network")
    for i, column in enumerate(bars.customdata):
        lower, upper = ends[:, INDEX[column]]
        track = track_of(TILES[column])[1]
        assert bars.x[i] - bars.error_x.arrayminus[i] == pytest.approx(track * lower, abs=1e-6)
        assert bars.x[i] + bars.error_x.array[i] == pytest.approx(track * upper, abs=1e-6)
        assert bars.error_x.array[i] != pytest.approx(bars.error_x.arrayminus[i])
    assert shares[0] == pytest.approx(bars.x[0] / track_of(TILES[COLUMNS[0]])[1])


def test_a_whisker_begins_at_the_bar_also_if_the_mean_lies_outside(galaxy):
    shares = shares_from_fractions(galaxy)
    (reading,) = read_sources(galaxy, None, np.zeros((2, 37)), "network")
    asked = np.isfinite(reading.shares)
    assert (reading.intervals[0] == 0).all()
    np.testing.assert_allclose(reading.intervals[1][asked], shares[asked])


def test_the_outline_has_a_box_for_every_question_and_answer_where_the_chart_has_it(galaxy):
    root = ET.fromstring(outline())
    boxes = [tuple(float(box.get(name)) for name in ("x", "y", "width", "height")) for box in root]
    expected = [(b.left, b.top, b.width, b.bottom - b.top) for b in (*BARS.values(), *map(TILES.get, COLUMNS))]
    np.testing.assert_allclose(boxes, expected, atol=0.06)
    frame = flow_chart(galaxy).layout
    left, top, width, height = (float(number) for number in root.get("viewBox").split())
    assert (left, left + width) == tuple(frame.xaxis.range)
    assert (top, height) == (0, frame.height)
    folded = layout_of(frozenset({10, 11}))
    assert len(ET.fromstring(outline(folded))) == len(boxes) - 9
    assert outline(folded).count(f' {round(folded.height)}"') == 1


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
        assert any("asked of everyone" in text for text in texts_in(figure, BARS[ODD]))
    assert any(NOTES[8] in text for text in texts_in(flow_chart(galaxy), BARS[8]))


@pytest.fixture
def hardly_edge_on(galaxy):
    """Vote fractions of which 2 % reach question 9 and 5 % or more any other."""
    shares = np.full(len(COLUMNS), np.nan)
    for question in tree.QUESTIONS:
        shares[SLICES[question.number]] = 1 / len(question.answers)
    shares[SLICES[1]], shares[SLICES[EDGE_ON]] = [0.3, 0.6, 0.1], [0.02 / 0.6, 1 - 0.02 / 0.6]
    return tree.fractions_from_shares(shares)


def test_what_few_votes_reach_is_folded_to_one_line_that_says_how_few(hardly_edge_on):
    figure = flow_chart(hardly_edge_on, opened=())
    assert not set(columns_of(9)) & set(trace(figure, ANSWER_TRACE).customdata)
    assert not set(columns_of(9)) & (set(shapes(figure, "answer")) | set(shapes(figure, "icon")))
    assert texts_in(figure, layout_of(frozenset({9})).bars[9]) == ["edge-on bulge · asked of 2\u202f%"]
    for kept in ({9}, None):
        assert len(trace(flow_chart(hardly_edge_on, opened=kept), ANSWER_TRACE).customdata) == len(COLUMNS)
    assert len(shapes(flow_chart(hardly_edge_on, opened=(), selected="Class9.2"), "answer")) == len(COLUMNS)


def test_a_question_is_open_if_one_source_reaches_it_or_does_not_know(hardly_edge_on, galaxy):
    unknown = hardly_edge_on.copy()
    unknown[SLICES[9]] = np.nan
    fold = frozenset({9})
    assert folded_questions(read_sources(hardly_edge_on, hardly_edge_on), ()) == fold
    for votes in (galaxy, unknown):
        assert folded_questions(read_sources(hardly_edge_on, votes), ()) == frozenset()
    assert folded_questions(read_sources(hardly_edge_on, without(hardly_edge_on, EDGE_ON, 1)), ()) == fold


def test_a_folded_chart_is_lower_and_rounds_no_fold_up_to_the_limit(hardly_edge_on):
    shares = shares_from_fractions(hardly_edge_on)
    shares[SLICES[4]] = [0.047 / 0.58, 1 - 0.047 / 0.58]
    figure = flow_chart(tree.fractions_from_shares(shares), opened=())
    assert figure.layout.height == round(layout_of(frozenset({9, 10, 11})).height) < round(OPEN.height)
    texts = trace(figure, "texts").text
    assert "arm winding · asked of <5\u202f%" in texts
    assert "not asked" in " ".join(trace(flow_chart(volunteers=without(shares, 1, 2), opened=()), "texts").text)


def test_no_question_of_the_likeliest_path_is_folded(random_fractions):
    for fractions in random_fractions(50):
        path = {tree.QUESTION_OF[column].number for column, _ in tree.most_likely_path(fractions)}
        assert not path & folded_questions(read_sources(fractions), ())


def test_answers_are_named_so_that_they_need_no_question():
    names = [chart_name(column) for column in COLUMNS]
    assert not {"yes", "no"} & set(names)
    assert {"edge-on", "not edge-on", "bar", "no bar", "spiral arms", "no spiral arms", "nothing odd"} <= set(names)


def test_deeper_questions_stand_out_more_from_the_page():
    tiers = {number: tier_of(number) for number in BARS}
    assert tiers == {1: 1, 6: 1, 2: 2, 7: 2, 8: 2, 3: 3, 4: 3, 5: 3, 9: 3, 10: 4, 11: 4}
    for colours in (DARK, LIGHT):
        against_page = [contrast(tier_colour(colours, tier), colours.page) for tier in (1, 2, 3, 4)]
        assert against_page == sorted(set(against_page))


def test_no_number_that_is_not_the_order_of_asking_stands_in_the_chart(galaxy):
    words = trace(flow_chart(galaxy), "texts").text
    assert not {str(question.number) for question in tree.QUESTIONS} & {*words} - {*map(chart_name, columns_of(11))}
    assert list(ASKING_ORDER) == sorted(BARS, key=lambda number: (BARS[number].top, BARS[number].left))


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
        assert tree.tile_name_of(column) in words
        assert tree.ANSWER_OF[column].meaning in words.replace("  ", " ")
        assert tree.QUESTION_OF[column].text.split()[0] in words
        assert f"{galaxy[INDEX[column]]:.3f}" in words
        assert percent(shares_from_fractions(galaxy)[INDEX[column]]) in words
        assert "a&lt;b" in text
        assert f"Question {tree.QUESTION_OF[column].number} of Galaxy Zoo 2" in words
        assert f"column {column}" in words


def test_the_likeliest_path_stands_out(galaxy, face_on):
    figure = flow_chart(galaxy, face_on)
    path = {column for column, _ in tree.most_likely_path(galaxy)}
    outlined = {column for column, s in shapes(figure, "answer").items() if s.line.color == DARK.accent}
    coloured = {column for column, s in shapes(figure, "curve").items() if s.fillcolor == DARK.accent}
    assert outlined == path
    assert coloured == path
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
        figure = flow_chart(*given_arrays, dark=colours is DARK, opened=())
        layout = layout_of(folded_questions(readings, ()))
        boxes = {f"question {n}": bar for n, bar in layout.bars.items()}
        boxes |= {f"answer {column}": layout.tiles[column] for column in layout.shown}
        fills = {shape.name: shape.fillcolor for shape in figure.layout.shapes}
        for text in all_texts(readings, layout, path, colours):
            under = [
                {fills[name], fills.get(name.replace("question", "tier"))}
                for name, box in boxes.items()
                if box.left <= text.x <= box.right and box.top <= text.y <= box.bottom
            ]
            assert text.behind in set().union(*under, {colours.page, colours.tile} if not under else set()), text
            assert contrast(text.colour, text.behind) >= 4.5, text
    for bar in (colours.network, colours.volunteers):
        assert all(contrast(bar, under) >= 3 for under in (colours.tile, colours.accent_tile, colours.track))
    assert contrast(colours.accent, colours.page) >= 3
    assert contrast(colours.ink, colours.bar) >= 4.5  # the hover label


def test_nothing_dims_when_an_answer_is_clicked(galaxy):
    for t in flow_chart(galaxy, galaxy).data:
        if t.name == ANSWER_TRACE:
            assert t.unselected.marker.opacity == t.marker.opacity == 0
        elif t.type == "bar":
            assert t.unselected.marker.opacity == 1
        elif t.mode == "text":
            assert t.selected.textfont.color  # plotly dims unselected text unless a selected text has a colour


def listed(*sources, **options):
    """The list of some sources."""
    return as_list(read_sources(*sources), **options)


@pytest.mark.parametrize("draw", [flow_chart, listed])
def test_what_cannot_be_drawn_is_refused_in_words(draw, galaxy):
    with pytest.raises(ValueError, match="no network, volunteers or group was given"):
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


def test_a_group_comes_first_and_gets_a_third_bar_in_higher_tiles(random_fractions):
    class_votes, network, volunteers = random_fractions(3)
    alone = flow_chart(network, volunteers)
    figure = flow_chart(network, volunteers, group=("class", class_votes))
    assert figure.layout.height > alone.layout.height
    bars = {name: trace(figure, name) for name in ("class", "network", "volunteers")}
    for column in COLUMNS:
        heights = [bars[name].y[bars[name].customdata.index(column)] for name in bars]
        assert heights == sorted(heights)
        assert len(set(heights)) == 3
    on_path = {column for column, _ in tree.most_likely_path(class_votes)}
    green = {shape.name for shape in figure.layout.shapes if shape.fillcolor == DARK.accent}
    assert {f"curve {column}" for column in on_path if tree.ANSWER_OF[column].leads_to} <= green
    rows = ET.fromstring(as_list(read_sources(network, volunteers, group=("<b>5b</b>", class_votes))))
    assert [span.text for span in rows.findall(".//li/div/div/span") if (span.text or "").endswith(":")][:3] == [
        "<b>5b</b>:",
        "network:",
        "volunteers:",
    ]
    go.Figure(figure.to_dict())  # plotly validates what is drawn


def test_a_list_that_only_shows_has_no_buttons(random_fractions):
    readings = read_sources(*random_fractions(2))
    assert "<button" in as_list(readings)
    plain = as_list(readings, interactive=False)
    assert "<button" not in plain
    assert "Choose" not in plain
    assert len(re.findall("<li", plain)) == len(COLUMNS)


def test_a_group_can_be_shown_alone(random_fractions):
    (class_votes,) = random_fractions(1)
    figure = flow_chart(group=("class", class_votes))
    assert figure.layout.height == flow_chart(class_votes).layout.height
    assert [reading.name for reading in read_sources(group=("class", class_votes))] == ["class"]
