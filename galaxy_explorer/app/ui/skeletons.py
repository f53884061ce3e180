"""Skeletons: outlines as large as the content that is being computed, with a text."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from galaxy_explorer.flow_chart import Layout, layout_of, outline

PAGE, PANEL, PREDICTION, LINE, PICTURES = "page", "panel", "prediction", "line", "pictures"
GALLERY, WORDS, ESTIMATE, FIGURES = "gallery", "words", "estimate", "figures"
CHARTS, TABLE, NETWORK = "charts", "table", "network"
GALLERY_TILES = 24


class Waiting:
    """A skeleton on the page, with a text."""

    def __init__(self, kind: str) -> None:
        self._text = st.empty()
        st.html(f'<div class="outline of-{kind}" aria-hidden="true">{OUTLINES[kind]()}</div>')

    def __call__(self, text: str) -> None:
        """Set the text."""
        self._text.html(f'<p class="waiting-for" role="status">{escape(text)}</p>')


@contextmanager
def waiting(text: str, kind: str) -> Iterator[Waiting]:
    """Show a text over a skeleton until the block ends, also by an error.

    The style sheet shows it only after a moment, so that quick work does not flicker; then it hides the rest of the
    page, which shows an earlier request.

    Parameters
    ----------
    text : str
        A few words, with an ellipsis.
    kind : str
        The content: one of the names above. A page waits for each kind in one place.

    Yields
    ------
    Waiting
        Sets another text when it is called.
    """
    slot = st.empty()
    try:
        with slot.container(key=f"waiting_{kind}"):
            shown = Waiting(kind)
        shown(text)
        yield shown
    finally:
        slot.empty()


def _bones(*kinds: str, style: str = "") -> str:
    """Return empty shapes, whose sizes are in the style sheet."""
    return "".join(f'<i class="bone bone-{kind}" style="{style}"></i>' for kind in kinds)


def _row(kind: str, count: int) -> str:
    """Return equal shapes in a row."""
    return f'<div class="outline-row">{_bones(*[kind] * count)}</div>'


def style_of_chart(layout: Layout | None = None) -> str:
    """Return the style of the flow-chart's outline, also until the browser has loaded plotly."""
    layout = layout or layout_of()
    drawing = b64encode(outline(layout).encode()).decode()
    return f"height:{round(layout.height)}px;--drawing:url(data:image/svg+xml;base64,{drawing})"


def _panel() -> str:
    """Return the outline of the galaxy panel: picture, sentences, flow-chart."""
    return f'<div class="outline-panel"><div>{_bones("square", "box")}</div><div>{_prediction()}</div></div>'


def _prediction() -> str:
    """Return the outline of a sentence and the flow-chart."""
    return _bones("title", "text") + _bones("chart", style=style_of_chart())


def _words() -> str:
    """Return the outline of a few lines with buttons."""
    return _bones("text", "text", "box")


def _figures() -> str:
    """Return the outline of some numbers with a chart."""
    return _row("number", 3) + _bones("figure")


OUTLINES: dict[str, Callable[[], str]] = {
    PAGE: lambda: _bones("box", "title") + _panel(),
    PANEL: _panel,
    PREDICTION: _prediction,
    LINE: lambda: "",
    PICTURES: lambda: _bones(*["square"] * 4),
    GALLERY: lambda: _row("box", 4) + f'<div class="outline-tiles">{_bones(*["square"] * GALLERY_TILES)}</div>',
    WORDS: _words,
    ESTIMATE: _words,
    FIGURES: _figures,
    CHARTS: _figures,
    TABLE: lambda: _bones("table"),
    NETWORK: lambda: _bones("text", "text") + _row("block", 12),
}
