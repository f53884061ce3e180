"""Sources of galaxies: the catalogues that a visitor can open, and their thumbnails."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from galaxy_explorer.app.services.local_paths import free_name, full_path, may_be_typed, typed_folders
from galaxy_explorer.app.services.result_cache import Memo
from galaxy_explorer.app.services.thumbnails import Thumbnails
from galaxy_explorer.app.ui.url_params import left_out, suggestion
from galaxy_explorer.app.ui.wording import cut, escaped
from galaxy_explorer.catalogue import DEBIASED, LIVE, SAMPLE, WEIGHTED, Catalogue, LiveDraw, draw_named, open_catalogue
from galaxy_explorer.decision_tree import name_of
from galaxy_explorer.images import ImageError
from galaxy_explorer.sky import deadline
from galaxy_explorer.storage import cache_folder

if TYPE_CHECKING:
    pass


GALLERY_SECONDS = 20.0  # for the pictures of one page of live galaxies; those that take longer are left out
LIVE_SECONDS = 86_400.0  # for which a draw of live galaxies stays in memory


def sources() -> dict[str, str]:
    """List the sources of galaxies that this visitor can open.

    Returns
    -------
    dict of str to str
        What `open_catalogue` takes, by the source's name: the folder of ``GALAXY_EXPLORER_DATA``, folders
        that were typed in, the bundled sample, and draws of live galaxies (asked for when they are opened).
    """
    return _folders() | {SAMPLE: SAMPLE} | {name: name for name in _live_draws()}


def _folders() -> dict[str, str]:
    """Name the folders on disk that this visitor can open."""
    found = {}
    if folder := os.environ.get("GALAXY_EXPLORER_DATA"):
        found[_name_of(folder)] = folder
    if may_be_typed():
        found |= {name: path for name, path in typed_folders().items() if name not in found}
    return found


def _live_draws() -> list[str]:
    """Name the draws of live galaxies: the usual one, this visitor's own, and the one in the page's address."""
    asked = (st.session_state.get("live_draw"), st.session_state.get("source"), st.query_params.get("source"))
    return list(dict.fromkeys([LIVE, *(name for name in asked if name and draw_named(name))]))


def add_folder(folder: str) -> str:
    """Open a folder that the visitor typed in as it is now, and remember it; give the source's name.

    Raises
    ------
    CatalogueError
        When there are no galaxies.
    """
    path = full_path(folder)
    known = _folders()
    name = next((name for name, where in known.items() if full_path(where) == path), None)
    where = str(path) if name is None else known[name]
    for votes in (DEBIASED, WEIGHTED):  # pictures or votes may have come since it was opened
        _open_stored.clear(where, votes)
    open_source(where)
    if name is None:
        name = free_name(_name_of(where), path, known)
        typed_folders()[name] = where
    return name


def _name_of(folder: str) -> str:
    """Name a source after its folder; the names of those that are none stay theirs."""
    name = Path(folder).name or "galaxies"
    return f"{name} folder" if name == SAMPLE or draw_named(name) else name


def source_label(name: str) -> str:
    """Name a source for people, on whichever page."""
    if draw := draw_named(name):
        return label_of_draw(draw)
    return "Bundled sample" if name == SAMPLE else name


def current_source() -> str:
    """Give the source in the page's address, or the first there is."""
    known = sources()
    asked = st.query_params.get("source") or st.session_state.get("source", "")
    return asked if asked in known else next(iter(known))


def turn_to(name: str, **others: str | list[str]) -> None:
    """Go to another source, in the page's address as well: with the same votes, and with other parts."""
    st.session_state["source"] = name
    asked = st.query_params.get("votes")
    st.query_params.from_dict({"source": name, **others, **({"votes": asked} if asked else {})})


def opening(name: str) -> str:
    """Say what is being done while a source is opened."""
    return "Asking SDSS for galaxies …" if draw_named(sources()[name]) else "Opening the galaxies …"


def catalogue(name: str) -> Catalogue:
    """Open a source by its name, with the votes that the address or the visitor asks for where it has a choice.

    An address that names a source says all that is shown: without a word on votes it asks for the usual ones.
    """
    galaxies = open_source(sources()[name])
    if (asked := st.query_params.get("votes")) in (DEBIASED, WEIGHTED):
        st.session_state["vote_kind"] = asked
    elif "source" in st.query_params:
        show_usual_votes()
    chosen = st.session_state.get("vote_kind", galaxies.vote_kind)
    return open_source(sources()[name], chosen) if galaxies.vote_kind not in ("", chosen) else galaxies


def show_usual_votes() -> None:
    """Forget which votes the visitor chose."""
    st.session_state.pop("vote_kind", None)


def votes_in_address(galaxies: Catalogue) -> dict[str, str]:
    """Give the part of an address that says which votes are shown; nothing for those shown by default."""
    return {"votes": galaxies.vote_kind} if galaxies.vote_kind not in ("", DEBIASED) else {}


def open_source(where: str, votes: str = DEBIASED) -> Catalogue:
    """Open a catalogue once for all visitors: its table stays in memory, its pictures on disk."""
    return (_open_live if draw_named(where) else _open_stored)(where, votes)


@st.cache_resource(max_entries=4, show_spinner="Opening the galaxies …")
def _open_stored(where: str, votes: str) -> Catalogue:
    """Open what is on disk."""
    return open_catalogue(where, votes=votes)


# Apart from those on disk: any address can name a draw, and some draws would push a large catalogue out of memory.
@st.cache_resource(
    max_entries=8, ttl=LIVE_SECONDS, validate=lambda draw: not draw.stale, show_spinner="Asking SDSS for galaxies …"
)
def _open_live(where: str, votes: str) -> Catalogue:
    """Ask for live galaxies; those of an old answer are asked for again the next time."""
    return open_catalogue(where, votes=votes)


@st.cache_resource(max_entries=2)
def _thumbnails(folder: Path) -> Thumbnails:
    """The thumbnails of a cache folder, some of them in memory as well: 1,500 take 12 MB."""
    return Thumbnails(folder, Memo(limit=1500).recall)


def galaxy_thumbnails(galaxies: Catalogue, ids: Sequence[str]) -> Iterator[bytes | ImageError]:
    """Give small JPEG files of the middles of galaxies' pictures, in order; the reason where there is none."""
    with deadline(GALLERY_SECONDS):
        yield from _thumbnails(cache_folder() / "thumbnails").get_all(galaxies, ids)


def galaxy_thumbnail(where: str, galaxy_id: str) -> bytes:
    """Give a small JPEG file of the middle of a galaxy's picture.

    Raises
    ------
    ImageError
        When its picture cannot be read.
    """
    return _thumbnails(cache_folder() / "thumbnails").get(open_source(where), galaxy_id)


def unknown_source() -> list[str]:
    """Say so where the address names a source that there is not, and which one is open in its place."""
    asked, known = st.query_params.get("source"), sources()
    if asked is None or asked in known:
        return []
    instead = escaped(source_label(current_source()))
    return [f"There is no source called “{escaped(cut(asked))}” here; this is {instead}.{suggestion(asked, known)}"]


def unknown_votes() -> list[str]:
    """Say so where the address asks for votes of a kind that there is not."""
    asked, known = st.query_params.get("votes"), (DEBIASED, WEIGHTED)
    return [] if asked in (None, *known) else [left_out("votes", str(asked), "no kind of votes", known)]


ANY = "any answer"


def label_of_draw(draw: LiveDraw) -> str:
    """Name a draw of live galaxies for people."""
    if draw.name == LIVE:
        return f"{LIVE} ({draw.count} at random)"
    wanted = f", {_answer(draw.column)} ≥ {draw.min_percent} %" if draw.column else ""
    return f"{LIVE} ({draw.count}{wanted}, seed {draw.seed})"


def _answer(column: str) -> str:
    """Name an answer shortly."""
    return ANY if column == ANY else name_of(column)
