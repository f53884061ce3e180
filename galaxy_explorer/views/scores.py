"""The 37 numbers of a galaxy as a table, and what can be downloaded of it."""

import io
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF, shares_from_fractions
from galaxy_explorer.images import to_png
from galaxy_explorer.views.answers import chosen_answer
from galaxy_explorer.views.resources import ShownGalaxy


def scores_table(
    galaxy_id: str, fractions: np.ndarray, volunteers: np.ndarray | None, spread: np.ndarray
) -> pd.DataFrame:
    """Put the 37 numbers of a galaxy in a table: question, answer, fractions and shares of both."""
    voted = np.full(len(COLUMNS), np.nan) if volunteers is None else volunteers
    return pd.DataFrame(
        {
            "GalaxyID": galaxy_id,
            "column": COLUMNS,
            "question": [QUESTION_OF[name].text for name in COLUMNS],
            "answer": [ANSWER_OF[name].name for name in COLUMNS],
            "network_fraction": fractions,
            "network_spread": spread,
            "volunteer_fraction": voted,
            "network_share": shares_from_fractions(fractions),
            "volunteer_share": shares_from_fractions(voted),
        }
    )


def show_scores(galaxy: ShownGalaxy, name: str, fractions: np.ndarray, spread: np.ndarray, lit: np.ndarray) -> None:
    """Show the 37 numbers, and offer them as files."""
    table = scores_table(galaxy.galaxy_id, fractions, galaxy.volunteers, spread)
    with st.container(key="scores"):
        st.subheader("The 37 scores")
        st.caption(
            "A vote fraction is the share of a question's answers times the share of all votes that reached the "
            "question. The fractions are weighted scores, not probabilities."
        )
        number = st.column_config.NumberColumn(format="%.3f")
        unknown = [] if galaxy.volunteers is not None else ["volunteer_fraction", "volunteer_share"]
        st.dataframe(
            table.drop(columns=["GalaxyID", *unknown]),
            hide_index=True,
            height=320,
            column_config={name: number for name in table.columns if name.endswith(("fraction", "spread", "share"))},
        )
        row = pd.DataFrame([fractions], columns=list(COLUMNS), index=pd.Index([galaxy.galaxy_id], name="GalaxyID"))
        stem = f"{galaxy.galaxy_id}_{name}"
        with st.container(horizontal=True):
            for label, content, file in (
                ("Scores as CSV", partial(_csv, row.reset_index()), f"{stem}_scores.csv"),
                (
                    "Network as a table (CSV)" if unknown else "Network and volunteers as CSV",
                    partial(_csv, table.drop(columns=unknown)),
                    f"{stem}_compared.csv",
                ),
                ("Picture", partial(to_png, galaxy.picture), f"{galaxy.galaxy_id}.png"),
                ("Picture with saliency", partial(to_png, lit), f"{stem}_{chosen_answer()}.png"),
            ):
                kind = "text/csv" if file.endswith("csv") else "image/png"
                st.download_button(label, content, file, kind, icon=":material/download:", on_click="ignore")


def _csv(table: pd.DataFrame) -> bytes:
    """Write a table as CSV."""
    text = io.StringIO()
    table.to_csv(text, index=False, float_format="%.6f")
    return text.getvalue().encode()
