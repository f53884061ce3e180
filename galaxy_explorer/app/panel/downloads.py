"""The Download menu of a galaxy: scores, pictures, chart, and a card to share."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from galaxy_explorer.app.panel.saliency import Choices, with_map
from galaxy_explorer.app.panel.score_table import VOTE_COLUMNS
from galaxy_explorer.app.panel.selected_answer import selected_answer
from galaxy_explorer.app.panel.share_card import card_of, to_pdf
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction
from galaxy_explorer.app.state import Key
from galaxy_explorer.decision_tree import COLUMNS, label_of
from galaxy_explorer.images import to_png

MIME = {"csv": "text/csv", "png": "image/png", "pdf": "application/pdf"}
# The chart is saved by the browser, which has drawn it: plotly's own button, with the format set before.
CHART_BUTTONS = """
<div class="chart-files">
  <button type="button" data-format="svg">Flow-chart (SVG)</button>
  <button type="button" data-format="png">Flow-chart (PNG)</button>
</div>
"""
CHART_SCRIPT = """
export default function ({ parentElement }) {
  parentElement.onclick = (event) => {
    const format = event.target.dataset.format;
    const chart = document.querySelector(".st-key-flow_chart .js-plotly-plot");
    const save = chart?.querySelector(".modebar-btn[data-attr], .modebar-btn");
    if (!format || !save) return;
    const options = (chart._context.toImageButtonOptions ??= {});
    const before = options.format;
    options.format = format;
    save.click();
    options.format = before;
  };
}
"""


class Download(NamedTuple):
    """A file of the menu, written when its button is pressed."""

    label: str
    write: Callable[[], bytes]
    file: str


def offer_downloads(prediction: GalaxyPrediction, table: pd.DataFrame, choices: Choices) -> None:
    """Draw the menu."""
    with st.popover("Download", icon=":material/download:"), st.container(key="downloads", gap="small"):
        for title, files in _files(prediction, table, choices).items():
            st.markdown(f"**{title}**")
            with st.container(horizontal=True, gap="small"):
                for each in files:
                    mime = MIME[each.file.rpartition(".")[2]]
                    st.download_button(each.label, each.write, each.file, mime, on_click="ignore")
            if title == "Picture":
                component = st.components.v2.component(
                    "chart_files", html=CHART_BUTTONS, js=CHART_SCRIPT, isolate_styles=False
                )
                component(key=Key.CHART_FILES)


def _files(prediction: GalaxyPrediction, table: pd.DataFrame, choices: Choices) -> dict[str, list[Download]]:
    """Return the files by the heading under which they stand."""
    galaxy, column = prediction.galaxy, selected_answer()
    stem = f"{galaxy.galaxy_id}_{prediction.model}"
    compared = "Network and volunteers (CSV)"
    if galaxy.volunteers is None:
        compared, table = "Network as a table (CSV)", table.drop(columns=VOTE_COLUMNS)
    mapped = partial(_mapped, prediction, column, choices)
    return {
        "Card to share": [
            Download("Card (PNG)", lambda: to_png(card_of(prediction)), f"{stem}_card.png"),
            Download("Card (PDF)", lambda: to_pdf(card_of(prediction), galaxy.name), f"{stem}_card.pdf"),
        ],
        "Picture": [
            Download("Picture (PNG)", partial(to_png, galaxy.picture), f"{galaxy.galaxy_id}.png"),
            Download(f"Where it looked for “{label_of(column)}” (PNG)", mapped, f"{stem}_{column}.png"),
        ],
        "Scores": [
            Download("Scores (CSV)", partial(_scores, prediction), f"{stem}_scores.csv"),
            Download(compared, partial(_csv, table), f"{stem}_compared.csv"),
        ],
    }


def _mapped(prediction: GalaxyPrediction, column: str, choices: Choices) -> bytes:
    """Return the picture with the saliency map of an answer as PNG."""
    return to_png(with_map(prediction, column, choices))


def _scores(prediction: GalaxyPrediction) -> bytes:
    """Return the network's scores in the challenge's format."""
    galaxy = prediction.galaxy
    index: Any = pd.Index([galaxy.galaxy_id], name="GalaxyID")
    row = pd.DataFrame([prediction.fractions], columns=list(COLUMNS), index=index)
    return _csv(row.assign(**galaxy.columns).reset_index())


def _csv(table: pd.DataFrame) -> bytes:
    """Format a table as CSV."""
    return table.to_csv(index=False, float_format="%.6f").encode()
