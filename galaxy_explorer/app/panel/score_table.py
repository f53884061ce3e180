"""The 37 scores of a galaxy as a table."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.skeletons import TABLE, waiting
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF, shares_from_fractions

# Why an interval can hold more than 68 %.
ZERO_LOWER = "where it is 0, more than 16 % of such votes are 0, and the interval holds more than 68 %"
VOTE_COLUMNS = ["volunteer_fraction", "volunteer_share", "difference"]


def scores_table(prediction: GalaxyPrediction, others: Mapping[str, GalaxyPrediction]) -> pd.DataFrame:
    """Return the 37 scores as a table, by the network, the volunteers and other networks."""
    galaxy = prediction.galaxy
    votes = np.full(len(COLUMNS), np.nan) if galaxy.volunteers is None else galaxy.volunteers
    return pd.DataFrame(
        {
            "GalaxyID": galaxy.galaxy_id,
            "column": COLUMNS,
            "question": [QUESTION_OF[column].text for column in COLUMNS],
            "answer": [ANSWER_OF[column].name for column in COLUMNS],
            "network_fraction": prediction.fractions,
            "network_lower": prediction.intervals[0],
            "network_upper": prediction.intervals[1],
            "volunteer_fraction": votes,
            "network_share": prediction.shares,
            "volunteer_share": shares_from_fractions(votes),
            "difference": prediction.fractions - votes,
            **{f"{name}_fraction": other.fractions for name, other in others.items()},
        }
    )


def show_scores(prediction: GalaxyPrediction) -> pd.DataFrame:
    """Draw the table of scores, folded, and return it."""
    with st.expander("All 37 scores", icon=":material/table_rows:"), st.container(key="scores"):
        st.caption(
            "A vote fraction is the answer share multiplied by the fraction of all votes that reached the question; "
            "it is not a probability."
        )
        names = [name for name in networks.networks() if name != prediction.model]
        others = {}
        if names and st.toggle(_other_networks(names), key=Key.OTHER_NETWORKS, persist_state="session"):
            with waiting("Predicting with the other networks …", TABLE):
                others = {name: prediction.galaxy.predict(name) for name in names}
        table = scores_table(prediction, others)
        _show_table(table, prediction, list(others))
    return table


def _other_networks(names: list[str]) -> str:
    """Return the label of the switch that shows the other networks' scores."""
    return f"Show the other network ({networks.label(names[0])})" if len(names) == 1 else "Show the other networks"


def _show_table(table: pd.DataFrame, prediction: GalaxyPrediction, others: list[str]) -> None:
    """Draw the table, with labels and explanations of its columns."""
    model = prediction.label
    config = st.column_config

    def number(label: str, meaning: str, form: str = "%.3f", width: int = 92) -> Any:
        return config.NumberColumn(label, help=meaning, format=form, width=width)

    columns = {
        "question": config.TextColumn(width=136),
        "answer": config.TextColumn(width=124),
        "volunteer_fraction": number("volunteers", "Vote fraction of the volunteers"),
        "network_fraction": number(model, f"Vote fraction predicted by the {model} network"),
        "network_lower": number("lower", f"Lower end of the 68 % prediction interval; {ZERO_LOWER}", width=64),
        "network_upper": number("upper", "Upper end of the 68 % prediction interval", width=64),
        "difference": number("difference", f"{model} minus volunteers", "%+.3f"),
        **{
            f"{name}_fraction": number(networks.label(name), f"Vote fraction predicted by {networks.label(name)}")
            for name in others
        },
        "volunteer_share": number("volunteers' share", "Answer share of the volunteers", width=124),
        "network_share": number("network's share", f"Answer share predicted by the {model} network", width=112),
        "column": config.TextColumn("column", help="Name of the score in tables and downloads", width=80),
    }
    shown = [name for name in columns if prediction.galaxy.volunteers is not None or name not in VOTE_COLUMNS]
    table = table.assign(question=[f"{QUESTION_OF[column].number} · {QUESTION_OF[column].short}" for column in COLUMNS])
    st.dataframe(table, hide_index=True, height=320, column_order=shown, column_config=columns)
