"""Texts of the flow-chart, and the hover texts of its answers."""

from dataclasses import dataclass
from html import escape
from textwrap import wrap

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart.layout import (
    NAME_DROP,
    NUMBERS_WIDTH,
    PADDING,
    SHARE_STEP,
    SHARES_DROP,
    TEXT_LEFT,
    TIER_WIDTH,
    Box,
    Layout,
    tier_of,
)
from galaxy_explorer.flow_chart.palette import Palette, blend
from galaxy_explorer.flow_chart.readings import (
    Reading,
    State,
    opacity_of_answer,
    opacity_of_question,
    reach_text,
)
from galaxy_explorer.flow_chart.shapes import answer_fill, question_fill

QUESTION_PX, NAME_PX, SMALL_PX, NUMBER_PX = 14, 14, 12, 12
_HOVER_LETTERS = 52
_STEPS = ("first", "second", "third", "fourth")

# Questions whose bar is too short for their text at the narrowest width; the hover texts and the list have it in full.
_BRIEF = {
    3: "Is there a bar through the centre?",
    4: "Are there spiral arms?",
    9: "Is there a bulge at its centre? What shape?",
}
_BRIEF_NAMES = {tree.column(11, 5): "more than 4"}  # next to 1, 2, 3, 4
NOTES = {
    tree.ASKED_OF_EVERYONE: "asked of everyone",
    8: "asked only of those who saw something odd",
}


@dataclass(frozen=True)
class Text:
    """A text at a point of the chart; `behind` is the colour of its background."""

    x: float
    y: float
    words: str  # may hold plotly's <b>, <i>, <br> and <span>
    colour: str
    behind: str
    size_px: int = SMALL_PX
    position: str = "middle center"
    bold: bool = False


def chart_text(question: tree.Question) -> str:
    """Return a question's text on its bar."""
    return _BRIEF.get(question.number, question.text)


def chart_name(column: str) -> str:
    """Return an answer's name on its tile."""
    return _BRIEF_NAMES.get(column, tree.tile_name_of(column))


def question_texts(readings: list[Reading], layout: Layout, path: set[str], colours: Palette) -> list[Text]:
    """Return the questions and their notes."""
    on_path = {tree.QUESTION_OF[column].number for column in path}
    texts = [Text(layout.end.middle, layout.end.centre, "End", colours.quiet, colours.tile, QUESTION_PX)]
    for question in tree.QUESTIONS:
        number = question.number
        box, opacity, folded = layout.bars[number], opacity_of_question(readings, number), number in layout.folded
        behind = question_fill(opacity, number in on_path, colours, folded)
        ink = blend(colours.quiet, colours.ink, 0 if folded else opacity)
        words = f"{question.short} · {reach_text(readings, number)}" if folded else chart_text(question)
        if number in NOTES and not folded:
            words += f'<span style="font-size:{SMALL_PX}px">  <i>{NOTES[number]}</i></span>'
        left, size = box.left + TIER_WIDTH + PADDING, SMALL_PX + 1 if folded else QUESTION_PX
        texts.append(Text(left, box.centre, words, ink, behind, size, "middle right"))
    return texts


def answer_texts(readings: list[Reading], layout: Layout, path: set[str], colours: Palette) -> list[Text]:
    """Return the names and shares of the answers that are not folded."""
    texts = []
    for column in layout.shown:
        tile, opacity = layout.tiles[column], opacity_of_answer(readings, column)
        behind = answer_fill(opacity, column in path, colours)
        ink = blend(colours.quiet, colours.ink, opacity)
        at = tile.left + TEXT_LEFT, tile.top + NAME_DROP
        texts.append(Text(*at, chart_name(column), ink, behind, NAME_PX, "middle right", column in path))
        texts += _share_texts(readings, column, tile, colours, behind)
    return texts


def _share_texts(readings: list[Reading], column: str, tile: Box, colours: Palette, behind: str) -> list[Text]:
    """Return an answer's share by each source, or once why it has none."""
    top, left = share_tops(tile, len(readings)), tile.left + TEXT_LEFT
    states = {reading.state(column) for reading in readings}
    if states <= {State.NOT_ASKED, State.HARDLY_ASKED} or states == {State.UNKNOWN}:
        why = readings[-1].state(column)  # the volunteers' if they are shown
        return [Text(left, sum(top) / len(top), str(why), colours.quiet, behind, SMALL_PX, "middle right")]
    texts = []
    for reading, y in zip(readings, top, strict=True):
        if reading.state(column) is State.ASKED:
            ink = blend(colours.quiet, colours.ink, reading.opacity(tree.QUESTION_OF[column].number))
            right = tile.right - PADDING
            texts.append(Text(right, y, reading.label(column), ink, behind, NUMBER_PX, "middle left"))
        else:
            texts.append(Text(left, y, reading.label(column), colours.quiet, behind, NUMBER_PX, "middle right"))
    return texts


def track_of(tile: Box) -> tuple[float, float]:
    """Return the left end and the length of a share of 1 in an answer's tile."""
    return tile.left + TEXT_LEFT, tile.width - TEXT_LEFT - NUMBERS_WIDTH - PADDING


def share_tops(tile: Box, count: int) -> list[float]:
    """Return the middle line of each source's bar in an answer's tile."""
    first = tile.top + SHARES_DROP + (SHARE_STEP / 2 if count == 1 else 0.0)
    return [first + i * SHARE_STEP for i in range(count)]


def hover(readings: list[Reading], column: str) -> str:
    """Return the hover text of an answer: question, answer, meaning, numbers, column."""
    question, answer = tree.QUESTION_OF[column], tree.ANSWER_OF[column]
    name = tree.tile_name_of(column)
    lines = [f"<b>{name}</b>", *(f"<i>{line}</i>" for line in wrap(question.text, _HOVER_LETTERS))]
    lines += wrap(answer.meaning, _HOVER_LETTERS)
    lines += [f"<b>{escape(reading.name)}</b>: {reading.sentence(column)}" for reading in readings]
    step = _STEPS[tier_of(question.number) - 1]
    lines.append(f"<i>Question {question.number} of Galaxy Zoo 2, {step} step; column {column}</i>")
    return "<br>".join(lines)
