"""The sources of galaxies, the networks, and what they say of a galaxy: each kept once. torch is imported inside the functions that need a network."""

import atexit
import gc
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from galaxy_explorer.catalogue import DEBIASED, LIVE, SAMPLE, WEIGHTED, Catalogue, draw_named, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import ImageError, for_prediction, thumbnail
from galaxy_explorer.sky import within
from galaxy_explorer.storage import cache_folder
from galaxy_explorer.views.live_sdss import label_of_draw
from galaxy_explorer.views.memos import Memo, shared_memo
from galaxy_explorer.views.thumbnails import Thumbnails
from galaxy_explorer.views.typed_paths import free_name, full_path, may_be_typed, typed_folders

if TYPE_CHECKING:
    from galaxy_explorer.models import GalaxyNetwork
    from galaxy_explorer.saliency import SaliencyMap

VIEWS = 8  # flips and quarter turns averaged for every number that the app shows
SHOWN_SIDE = 1000  # pixels at most of a picture under a map: more than the panel takes on a sharp screen
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
    with within(GALLERY_SECONDS):
        yield from _thumbnails(cache_folder() / "thumbnails").get_all(galaxies, ids)


def galaxy_thumbnail(where: str, galaxy_id: str) -> bytes:
    """Give a small JPEG file of the middle of a galaxy's picture.

    Raises
    ------
    ImageError
        When its picture cannot be read.
    """
    return _thumbnails(cache_folder() / "thumbnails").get(open_source(where), galaxy_id)


def networks() -> list[str]:
    """Name the networks that ship with the project, the one with the smallest error on its card first."""
    errors = {name: card.get("validation", {}).get("rmse", 1.0) for name, card in cards().items()}
    return sorted(errors, key=errors.__getitem__)


def cards() -> dict[str, dict[str, Any]]:
    """Give the cards of the networks in ``weights/``, by name, without those that cannot be read."""
    return _cards()[0]


def unreadable_networks() -> list[str]:
    """Say why networks in ``weights/`` are left out: a sentence each."""
    return [f"A network is left out: {reason}" for reason in _cards()[1]]


@st.cache_data(ttl=60, show_spinner=False)
def _cards() -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Read the cards of all networks, and why some cannot be read; torch is loaded for it."""
    from galaxy_explorer.checkpoints import CheckpointError, available, read_card

    found, wrong = {}, []
    for name, path in available().items():
        try:
            found[name] = read_card(path)
        except CheckpointError as error:
            wrong.append(str(error))
    _set_aside("torch")
    return found, wrong


@st.cache_resource(show_spinner=False)
def _set_aside(what: str) -> None:
    """Take what has been loaded, which stays, out of what the garbage collector looks through; once for each thing."""
    # Streamlit collects after every run of a page: with torch loaded, all visitors would wait for a quarter of a second.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # or triton complains of leaks


@st.cache_resource(max_entries=4, show_spinner="Loading the network …")
def network(name: str) -> tuple["GalaxyNetwork", dict[str, Any]]:
    """Load a network and its card once for all visitors."""
    from galaxy_explorer.checkpoints import load

    loaded = load(name)
    _set_aside("prediction")
    return loaded


@dataclass(frozen=True)
class ShownGalaxy:
    """One galaxy as the panel shows it, wherever it came from."""

    galaxy_id: str
    picture: np.ndarray  # (H, W, 3) uint8
    field: float  # fraction of the original field of view that the picture covers
    volunteers: np.ndarray | None  # (37,) vote fractions, NaN where unknown; None where nobody voted
    memo: Memo  # where results about it are kept
    address: tuple[str, ...]  # what sets it apart from the other galaxies of the memo
    whole_address: tuple[str, ...] = ()  # that of the whole picture, where this may be a crop

    @cached_property
    def shown(self) -> np.ndarray:
        """The picture at the size of the page: a map laid over a phone's 12 megapixels would take a gigabyte."""
        return thumbnail(self.picture, SHOWN_SIDE)

    def prediction(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Give a network's ``(37,)`` vote fractions for this galaxy and the half-widths of their 68 % intervals."""
        return self.memo.recall((*self.address, name), lambda: predict_picture(name, self.picture, self.field))

    def saliency(self, name: str, column: str, method: str, lowers: bool, progress: Any = None) -> "SaliencyMap":
        """Map where a network looks for one answer about this galaxy."""
        return self.memo.recall(
            (*self.address, name, column, method, lowers),
            lambda: explain_picture(name, self.picture, self.field, column, method, lowers, progress),
        )


def galaxy_of(source: str, galaxy_id: str) -> ShownGalaxy:
    """Take a galaxy out of a source, ready to be shown.

    Raises
    ------
    ImageError, CatalogueError
        When its picture cannot be read, or the whole folder or zip file has gone.
    """
    galaxies = catalogue(source)
    picture = galaxies.picture(galaxy_id)
    voted = galaxies.table.loc[galaxy_id, list(COLUMNS)].to_numpy(dtype=float)
    return ShownGalaxy(
        galaxy_id,
        picture,
        galaxies.field_of_view,
        voted if np.isfinite(voted).any() else None,
        shared_memo(),
        # What results hang on: a replaced picture, or another field, has others.
        (sources()[source], galaxy_id, str(galaxies.field_of_view), str(galaxies.picture_state(galaxy_id))),
    )


def predict_picture(name: str, picture: np.ndarray, field: float) -> tuple[np.ndarray, np.ndarray]:
    """Predict one picture's ``(37,)`` vote fractions and the half-widths of their 68 % intervals."""
    from galaxy_explorer.prediction import predict

    fractions, spread = predict(*network(name), [picture], views=VIEWS, field=field)
    return fractions[0], spread[0]


def explain_picture(
    name: str, picture: np.ndarray, field: float, column: str, method: str, lowers: bool, progress: Any = None
) -> "SaliencyMap":
    """Map where a network looks for one answer about one picture, in the views whose mean is its prediction."""
    from galaxy_explorer.saliency import AnswerLogOdds, saliency_map

    shared, card = network(name)
    inputs = for_prediction(
        picture, size=card["image_size"], crop=card["crop"], mean=card["mean"], std=card["std"], field=field
    )
    target = AnswerLogOdds(column, against=lowers)
    return saliency_map(shared, inputs, target, method=method, views=VIEWS, progress=progress)
