"""Mean answers of a collection, compared with all galaxies of the catalogue."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app.collections import gallery
from galaxy_explorer.app.services.answers import Answers, answers_of
from galaxy_explorer.app.services.collections.collection import Collection
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, QUESTION_OF, columns_of, label_of, mass_of, shares_from_fractions

FEW = 3  # galaxies, below which a mean says little
MAX_SHOWN = 8


def show(collection: Collection) -> None:
    """Draw the answers in which the galaxies differ most from all, and a table of all 37."""
    source = gallery.main_source(collection)
    catalogue = gallery.open_source(source) if source else None
    if catalogue is None:
        return
    rows = catalogue.table.index.get_indexer(pd.Index(collection.ids(source)))
    answers = answers_of(catalogue)
    table = mean_table(catalogue, answers, rows[rows >= 0])
    if table is None:
        return
    st.subheader("What they have in common", anchor=False)
    by = f"predicted by the {answers.label} network" if answers.network else "by the volunteers"
    st.caption(f"Mean answer shares {by}, where they differ most from those of all galaxies.")
    st.dataframe(table.loc[most_telling(table)], **_layout("mean_differences"))
    with st.expander("All 37 answers", icon=":material/table_rows:"):
        st.dataframe(table, **_layout("mean_answers"))


def most_telling(table: pd.DataFrame) -> list[int]:
    """Return the rows of `mean_table` that differ most, the most different first.

    Answers such as "no bar", which "bar" implies, are left out. What few votes reach tells little: a difference
    counts as far as votes reach its question.
    """
    implied = np.array([columns_of(QUESTION_OF[name].number)[1:] == (name,) for name in COLUMNS])
    difference = ((table["these"] - table["all"]).abs() * table["reached"]).mask(implied, -1.0)
    return difference.sort_values(ascending=False, kind="stable").index[:MAX_SHOWN].tolist()


def mean_table(catalogue: Catalogue, answers: Answers, rows: np.ndarray) -> pd.DataFrame | None:
    """Return mean answer shares (%) of some galaxies and of all; None if few have answers."""
    these = answers.fractions_of(rows)
    these = these[np.isfinite(these).all(axis=1)]
    if len(these) < FEW:
        return None

    def mean_of_all() -> np.ndarray:
        return np.array([np.nanmean(answers.votes.fractions(name), dtype=float) for name in COLUMNS])

    everyone = catalogue_result(catalogue, ("mean answers", answers.key), mean_of_all)
    # Shares of the mean fractions: a galaxy counts in a question as far as its votes reach it.
    shares = [100 * shares_from_fractions(mean) for mean in (these.mean(axis=0), everyone)]
    questions = [QUESTION_OF[name].text for name in COLUMNS]
    labels = [label_of(name) for name in COLUMNS]
    table = pd.DataFrame({"question": questions, "answer": labels, "these": shares[0], "all": shares[1]})
    masses = [mass_of(QUESTION_OF[name].number, np.stack([these.mean(axis=0), everyone])).min() for name in COLUMNS]
    return table.assign(reached=masses)  # the smaller mass of the votes that reach the question, here or everywhere


def _layout(key: str) -> dict[str, Any]:
    """Return the layout of a table of shares."""
    config = st.column_config
    bar: dict[str, Any] = {"format": "%.0f %%", "min_value": 0, "max_value": 100}
    columns: dict[str, Any] = {
        "question": config.TextColumn(width="medium"),
        "answer": config.TextColumn(width="medium"),
        "these": config.ProgressColumn("these galaxies", **bar),
        "all": config.ProgressColumn("all galaxies", **bar),
    }
    order = ["question", "answer", "these", "all"][key == "mean_differences" :]
    return {"hide_index": True, "column_config": columns, "column_order": order}
