"""The flow-chart of one galaxy as an HTML list: for narrow screens and screen readers."""

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart.icons import drawing
from galaxy_explorer.flow_chart.layout import ASKING_ORDER, EDGE, WIDTH, Box, Layout, layout_of
from galaxy_explorer.flow_chart.palette import Palette, blend, palette
from galaxy_explorer.flow_chart.readings import (
    HARDLY_ASKED,
    Reading,
    State,
    check_selected,
    foldable_questions,
    folded_questions,
    opacity_of_answer,
    opacity_of_question,
    reach_text,
)
from galaxy_explorer.flow_chart.shapes import answer_fill, question_fill
from galaxy_explorer.flow_chart.writing import NOTES

_ICON_PX = 36
_NUMBERS_PX = 108
_PICTURE_PX = 150
EXPLANATION = (
    "Each answer’s share of the votes on its question. In brackets: where about two in three votes should lie "
    "(68\u202f% prediction interval). Choose an answer to explain it."
)
PLAIN_EXPLANATION = "Each answer’s share of the votes on its question."
_BARE = "all:unset;cursor:pointer;font-size:15px"  # a button that looks like plain text


def as_list(
    readings: list[Reading],
    *,
    selected: str | None = None,
    opened: Collection[int] | None = None,
    dark: bool = True,
    selected_picture: str = "",
    interactive: bool = True,
) -> str:
    """Format one galaxy's votes as an HTML list, with the same numbers as the chart.

    Each answer's name is a button, without an action of its own; ``data-column`` of the list's item is its answer.
    A question that can be folded has a button with ``data-question``. The style variables ``--left``, ``--top``,
    ``--width``, ``--height`` of the buttons are their place in the chart, for a page that lays them over the chart.

    Parameters
    ----------
    readings : list of Reading
        As of `read_sources`.
    selected : str or None
        The column of the answer to explain.
    opened : collection of int or None
        As for `flow_chart`: None lists all answers, and nothing can be folded.
    dark : bool
        Whether the page is dark.
    selected_picture : str
        The URL of a small picture to show with the selected answer; it may be a ``data:`` URL.
    interactive : bool
        Whether answers can be chosen; otherwise their names are plain text.

    Returns
    -------
    str
        Well-formed HTML in one ``<div class="flow-list">``, every text escaped.

    Raises
    ------
    ValueError
        If `selected` is not a column.
    """
    check_selected(selected)
    path = frozenset(column for column, _ in tree.most_likely_path(readings[0].fractions))
    layout = layout_of(folded_questions(readings, opened, selected), len(readings))
    shown = _Shown(readings, layout, path, selected, palette(dark), interactive)
    foldable = [] if opened is None else foldable_questions(readings, selected)
    ink = shown.colours.ink
    root = ET.Element("div", {"class": "flow-list", "style": f"color:{ink};font-size:14px;line-height:1.35"})
    _add(root, "h2", "font-size:20px;margin:0 0 4px;padding:0", "Question by question")
    _add(root, "p", f"color:{shown.colours.quiet};margin:0 0 12px", EXPLANATION if interactive else PLAIN_EXPLANATION)
    for question in sorted(tree.QUESTIONS, key=lambda each: ASKING_ORDER.index(each.number)):
        section = _question(root, shown, question, question.number in foldable)
        if question.number in layout.folded:
            continue
        answers = _add(section, "ul", "list-style:none;margin:0;padding:0")
        for column in tree.columns_of(question.number):
            item = _answer(answers, shown, column)
            for reading in readings:
                _share(item, reading, column, shown.colours)
            if column == selected:
                _explain(item, column, selected_picture, shown.colours)
    return ET.tostring(root, encoding="unicode", short_empty_elements=False)


@dataclass(frozen=True)
class _Shown:
    """What the parts of one list have in common."""

    readings: list[Reading]
    layout: Layout
    path: frozenset[str]  # columns of the likeliest path
    selected: str | None
    colours: Palette
    interactive: bool


def _question(root: ET.Element, shown: _Shown, question: tree.Question, foldable: bool) -> ET.Element:
    """Add a question's section with its text and note."""
    number, colours = question.number, shown.colours
    folded, opacity = number in shown.layout.folded, opacity_of_question(shown.readings, number)
    fill = question_fill(opacity, not shown.path.isdisjoint(tree.columns_of(number)), colours, folded)
    ink = blend(colours.quiet, colours.ink, 0 if folded else opacity)
    section = _add(root, "section", f"margin:0 0 {6 if folded else 18}px")
    style = f"margin:0 0 4px;padding:8px 10px;border-radius:8px;background:{fill};color:{ink}"
    heading = _add(section, "h3", f"{style};font-size:15px;font-weight:600", "" if foldable else question.text)
    heading.set("title", f"Question {number} of Galaxy Zoo 2")
    if foldable:
        button = _fold(heading, shown, question)
        hint = _add(button, "span", f"color:{colours.quiet}", "press to open" if folded else "press to fold")
        hint.set("class", "hint")
    if number in NOTES and not folded:
        style = f"margin:0 0 4px;padding:0 10px;font-style:italic;color:{colours.quiet}"
        _add(section, "p", style, NOTES[number])
    return section


def _fold(heading: ET.Element, shown: _Shown, question: tree.Question) -> ET.Element:
    """Add a button that opens or folds a question, without its hint."""
    number = question.number
    place = _place_in_chart(shown.layout.bars[number])
    style = f"all:unset;cursor:pointer;display:flex;flex-wrap:wrap;gap:0 8px;font-size:12px;font-weight:400;{place}"
    button = _add(heading, "button", style, type="button", title=question.text)
    button.attrib |= {
        "class": "fold",
        "data-question": str(number),
        "aria-expanded": str(number not in shown.layout.folded).lower(),
    }
    _add(button, "span", "font-size:15px;font-weight:600", question.text)
    _add(button, "span", f"color:{shown.colours.quiet}", f"{reach_text(shown.readings, number)} · ")
    return button


def _answer(answers: ET.Element, shown: _Shown, column: str) -> ET.Element:
    """Add an answer's item with its drawing, its name, and whether it is likeliest or selected."""
    colours, likeliest, selected = shown.colours, column in shown.path, column == shown.selected
    opacity = opacity_of_answer(shown.readings, column)
    fill = answer_fill(opacity, likeliest, colours)
    outline = colours.ring if selected else colours.accent if likeliest else colours.outline
    border = f"border:{2 if selected or likeliest else 1}px solid {outline};border-radius:8px;background:{fill}"
    item = _add(answers, "li", f"position:relative;display:flex;gap:10px;margin:0 0 4px;padding:5px 8px;{border}")
    item.set("data-column", column)
    svg = drawing(column, dark=colours is palette(True), size_px=_ICON_PX, faded=opacity == 0).encode()
    source = "data:image/svg+xml;base64," + b64encode(svg).decode()
    _add(item, "img", f"flex:none;width:{_ICON_PX}px;height:{_ICON_PX}px", src=source, alt="")
    body = _add(item, "div", "flex:1;min-width:0")
    head = _add(body, "div", "display:flex;gap:8px;align-items:baseline")
    ink, place = blend(colours.quiet, colours.ink, opacity), _place_in_chart(shown.layout.tiles[column])
    weight = f"font-weight:{700 if likeliest else 500};color:{ink}"
    if shown.interactive:
        button = _add(head, "button", f"{_BARE};{weight};{place}", type="button")
        _add(button, "span", "", tree.tile_name_of(column))
        button.attrib |= {"aria-label": tree.label_of(column), "aria-pressed": str(selected).lower()}
    else:
        _add(head, "span", f"font-size:15px;{weight}", tree.tile_name_of(column))
    marks = [mark for mark, holds in (("likeliest path", likeliest), ("selected", selected)) if holds]
    if marks:
        _add(head, "span", f"margin-left:auto;font-size:12px;color:{colours.quiet}", ", ".join(marks))
    return body


def _place_in_chart(box: Box) -> str:
    """Return the style variables of a place in the chart, in % across and px down."""
    width = (WIDTH + 2 * EDGE) / 100
    across = f"--left:{(box.left + EDGE) / width:.3f}%;--width:{box.width / width:.3f}%"
    return f"{across};--top:{box.top:.1f}px;--height:{box.bottom - box.top:.1f}px"


def _share(body: ET.Element, reading: Reading, column: str, colours: Palette) -> None:
    """Add one source's line: its name, its share as a bar, and the numbers or why it has none."""
    line = _add(body, "div", "display:flex;align-items:center;gap:6px;font-size:12px")
    _add(line, "span", f"flex:0 0 68px;overflow-wrap:anywhere;color:{colours.quiet}", reading.name + ":")
    state = reading.state(column)
    if state is not State.ASKED:
        few = f" (fewer than {100 * HARDLY_ASKED:.0f} in 100 votes)" if state is State.HARDLY_ASKED else ""
        _add(line, "span", f"color:{colours.quiet}", reading.label(column) + few)
        return
    track = _add(line, "div", f"flex:1;height:8px;border-radius:2px;background:{colours.track}")
    track.attrib |= {"class": "share", "aria-hidden": "true"}
    full = getattr(colours, reading.source)
    colour = blend(colours.track, full, reading.opacity(tree.QUESTION_OF[column].number))
    _add(track, "div", f"width:{100 * reading.share(column):.1f}%;height:8px;border-radius:2px;background:{colour}")
    style = f"flex:0 0 {_NUMBERS_PX}px;text-align:right;font-variant-numeric:tabular-nums;color:{colours.ink}"
    interval = reading.interval_text(column)
    numbers = _add(line, "span", style, reading.label(column) + (f" ({interval})" if interval else ""))
    numbers.set("title", reading.sentence(column))


def _explain(body: ET.Element, column: str, picture: str, colours: Palette) -> None:
    """Add the meaning of the selected answer and, if available, the picture with its saliency."""
    _add(body, "p", f"margin:6px 0 2px;font-size:13px;color:{colours.ink}", tree.ANSWER_OF[column].meaning)
    if picture:  # the page shows it once more, described
        style = f"width:{_PICTURE_PX}px;max-width:100%;border-radius:8px;display:block;margin:4px 0"
        _add(body, "img", style, src=picture, alt="")


def _add(parent: ET.Element, tag: str, style: str, text: str = "", **attributes: str) -> ET.Element:
    """Add a styled element; the tree escapes its text."""
    element = ET.SubElement(parent, tag, {"style": style, **attributes})
    element.text = text
    return element
