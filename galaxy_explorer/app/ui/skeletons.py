"""What a visitor sees of work that takes a while: what is being done, and outlines as large as what comes."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from galaxy_explorer.flow_chart import HEIGHT, outline

PAGE, PANEL, PICTURE, PICTURES, GALLERY, WORDS, ESTIMATE, FIGURES, CHARTS, TABLE, NETWORK = (
    "page", "panel", "picture", "pictures", "gallery", "words", "estimate", "figures", "charts", "table", "network",
)  # fmt: skip
GALLERY_TILES = 24


@contextmanager
def waiting(what: str, kind: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done, over outlines of what will stand here, until the block is left, also by an error.

    Nothing is seen of it for the first moments, so that quick work does not flicker; after that, what follows on the
    page is set aside, since it shows what was asked for before. The style sheet of all pages sees to both.

    Parameters
    ----------
    what : str
        A few words, with an ellipsis.
    kind : str
        What comes: one of the names above. A page waits for each kind in one place.

    Yields
    ------
    Callable
        Takes other words, when the work comes to its next step.
    """
    place = st.empty()
    try:
        with place.container(key=f"waiting_{kind}"):
            words = st.empty()
            st.html(f'<div class="outline of-{kind}" aria-hidden="true">{OUTLINES[kind]()}</div>')

        def say(what: str) -> None:
            words.html(f'<p class="waiting-for" role="status">{escape(what)}</p>')

        say(what)
        yield say
    finally:
        place.empty()


def _bones(*kinds: str, style: str = "") -> str:
    """Write empty shapes, which the style sheet gives their sizes."""
    return "".join(f'<i class="bone bone-{kind}" style="{style}"></i>' for kind in kinds)


def _row(kind: str, count: int) -> str:
    """Write equal shapes side by side."""
    return f'<div class="outline-row">{_bones(*[kind] * count)}</div>'


def style_of_chart() -> str:
    """Write the style of the flow-chart's outline, here and where the browser has yet to fetch what draws charts."""
    drawing = b64encode(outline().encode()).decode()
    return f"height:{round(HEIGHT)}px;--drawing:url(data:image/svg+xml;base64,{drawing})"


def _panel() -> str:
    """Outline the galaxy panel: the picture and what is set beside it, the sentences, the flow-chart."""
    aside = _bones("square", "text", "box", "text")
    rest = _bones("text", "text", "text", "box") + _bones("chart", style=style_of_chart())
    return f'<div class="outline-panel"><div>{aside}</div><div>{rest}</div></div>'


def _words() -> str:
    """Outline a few lines and the buttons below them."""
    return _bones("text", "text", "box")


def _figures() -> str:
    """Outline some numbers and the chart below them."""
    return _row("number", 3) + _bones("figure")


OUTLINES: dict[str, Callable[[], str]] = {
    PAGE: lambda: _bones("box", "title") + _panel(),
    PANEL: _panel,
    PICTURE: lambda: _bones("square", "text"),
    PICTURES: lambda: _bones(*["square"] * 4),
    GALLERY: lambda: _row("box", 4) + f'<div class="outline-tiles">{_bones(*["square"] * GALLERY_TILES)}</div>',
    WORDS: _words,
    ESTIMATE: _words,
    FIGURES: _figures,
    CHARTS: _figures,
    TABLE: lambda: _bones("table"),
    NETWORK: lambda: _bones("text", "text") + _row("block", 12),
}
