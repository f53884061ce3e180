"""Your votes: where the visitor agrees with the volunteers, at ``?source=NAME``."""

from pathlib import Path

import numpy as np
import streamlit as st

from galaxy_explorer.app import paths
from galaxy_explorer.app.agreement.files import show_files
from galaxy_explorer.app.agreement.table import summary, table_html
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.own_votes import session
from galaxy_explorer.app.ui.buttons.kept_votes import keep_votes
from galaxy_explorer.app.ui.tiles import show_tiles
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.app.ui.wording import galaxies_in_words, with_full_stop
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.decision_tree import label_of
from galaxy_explorer.votes import Ballot, agreement, differences

STYLE = Path(__file__).with_name("agreement.css")
MAX_TILES = 12
METHOD = (
    "“You” is the chance that a random volunteer gave your answer: the mean of its share. “Two volunteers” is the "
    "chance that two random volunteers gave the same answer: the mean of the sum of the squared shares, of the same "
    "galaxies and questions. A difference counts from two standard errors on. The shares are those of the votes that "
    "the source has, debiased ones by default."
)


def votes_by_galaxy(catalogue: Catalogue, ballots: list[Ballot]) -> dict[str, np.ndarray]:
    """Return the volunteers' vote fractions of the galaxies of some ballots, by id."""
    galaxies = [ballot.galaxy for ballot in ballots if ballot.galaxy in catalogue]
    fractions = catalogue.subset(galaxies).volunteer_fractions
    return {galaxy: row for galaxy, row in zip(galaxies, fractions, strict=True) if np.isfinite(row).any()}


def show_agreement(source: str, catalogue: Catalogue, ballots: list[Ballot]) -> None:
    """Draw the comparison with the volunteers, if there are enough votes for it."""
    votes = votes_by_galaxy(catalogue, ballots)
    if not votes:
        st.info("There are no votes of volunteers on these galaxies to compare yours with.")
        return
    if (left := session.ENOUGH - len(votes)) > 0:
        st.info(
            f"{left} more {'galaxy' if left == 1 else 'galaxies'}, and you see where you agree with the volunteers."
        )
        return
    if catalogue.simulated:
        st.caption("The volunteers of these galaxies are simulated.")
    found = agreement(ballots, votes)
    st.markdown(summary(found[0]))
    st.html(table_html(found))
    with st.expander("How this is computed", icon=":material/function:"):
        st.markdown(METHOD)
    differing = differences(ballots, votes)[:MAX_TILES]
    if differing:
        st.subheader("Where few volunteers say what you say", anchor=False)
        captions: dict[str, str] = {}
        for one in differing:
            share = f"{100 * one.my_share:.0f}\u00a0%"
            captions.setdefault(one.galaxy, f"**You: {label_of(one.mine)}**  \n{share}; most: {label_of(one.theirs)}")
        params = {"source": source} | sources.vote_params(catalogue)
        with st.container(key="gallery"):
            show_tiles(catalogue, params, captions, "differing")


@st.fragment
def show_votes(source: str, catalogue: Catalogue) -> None:
    """Draw all about the visitor's votes on a source."""
    ballots = session.own(source)
    st.markdown(f"You have voted on **{galaxies_in_words(len(ballots))}** of {sources.source_label(source)}.")
    with st.container(horizontal=True):
        label = "Continue voting" if ballots else "Vote on these galaxies"
        st.page_link(paths.VOTE, label=label, icon=":material/how_to_vote:", query_params={"source": source})
    if ballots:
        show_agreement(source, catalogue, ballots)
    show_files(source, catalogue)
    keep_votes()


def page() -> None:
    """Draw the page."""
    st.html(STYLE)
    st.title("Your votes", anchor=False)
    source = sources.current_source()
    warn_once([*unknown_params(("source", "votes")), *sources.unknown_source()])
    try:
        catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {with_full_stop(error)}")
        st.page_link(paths.BROWSE, label="Browse galaxies", icon=":material/grid_view:")
        return
    show_votes(source, catalogue)


page()
