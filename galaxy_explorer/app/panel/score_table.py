"""The 37 numbers of a galaxy as a table, and what can be downloaded of it."""

import io
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app.panel.selected_answer import chosen_answer
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.ui.skeletons import TABLE, waiting
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF, shares_from_fractions
from galaxy_explorer.images import to_png

VOLUNTEERS = ("volunteer_fraction", "volunteer_share", "difference")  # columns that need votes


def scores_table(
    galaxy_id: str,
    fractions: np.ndarray,
    volunteers: np.ndarray | None,
    spread: np.ndarray,
    others: dict[str, np.ndarray],
) -> pd.DataFrame:
    """Put the 37 numbers of a galaxy in a table: question, answer, fractions and shares of both, and what others say."""
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
            "difference": fractions - voted,
            **{f"{other}_fraction": asked for other, asked in others.items()},
        }
    )


def show_scores(galaxy: ShownGalaxy, name: str, fractions: np.ndarray, spread: np.ndarray, lit: np.ndarray) -> None:
    """Show the 37 numbers, and offer them as files."""
    with st.container(key="scores"):
        st.subheader("The 37 scores")
        st.caption(
            "A vote fraction is the share of a question's answers times the share of all votes that reached the "
            "question. The fractions are weighted scores, not probabilities."
        )
        others = [other for other in networks.networks() if other != name]
        if others and st.toggle(f"Ask {' and '.join(others)} too", key="ask_others", persist_state="session"):
            with waiting("Asking the other networks …", TABLE):
                asked = {other: galaxy.prediction(other)[0] for other in others}
        else:
            asked = {}
        table = scores_table(galaxy.galaxy_id, fractions, galaxy.volunteers, spread, asked)
        _show_table(table, name, list(asked), voted=galaxy.volunteers is not None)
        _offer(galaxy, name, fractions, table, lit)


def _show_table(table: pd.DataFrame, name: str, others: list[str], voted: bool) -> None:
    """Show the numbers under words that need no key."""
    shown = table.assign(question=[f"{QUESTION_OF[column].number} · {QUESTION_OF[column].short}" for column in COLUMNS])
    config = st.column_config

    def number(label: str, meaning: str, form: str = "%.3f", width: int = 92) -> Any:
        return config.NumberColumn(label, help=meaning, format=form, width=width)

    votes = {
        "volunteer_fraction": number("volunteers", "The volunteers' vote fraction"),
        "network_fraction": number(name, f"The vote fraction that the network {name} predicts"),
        "network_spread": number(
            "±", "Half the interval meant to hold the volunteers' value in 68 of 100 cases", width=64
        ),
        "difference": number("difference", f"{name} less volunteers", "%+.3f"),
        **{
            f"{other}_fraction": number(other, f"The vote fraction that the network {other} predicts")
            for other in others
        },
        "volunteer_share": number(
            "volunteers' share", "Of the volunteers who were asked, those who said so", width=124
        ),
        "network_share": number(f"{name}'s share", "Of those who would be asked, those who would say so", width=112),
    }
    if not voted:
        votes = {key: column for key, column in votes.items() if key not in VOLUNTEERS}
    columns = {
        "question": config.TextColumn(width=136),
        "answer": config.TextColumn(width=124),
        **votes,
        "column": config.TextColumn("in files", help="The name of this score in tables and downloads", width=80),
    }
    st.dataframe(shown, hide_index=True, height=320, column_order=list(columns), column_config=columns)


def _offer(galaxy: ShownGalaxy, name: str, fractions: np.ndarray, table: pd.DataFrame, lit: np.ndarray) -> None:
    """Offer the scores and the pictures as files."""
    row = pd.DataFrame([fractions], columns=list(COLUMNS), index=pd.Index([galaxy.galaxy_id], name="GalaxyID"))
    stem = f"{galaxy.galaxy_id}_{name}"
    compared = "Network and volunteers as CSV"
    if galaxy.volunteers is None:
        compared, table = "Network as a table (CSV)", table.drop(columns=list(VOLUNTEERS))
    with st.container(horizontal=True):
        for label, content, file in (
            ("Scores as CSV", partial(_csv, row.reset_index()), f"{stem}_scores.csv"),
            (compared, partial(_csv, table), f"{stem}_compared.csv"),
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
