"""Sources of galaxies: the catalogues that a visitor can open, and their thumbnails."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from weakref import WeakValueDictionary

import pandas as pd
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services.local_paths import free_name, full_path, may_open_paths, typed_folders
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.app.services.thumbnails import Thumbnails
from galaxy_explorer.app.ui.url_params import ignored_param_message
from galaxy_explorer.app.ui.wording import cut, escape_markdown, galaxies_in_words
from galaxy_explorer.catalogue import (
    DEBIASED,
    ID,
    PARAMETERS_FILE,
    SAMPLE,
    SIMULATED,
    WEIGHTED,
    Catalogue,
    CatalogueError,
    LiveDraw,
    draw_named,
    is_kaggle,
    open_catalogue,
)
from galaxy_explorer.decision_tree import label_of
from galaxy_explorer.images import ImageError
from galaxy_explorer.sky import deadline
from galaxy_explorer.storage import ResultCache, cache_folder

BUNDLED = (SAMPLE, SIMULATED)
GALLERY_SECONDS = 20.0  # deadline for the images of a page of live galaxies; later ones are left out
LIVE_TTL_S = 86_400.0
LIVE_SOURCE = LiveDraw(300).name  # the draw of live galaxies that is always offered


def sources() -> dict[str, str]:
    """Return the argument of `open_catalogue` by source: folders, what is bundled, live draws.

    Of the folders that were typed in: this visitor's own, the one shown last, and the one in the URL.
    """
    wanted = {*state.shared().opened_folders, state.shared().source, st.query_params.get("source")}
    opened = {name: where for name, where in _typed_folders().items() if name in wanted}
    return _start_folder() | opened | {SAMPLE: SAMPLE, SIMULATED: SIMULATED} | {name: name for name in _live_draws()}


def _start_folder() -> dict[str, str]:
    """Return the folder or zip that the app was started with."""
    folder = os.environ.get("GALAXY_EXPLORER_DATA")
    return {_source_name(folder): folder} if folder else {}


def _typed_folders() -> dict[str, str]:
    """Return the folders that any visitor typed in, if this visitor can open paths."""
    return typed_folders() if may_open_paths() else {}


def _live_draws() -> list[str]:
    """Return the names of the default live draw, the visitor's own, and the one in the URL."""
    asked = (state.shared().live_draw, state.shared().source, st.query_params.get("source"))
    return list(dict.fromkeys([LIVE_SOURCE, *(name for name in asked if name and draw_named(name))]))


def add_folder(folder: str) -> str:
    """Open a folder that was typed in as it is now, add it to the sources, and return its name.

    Raises
    ------
    CatalogueError
        If it holds no galaxies.
    """
    path = full_path(folder)
    known = _start_folder() | _typed_folders()
    name = next((name for name, where in known.items() if full_path(where) == path), None)
    where = known[name] if name else str(path)
    for votes in (DEBIASED, WEIGHTED):  # images or votes may have been added since it was opened
        _open_stored.clear(where, votes)
    if name:
        open_source(where)
        return _opened(name)
    name = free_name(_source_name(where), path, known)
    typed_folders()[name] = where  # before it is opened, as a catalogue knows its source
    try:
        open_source(where)
    except CatalogueError:
        del typed_folders()[name]
        raise
    return _opened(name)


def _opened(name: str) -> str:
    """Add a folder to this visitor's sources, and return its name."""
    state.shared().opened_folders.add(name)
    return name


def _source_name(where: str) -> str:
    """Return the name of a source by the argument of `open_catalogue`; names do not clash."""
    if where in BUNDLED or draw_named(where):
        return where
    typed = next((name for name, folder in typed_folders().items() if folder == where), "")
    name = Path(where).name or "galaxies"
    return typed or (f"{name} folder" if name in BUNDLED or draw_named(name) else name)


def source_label(name: str) -> str:
    """Return the label of a source."""
    if draw := draw_named(name):
        return label_of_draw(draw)
    if name == SAMPLE:
        return "Built-in galaxies"
    if name == SIMULATED:
        return "Simulated galaxies"
    return "Galaxy Zoo challenge" if is_kaggle(Path(sources().get(name, name))) else name


def label_of_draw(draw: LiveDraw) -> str:
    """Return the label of a draw of live galaxies."""
    wanted = f", {label_of(draw.column)} ≥ {draw.min_percent} %" if draw.column else ""
    seed = f", seed {draw.seed}" if draw.seed != LiveDraw().seed else ""
    return f"Live from SDSS ({galaxies_in_words(draw.count)}{wanted}{seed})"


def current_source() -> str:
    """Return the source in the URL, else the one that was open, else the first."""
    known = sources()
    asked = st.query_params.get("source") or state.shared().source
    return asked if asked in known else next(iter(known))


def turn_to(name: str, **others: str | list[str]) -> None:
    """Switch to another source, also in the URL: with the same votes, and other parameters."""
    state.shared().source = name
    votes = st.query_params.get("votes")
    st.query_params.from_dict({"source": name, **others, **({"votes": votes} if votes else {})})


def opening(name: str) -> str:
    """Return what to show while a source is opened."""
    return "Requesting galaxies from SDSS …" if draw_named(sources()[name]) else "Opening the galaxies …"


def catalogue(name: str) -> Catalogue:
    """Return a source's catalogue, with the kind of votes that the visitor chose."""
    where, kind = sources()[name], state.shared().vote_kind
    galaxies = open_source(where)
    return open_source(where, kind) if kind and galaxies.vote_kind not in ("", kind) else galaxies


def catalogue_if_open(name: str) -> Catalogue | None:
    """Return a source's catalogue as `catalogue` does; None if that would open it."""
    where, opened = sources()[name], _open_catalogues()
    return opened.get((where, state.shared().vote_kind)) or opened.get((where, DEBIASED))


def vote_params(galaxies: Catalogue) -> dict[str, str]:
    """Return the URL parameter of the kind of votes that is shown; nothing for the default."""
    return {"votes": galaxies.vote_kind} if galaxies.vote_kind not in ("", DEBIASED) else {}


def open_source(where: str, votes: str = DEBIASED) -> Catalogue:
    """Return a catalogue, opened once for all visitors; its images stay on disk."""
    found = (_open_live if draw_named(where) else _open_stored)(where, votes)
    _open_catalogues()[where, votes] = found
    return found


@st.cache_resource
def _open_catalogues() -> WeakValueDictionary[tuple[str, str], Catalogue]:
    """Return the open catalogues by arguments of `open_source`."""
    return WeakValueDictionary()


@st.cache_resource(max_entries=4, show_spinner="Opening the galaxies …")
def _open_stored(where: str, votes: str) -> Catalogue:
    return replace(open_catalogue(where, votes=votes), source=_source_name(where))


# A cache of its own: any URL can name a draw, and some draws would evict a large catalogue.
@st.cache_resource(
    max_entries=8, ttl=LIVE_TTL_S, validate=lambda draw: not draw.stale, show_spinner="Requesting galaxies from SDSS …"
)
def _open_live(where: str, votes: str) -> Catalogue:
    return replace(open_catalogue(where, votes=votes), source=where)


@st.cache_resource(max_entries=2)
def _thumbnails(folder: Path) -> Thumbnails:
    """Return the thumbnails of a cache folder; 1,500 in memory take 12 MB."""
    return Thumbnails(folder, ResultCache(max_size=1500))


def galaxy_thumbnails(galaxies: Catalogue, ids: Iterable[str]) -> Iterator[bytes | ImageError]:
    """Yield thumbnails as JPEG files, in order; the error for an image that cannot be read."""
    with deadline(GALLERY_SECONDS):
        yield from _thumbnails(cache_folder() / "thumbnails").get_all(galaxies, ids)


def galaxy_thumbnail(where: str, galaxy_id: str) -> bytes:
    """Return a galaxy's thumbnail as a JPEG file; raise ImageError if its image cannot be read."""
    return _thumbnails(cache_folder() / "thumbnails").get(open_source(where), galaxy_id)


def simulated_parameters(galaxies: Catalogue, galaxy_id: str) -> dict[str, str]:
    """Return the parameters of a simulated galaxy by name; empty if they are unknown."""
    path = galaxies.root / PARAMETERS_FILE
    if not galaxies.simulated or not path.is_file():
        return {}
    table = catalogue_result(galaxies, ("parameters",), lambda: pd.read_csv(path, dtype=str).set_index(ID))
    return dict(table.loc[galaxy_id].dropna()) if galaxy_id in table.index else {}


def unknown_source() -> list[str]:
    """Return a message if the URL names a source that does not exist."""
    name = st.query_params.get("source")
    if name is None or name in sources():
        return []
    shown = escape_markdown(source_label(current_source()))
    return [f"There is no source “{escape_markdown(cut(name))}” here; {shown} is shown instead."]


def unknown_votes() -> list[str]:
    """Return a message if the URL names a kind of votes that does not exist."""
    kind = st.query_params.get("votes")
    ignored = kind not in (None, DEBIASED, WEIGHTED)
    return [ignored_param_message("votes", str(kind), "`debiased` or `weighted`")] if ignored else []
