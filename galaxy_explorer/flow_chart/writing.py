"""Texts of the flow-chart, and the hover texts of its answers."""

from dataclasses import dataclass
from html import escape
from textwrap import wrap

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart.layout import (
    BARS,
    ENDS,
    NAME_DROP,
    NOTES,
    NUMBER_GAP,
    SHARE_STEP,
    SHARES_DROP,
    TILES,
    TRACK,
    TRACK_LEFT,
    lines_of,
)
from galaxy_explorer.flow_chart.palette import Palette, blend
from galaxy_explorer.flow_chart.readings import Reading, State, opacity_of_answer, opacity_of_question
from galaxy_explorer.flow_chart.shapes import answer_fill, question_fill

QUESTION_PX, NAME_PX, SMALL_PX = 14, 13, 12
_NAME_LETTERS = 12  # of a line of a name, in a tile of the common width
_HOVER_LETTERS = 52
_NUMBER_LETTERS = len("100\u202f%")
_FIGURE_SPACE = "\u2007"  # as wide as a digit, so that numbers end in one line


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


def question_texts(readings: list[Reading], path: set[str], colours: Palette) -> list[Text]:
    """Return the questions, their numbers and their notes."""
    on_path = {tree.QUESTION_OF[column].number for column in path}
    texts = []
    for question in tree.QUESTIONS:
        box, opacity = BARS[question.number], opacity_of_question(readings, question.number)
        behind = question_fill(opacity, question.number in on_path, colours)
        ink = blend(colours.quiet, colours.ink, opacity)
        words = "<br>".join(lines_of(question))
        if question.number in NOTES:
            words += f'<br><span style="font-size:{SMALL_PX}px"><i>{NOTES[question.number]}</i></span>'
        texts.append(Text(box.middle, box.centre, words, ink, behind, QUESTION_PX))
        texts.append(Text(box.left + 6, box.centre, str(question.number), ink, behind, SMALL_PX, "middle right"))
    return texts + [Text(box.middle, box.centre, "end", colours.quiet, colours.tile) for box in ENDS.values()]


def answer_texts(readings: list[Reading], path: set[str], colours: Palette) -> list[Text]:
    """Return the answers' names and shares."""
    texts = []
    for column, answer in tree.ANSWER_OF.items():
        tile, opacity = TILES[column], opacity_of_answer(readings, column)
        behind = answer_fill(opacity, column in path, colours)
        ink = blend(colours.quiet, colours.ink, opacity)
        name = "<br>".join(name_lines(answer.name, tile.right - tile.left))
        name = f"<b>{name}</b>" if column in path else name
        texts.append(Text(tile.middle, tile.top + NAME_DROP, name, ink, behind, NAME_PX))
        texts += _share_texts(readings, column, colours, behind)
    return texts


def _share_texts(readings: list[Reading], column: str, colours: Palette, behind: str) -> list[Text]:
    """Return an answer's share by each source, or once why it has none."""
    tile = TILES[column]
    top = share_tops(column, len(readings))
    states = {reading.state(column) for reading in readings}
    if states <= {State.NOT_ASKED, State.HARDLY_ASKED} or states == {State.UNKNOWN}:
        why = readings[-1].state(column)  # the volunteers' if they are shown
        return [Text(tile.middle, sum(top) / len(top), str(why), colours.quiet, behind)]
    texts = []
    for reading, y in zip(readings, top, strict=True):
        if reading.state(column) is State.ASKED:
            number = reading.label(column).rjust(_NUMBER_LETTERS, _FIGURE_SPACE)
            ink = blend(colours.quiet, colours.ink, reading.opacity(tree.QUESTION_OF[column].number))
            x = tile.middle + TRACK_LEFT + TRACK + NUMBER_GAP
        else:
            number, ink, x = reading.label(column), colours.quiet, tile.middle + TRACK_LEFT - 2
        texts.append(Text(x, y, number, ink, behind, SMALL_PX, "middle right"))
    return texts


def share_tops(column: str, count: int) -> list[float]:
    """Return the middle line of each source's bar in an answer's tile."""
    first = TILES[column].top + SHARES_DROP + (SHARE_STEP / 2 if count == 1 else 0.0)
    return [first + i * SHARE_STEP for i in range(count)]


def name_lines(name: str, width: float) -> list[str]:
    """Wrap an answer's name if its tile is narrow."""
    return wrap(name, _NAME_LETTERS) if width < 160 else [name]


def hover(readings: list[Reading], column: str) -> str:
    """Return the hover text of an answer: question, answer, meaning and numbers."""
    question, answer = tree.QUESTION_OF[column], tree.ANSWER_OF[column]
    lines = [f"<b>{answer.name}</b>", *(f"<i>{line}</i>" for line in wrap(question.text, _HOVER_LETTERS))]
    lines += wrap(answer.meaning, _HOVER_LETTERS)
    lines += [f"<b>{escape(reading.name)}</b>: {reading.sentence(column)}" for reading in readings]
    return "<br>".join(lines)
