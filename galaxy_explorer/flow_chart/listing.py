"""The flow-chart of one galaxy as a list: for narrow screens, and for those who do not see the chart."""

from base64 import b64encode
from xml.etree import ElementTree as ET

import numpy as np

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart.icons import drawing
from galaxy_explorer.flow_chart.layout import NOTES
from galaxy_explorer.flow_chart.palette import Palette, blend, palette
from galaxy_explorer.flow_chart.readings import (
    HARDLY_ASKED,
    Reading,
    State,
    check_selected,
    is_faded,
    presence,
    read_sources,
)
from galaxy_explorer.flow_chart.shapes import answer_fill, question_fill

_ICON_PX = 36
_NUMBERS_PX = 108
_PICTURE_PX = 150
EXPLANATION = "Each answer’s share of its question’s votes and, in brackets, its vote fraction. Choose one to see what speaks for it."


_BARE = "all:unset;cursor:pointer;font-size:15px"  # a button that looks like the text it is


def as_list(
    network: np.ndarray | None = None,
    volunteers: np.ndarray | None = None,
    *,
    network_spread: np.ndarray | None = None,
    selected: str | None = None,
    dark: bool = True,
    network_name: str = "network",
    selected_picture: str = "",
) -> str:
    """Write one galaxy's votes as a list of the questions, with the same numbers as the chart.

    Each answer's name is a button; what a press does is up to the page, which finds the answer in ``data-column``
    of the list's item. The selected answer says what it means.

    Parameters
    ----------
    network, volunteers, network_spread, selected, dark, network_name
        As for `flow_chart`.
    selected_picture : str
        The address of a small picture to show with the selected answer; it may be a ``data:`` address.

    Returns
    -------
    str
        Well-formed HTML in one ``<div class="flow-list">``, every text escaped.

    Raises
    ------
    ValueError
        As for `flow_chart`.
    """
    readings = read_sources(network, volunteers, network_spread, network_name)
    check_selected(selected)
    colours = palette(dark)
    path = {column for column, _ in tree.most_likely_path(readings[0].fractions)}
    root = ET.Element("div", {"class": "flow-list", "style": f"color:{colours.ink};font-size:14px;line-height:1.35"})
    _add(root, "h2", "Question by question", "font-size:20px;margin:0 0 4px;padding:0")
    _add(root, "p", EXPLANATION, f"color:{colours.quiet};margin:0 0 12px")
    for question in tree.QUESTIONS:
        on_path = any(column in path for column in tree.columns_of(question.number))
        section = _question(root, question, presence(readings, question.number), on_path, colours)
        answers = _add(section, "ul", "", "list-style:none;margin:0;padding:0")
        for column in tree.columns_of(question.number):
            item = _answer(answers, column, readings, colours, likeliest=column in path, selected=column == selected)
            for reading in readings:
                _share(item, reading, column, colours)
            if column == selected:
                _explain(item, column, selected_picture, colours)
    return ET.tostring(root, encoding="unicode", short_empty_elements=False)


def _question(root: ET.Element, question: tree.Question, present: float, on_path: bool, colours: Palette) -> ET.Element:
    """Open a question's section with its text and note."""
    section = _add(root, "section", "", "margin:0 0 18px")
    behind, ink = question_fill(present, on_path, colours), blend(colours.quiet, colours.ink, present)
    style = f"margin:0 0 4px;padding:8px 10px;border-radius:8px;background:{behind};color:{ink};font-size:15px;font-weight:600"
    _add(section, "h3", f"{question.number}. {question.text}", style)
    if question.number in NOTES:
        _add(
            section,
            "p",
            NOTES[question.number],
            f"margin:0 0 4px;padding:0 10px;font-style:italic;color:{colours.quiet}",
        )
    return section


def _answer(
    answers: ET.Element, column: str, readings: list[Reading], colours: Palette, *, likeliest: bool, selected: bool
) -> ET.Element:
    """Open an answer's item with its drawing and name, and say if it is on the likeliest path or selected."""
    question = tree.QUESTION_OF[column]
    present, faded = presence(readings, question.number), is_faded(readings, question.number)
    behind = answer_fill(present, likeliest, colours)
    outline = colours.ring if selected else colours.accent if likeliest else colours.outline
    border = f"border:{2 if selected or likeliest else 1}px solid {outline}"
    style = f"position:relative;display:flex;gap:10px;margin:0 0 4px;padding:5px 8px;border-radius:8px;background:{behind};{border}"
    item = _add(answers, "li", "", style)
    item.set("data-column", column)
    svg = drawing(column, dark=colours is palette(True), size_px=_ICON_PX, faded=faded).encode()
    picture = _add(item, "img", "", f"flex:none;width:{_ICON_PX}px;height:{_ICON_PX}px")
    picture.set("src", "data:image/svg+xml;base64," + b64encode(svg).decode())
    picture.set("alt", "")
    body = _add(item, "div", "", "flex:1;min-width:0")
    head = _add(body, "div", "", "display:flex;gap:8px;align-items:baseline")
    ink, name = blend(colours.quiet, colours.ink, present), tree.ANSWER_OF[column].name
    button = _add(head, "button", name, f"{_BARE};font-weight:{700 if likeliest else 500};color:{ink}")
    button.attrib |= {"type": "button", "aria-label": f"{question.short}: {name}"}
    button.set("aria-pressed", str(selected).lower())
    marks = [mark for mark, holds in (("likeliest path", likeliest), ("selected", selected)) if holds]
    if marks:
        _add(head, "span", ", ".join(marks), f"margin-left:auto;font-size:12px;color:{colours.quiet}")
    return body


def _share(body: ET.Element, reading: Reading, column: str, colours: Palette) -> None:
    """Add one source's line: its name, its share as a bar, and the numbers or why there are none."""
    line = _add(body, "div", "", "display:flex;align-items:center;gap:6px;font-size:12px")
    _add(line, "span", reading.name + ":", f"flex:0 0 68px;overflow-wrap:anywhere;color:{colours.quiet}")
    if reading.state(column) is not State.ASKED:
        _add(line, "span", _why_none(reading, column), f"color:{colours.quiet}")
        return
    track = _add(line, "div", "", f"flex:1;height:8px;border-radius:2px;background:{colours.track}")
    track.attrib |= {"class": "share", "aria-hidden": "true"}
    full = colours.network if reading.is_network else colours.volunteers
    colour = blend(colours.track, full, reading.strength(tree.QUESTION_OF[column].number))
    _add(track, "div", "", f"width:{100 * reading.share(column):.1f}%;height:8px;border-radius:2px;background:{colour}")
    numbers = f"{reading.share_text(column)} ({reading.fractions[tree.INDEX[column]]:.3f})"
    _add(
        line,
        "span",
        numbers,
        f"flex:0 0 {_NUMBERS_PX}px;text-align:right;font-variant-numeric:tabular-nums;color:{colours.ink}",
    )


def _why_none(reading: Reading, column: str) -> str:
    """Write why a source has no numbers for an answer."""
    few = f" (fewer than {100 * HARDLY_ASKED:.0f} in 100 votes)"
    return reading.label(column) + (few if reading.state(column) is State.HARDLY_ASKED else "")


def _explain(body: ET.Element, column: str, picture: str, colours: Palette) -> None:
    """Add to the selected answer what it means and, where there is one, the picture with its saliency."""
    _add(body, "p", tree.ANSWER_OF[column].meaning, f"margin:6px 0 2px;font-size:13px;color:{colours.ink}")
    if picture:
        style = f"width:{_PICTURE_PX}px;max-width:100%;border-radius:8px;display:block;margin:4px 0"
        _add(body, "img", "", style).attrib |= {"src": picture, "alt": ""}  # the page shows it once more, described


def _add(parent: ET.Element, tag: str, text: str, style: str) -> ET.Element:
    """Add a styled element; the tree escapes its text."""
    element = ET.SubElement(parent, tag, {"style": style})
    element.text = text
    return element
