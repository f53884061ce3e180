"""Downloads of a class."""

import re

import streamlit as st

from galaxy_explorer.app.services.classroom.rooms import class_galaxies, class_store
from galaxy_explorer.classroom import Classroom
from galaxy_explorer.classroom.tables import ballots_of, data_set_zip, votes_csv

EXPLANATION = (
    "The table has one line for each pupil and galaxy. The data set opens in Browse, under “Open a folder”, and "
    "`train.py --data` trains with it; its `scores.csv` weighs consistent voters as Galaxy Zoo 2 does."
)


def offer_files(classroom: Classroom) -> None:
    """Draw the downloads; the files are made when they are asked for."""
    store, name = class_store(), re.sub(r"[^\w-]+", "_", classroom.title).strip("_") or "class"

    def gathered() -> tuple:
        galaxies = class_galaxies(classroom)
        return galaxies, ballots_of(galaxies, store.pupils(classroom.class_id), store.votes(classroom.class_id))

    st.download_button(
        "All votes (CSV)", lambda: votes_csv(*gathered()), f"{name}.csv", "text/csv", on_click="ignore", width="stretch"
    )
    st.download_button(
        "Data set (zip)",
        lambda: data_set_zip(*gathered()),
        f"{name}.zip",
        "application/zip",
        on_click="ignore",
        width="stretch",
    )
    st.caption(EXPLANATION)
