"""Download of the galaxies that match a query, with the answers that it uses."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app.query.filters.ood import ood_scores
from galaxy_explorer.app.query.filters.own_class import ClassRange
from galaxy_explorer.app.query.matching import Matches
from galaxy_explorer.app.query.query import BrowseQuery
from galaxy_explorer.app.services.collections.collection import file_name
from galaxy_explorer.catalogue import ID, Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import OOD_SCORE

HELP = (
    "A row for each of these galaxies, in their order: its id and its 37 vote fractions in the format of the Galaxy "
    "Zoo challenge, empty where unknown; of a network also the out-of-distribution score, and other scores that the "
    "galaxies are filtered by; of a map also their positions on it."
)


Columns = Mapping[str, np.ndarray]  # by name, with a value for each galaxy of the catalogue


def offer_table(catalogue: Catalogue, query: BrowseQuery, matches: Matches, more: Columns | None = None) -> None:
    """Draw the button that downloads all galaxies that match, unless nothing is known of any."""
    if not matches.answers.predicted:
        return
    own_class = query.filter_of(ClassRange)
    parts = [catalogue.name, matches.answers.name, *([file_name(own_class.name)] if own_class else [])]
    name = f"{'_'.join(parts)}.csv".replace(" ", "_")
    make = partial(table_as_csv, catalogue, query, matches, more)
    icon = ":material/download:"
    label = f"Download {len(matches.rows):,} as CSV"
    st.download_button(label, make, name, "text/csv", on_click="ignore", icon=icon, type="tertiary", help=HELP)


def table_as_csv(catalogue: Catalogue, query: BrowseQuery, matches: Matches, more: Columns | None = None) -> bytes:
    """Return the matches as CSV: ids, vote fractions, scores of the filters, more columns."""
    rows, answers = matches.rows, matches.answers
    table = pd.DataFrame(answers.fractions_of(rows), catalogue.table.index[rows].rename(ID), list(COLUMNS))
    if answers.network:
        table[OOD_SCORE] = ood_scores(catalogue, answers.network)[rows]
    for condition in query.filters:
        if (scores := condition.scores(catalogue, matches.network)) is not None and condition.column not in table:
            table[condition.column] = scores[rows]
    for name, values in (more or {}).items():
        table[name] = values[rows]
    return table.to_csv(float_format="%.6g").encode()
