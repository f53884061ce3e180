"""Which of the volunteers' votes the pages show, for galaxies that come with more than one kind."""

import streamlit as st

from galaxy_explorer.app.services import sources
from galaxy_explorer.catalogue import DEBIASED, WEIGHTED, Catalogue

HELP = (
    "Debiased votes estimate what volunteers would have said with every galaxy at the same, small distance, since detail "
    "is lost with distance (Willett et al. 2013, Hart et al. 2016). Weighted votes are what they did say, each volunteer counted by how "
    "well they agree with the others (Willett et al. 2013)."
)


def choose_votes(source: str, catalogue: Catalogue) -> None:
    """Offer the kinds of votes of a source that has several."""
    if not catalogue.vote_kind:
        return
    st.session_state["choose_votes"] = catalogue.vote_kind

    def chosen() -> None:
        """Show the other votes, and say so in the address."""
        st.session_state["vote_kind"] = st.session_state["choose_votes"]
        st.query_params.pop("votes", None)
        st.query_params.update(sources.votes_in_address(sources.catalogue(source)))

    st.segmented_control(
        "Volunteers' votes", [DEBIASED, WEIGHTED], required=True, help=HELP, key="choose_votes", on_change=chosen
    )


def say_votes(catalogue: Catalogue) -> None:
    """Say which kind is shown, where there are several."""
    if catalogue.vote_kind:
        st.caption(f"The volunteers' votes are {catalogue.vote_kind} ones. Browse lets you choose.", help=HELP)
