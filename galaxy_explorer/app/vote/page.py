"""Vote: the questions of Galaxy Zoo 2 about one galaxy after another."""

import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.asking.prediction import predict_soon
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy, galaxy_of
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.own_votes import session
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.ui.buttons.kept_votes import keep_votes
from galaxy_explorer.app.ui.skeletons import GALLERY, waiting
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.app.ui.wording import with_full_stop
from galaxy_explorer.app.vote.questions import STYLES, ask, forget
from galaxy_explorer.app.vote.queue import URL_PARAMS, Queue, queue_of_url
from galaxy_explorer.app.vote.result import show_result
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.images import ImageError

MAX_UNREADABLE = 20
TOO_MANY = (
    f"This vote is not kept: there are {session.MAX_VOTES:,} already, as many as fit. Download them on “Your votes”, "
    "then delete them there."
)


def current_galaxy(queue: Queue, catalogue: Catalogue) -> ShownGalaxy | None:
    """Return the galaxy to vote on, the next one after `advance`; None after the last."""
    here = state.vote()
    if here.galaxy is None or here.galaxy[0] != queue.source or here.galaxy[1] not in catalogue:
        here.galaxy = None
    named = here.galaxy is not None and here.galaxy[1] == st.query_params.get("galaxy")
    if here.galaxy in state.votes().kept and not named and not state.asking().answers:
        here.galaxy = None  # chosen before the browser had sent the votes
    for _ in range(MAX_UNREADABLE):
        if here.galaxy is None:
            following = queue.following(catalogue)
            if following is None:
                return None
            here.galaxy = (queue.source, following)
        try:
            return galaxy_of(*here.galaxy)
        except (CatalogueError, ImageError, OSError):  # another one will do
            advance(skip=True)
    return None


def advance(skip: bool = False) -> None:
    """Turn to the next galaxy."""
    here = state.vote()
    if skip and here.galaxy:
        here.skipped.add(here.galaxy)
    here.galaxy = None
    forget()


def show_end(queue: Queue, catalogue: Catalogue) -> None:
    """Draw what follows the last galaxy."""
    st.title("Vote", anchor=False)
    st.markdown(
        f"**You have voted on {queue.done(catalogue):,} of these {len(queue.rows):,} galaxies.** None are left."
    )
    with st.container(horizontal=True):
        st.page_link(paths.AGREEMENT, label="Your votes", icon=":material/rule:", query_params={"source": queue.source})
        st.page_link(paths.BROWSE, label="Choose others in Browse", icon=":material/grid_view:")


def show_answers(queue: Queue, catalogue: Catalogue, galaxy: ShownGalaxy, answers: tuple[str, ...]) -> None:
    """Draw the comparison after a vote, and the ways on."""
    theme.follow_theme()
    is_kept = session.add(queue.source, galaxy.galaxy_id, answers)
    for style in STYLES:
        st.html(style)
    with st.container(key="voted"):
        st.title("Vote", anchor=False)
        if not is_kept:
            st.warning(TOO_MANY)
        show_ways(queue, catalogue, galaxy.galaxy_id)
        with st.container(key="voted_on"):
            st.image(galaxy.shown, width=220, alt="The galaxy that you voted on")
            with st.container(key="voted_words"):
                show_result(galaxy, answers)


def show_ways(queue: Queue, catalogue: Catalogue, galaxy_id: str) -> None:
    """Draw the buttons to the next galaxy, and the links to this one and to all votes."""
    count = len(session.own(queue.source))
    with st.container(key="ways_on", horizontal=True, vertical_alignment="center"):
        st.button("Next galaxy", type="primary", icon=":material/arrow_forward:", on_click=advance, shortcut="N")
        params = {"source": queue.source}
        label = f"Your {count:,} votes" if count > 1 else "Your votes"
        st.page_link(paths.AGREEMENT, label=label, icon=":material/rule:", query_params=params)
        more = params | {"galaxy": galaxy_id} | sources.vote_params(catalogue)
        st.page_link(paths.GALAXY, label="All about this galaxy", icon=":material/flare:", query_params=more)
    if (left := session.ENOUGH - count) > 0 and catalogue.votes.known.any():
        st.caption(f"After {session.ENOUGH} galaxies you see where you agree with the volunteers: {left} to go.")


@st.fragment
def show_vote(source: str, catalogue: Catalogue, queue: Queue) -> None:
    """Draw the question, or the comparison; the rest of the page stays."""
    galaxy = current_galaxy(queue, catalogue)
    if galaxy is None:
        show_end(queue, catalogue)
        keep_votes()
        return
    done, name = queue.done(catalogue), sources.source_label(source)
    kept = state.votes().kept.get((source, galaxy.galaxy_id))
    if kept and not state.asking().answers:  # the visitor has seen the others' answers: this vote is final
        answers: tuple[str, ...] | None = kept[0]
    else:
        answers = ask(galaxy, note=f"{name}, {queue.name}: {done + 1:,} of {len(queue.rows):,}")
    if answers is None:
        if state.asking().answers:  # a visitor who only passes by needs no network
            predict_soon(galaxy)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Skip this galaxy", type="tertiary", icon=":material/skip_next:", on_click=advance, args=(True,))
            params = {"source": source}
            st.page_link(paths.CLASSROOM, label="A class votes", icon=":material/school:", query_params=params)
    else:
        show_answers(queue, catalogue, galaxy, answers)
    keep_votes()


def page() -> None:
    """Draw the page."""
    source = sources.current_source()
    try:
        with waiting(sources.opening(source), GALLERY):
            catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.title("Vote", anchor=False)
        st.error(f"These galaxies cannot be opened: {with_full_stop(error)}")
        st.page_link(paths.BROWSE, label="Browse galaxies", icon=":material/grid_view:")
        return
    state.shared().source = source
    queue, messages = queue_of_url(source, catalogue)
    wanted = st.query_params.get("galaxy")
    if state.shared().arrived:
        state.vote().galaxy = (source, wanted) if wanted and wanted in catalogue else None
        forget()
    warn_once([*messages, *unknown_params(URL_PARAMS), *sources.unknown_source()])
    show_vote(source, catalogue, queue)


page()
