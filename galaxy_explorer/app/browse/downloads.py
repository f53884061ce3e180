"""Download of the galaxies that Browse shows, with the answers that it uses."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app.browse.filters.ood import ood_scores
from galaxy_explorer.app.browse.matching import Matches
from galaxy_explorer.app.services.answers import Answers
from galaxy_explorer.catalogue import ID, Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import OOD_SCORE

HELP = (
    "A row for each of these galaxies, in their order: its id and its 37 vote fractions in the format of the Galaxy "
    "Zoo challenge, empty where unknown; of a network also the out-of-distribution score."
)


def offer_table(catalogue: Catalogue, matches: Matches) -> None:
    """Draw the button that downloads the galaxies in all pages of the gallery."""
    name = f"{catalogue.name}_{matches.answers.name}.csv".replace(" ", "_")
    make = partial(table_as_csv, catalogue, matches.answers, matches.rows)
    icon = ":material/download:"
    label = f"Download {len(matches.rows):,} as CSV"
    st.download_button(label, make, name, "text/csv", on_click="ignore", icon=icon, type="tertiary", help=HELP)


def table_as_csv(catalogue: Catalogue, answers: Answers, rows: np.ndarray) -> bytes:
    """Return some rows of a catalogue as CSV: ids, vote fractions, OOD scores of a network."""
    table = pd.DataFrame(answers.fractions_of(rows), catalogue.table.index[rows].rename(ID), list(COLUMNS))
    if answers.network:
        table[OOD_SCORE] = ood_scores(catalogue, answers.network)[rows]
    return table.to_csv(float_format="%.6g").encode()
