"""Votes as files: a log, the data set, and logs of other people."""

import io
import zipfile

import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.services.own_votes import session
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.wording import escape_markdown
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.votes import RAW, files_of, read_ballots

CSV = "text/csv"
MAX_MB = 5
DATA_SET_HELP = (
    "scores.csv (vote fractions of all who voted, weighted as in Galaxy Zoo 2), counts.csv and votes.csv. Next to the "
    "pictures they open in the app and train a network."
)
LOG_HELP = "A votes.csv that someone saved here. It is read for this page and the answers of Browse, and not stored."


def data_set(source: str) -> bytes:
    """Return the data set of all votes on galaxies of a source, as a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in files_of(session.everyone(source)).items():
            written.writestr(name, content)
    return file.getvalue()


def own_log(source: str) -> bytes:
    """Return the visitor's own votes, as a log."""
    return files_of(session.own(source))[RAW]


def show_files(source: str, catalogue: Catalogue) -> None:
    """Draw the downloads, the name in them, the logs of others, and what deletes all."""
    mine, everyone = session.own(source), session.everyone(source)
    st.subheader("Votes as files", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="vote_files"):
        if mine:
            name = f"votes-{session.voter()}.csv"
            st.download_button(
                "Your votes (CSV)",
                lambda: own_log(source),
                name,
                CSV,
                icon=":material/download:",
                on_click="ignore",
                key="own_log",
            )
        if everyone:
            st.download_button(
                "Data set of all votes (zip)",
                lambda: data_set(source),
                "our-votes.zip",
                "application/zip",
                icon=":material/download:",
                help=DATA_SET_HELP,
                on_click="ignore",
                key="data_set",
            )
            ours = {"source": source, "answers": "ours"}
            st.page_link(paths.BROWSE, label="Open in Browse", icon=":material/grid_view:", query_params=ours)
    _show_people(source, catalogue)
    with st.container(horizontal=True, vertical_alignment="center", key="vote_tools"):
        _rename()
        _open_log(source)
        if mine or everyone:
            _delete()
    if state.votes().message:
        st.info(escape_markdown(state.votes().message), icon=":material/upload_file:")


def _show_people(source: str, catalogue: Catalogue) -> None:
    """Draw how many votes of how many people there are."""
    everyone = session.everyone(source)
    people = {ballot.voter for ballot in everyone}
    if len(people) > 1:
        galaxies = {ballot.galaxy for ballot in everyone}
        here = sum(galaxy in catalogue for galaxy in galaxies)
        elsewhere = f" {len(galaxies) - here:,} more are not in this source." if here < len(galaxies) else ""
        st.markdown(f"{len(everyone):,} votes of {len(people):,} people on {here:,} galaxies.{elsewhere}")


def _rename() -> None:
    """Draw the form of the visitor's name in files."""
    with st.popover("Your name in files", icon=":material/badge:", type="tertiary"), st.form("voter", border=False):
        text = st.text_input("Name", session.voter(), key=Key.VOTER, max_chars=session.MAX_NAME)
        if st.form_submit_button("Set the name") and text.strip():
            session.rename(text)
            st.rerun()


def _open_log(source: str) -> None:
    """Draw the opening of a log."""

    def read() -> None:
        for file in state.widget(Key.VOTE_LOG) or ():
            try:
                own, others = session.add_log(source, read_ballots(file.getvalue(), file.name))
            except ValueError as error:
                state.votes().message = f"{file.name} was not added: {error}"
                return
            state.votes().message = f"{file.name}: {others:,} votes of others and {own:,} of yours were added."

    with st.popover("Add votes of others", icon=":material/group_add:", type="tertiary"):
        st.file_uploader(
            "Logs of votes (CSV)",
            key=Key.VOTE_LOG,
            on_change=read,
            accept_multiple_files=True,
            max_upload_size=MAX_MB,
            help=LOG_HELP,
        )


def _delete() -> None:
    """Draw what deletes all votes, after a second press."""
    with st.popover("Delete all votes", icon=":material/delete:", type="tertiary"):
        st.markdown("Your votes on all sources are deleted from this browser. This cannot be undone.")
        st.button("Delete them", type="primary", on_click=session.clear, key="delete_votes")
