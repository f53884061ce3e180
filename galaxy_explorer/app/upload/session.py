"""A visitor's uploads: taken in, checked, cropped, removed, and kept in the session alone."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.result_cache import Memo
from galaxy_explorer.app.ui.wording import ended, escaped
from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.catalogue.score_tables import normalise_id, read_scores
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import Exposure, ImageError, Square, cut_square, read_exposure, stem_of, thumbnail

MOST_PICTURES = 500
MOST_BYTES = 300_000_000  # of one visitor's pictures, as they came
MOST_TABLE_BYTES = 50_000_000  # of a table of scores: those of 100,000 galaxies
MOST_TABLES = 4  # the ones that came last
MOST_REFUSED = 100  # files of which the reason is kept
FULL_EXPOSURES = 4  # pictures from FITS that are kept as they are shown: to stretch one takes up to half a second
MANY = 8  # files from which on a bar shows how far the reading has come
UPLOADERS = ("files", "folder")  # what their keys begin with
FORGOTTEN = (  # all that is kept of uploads
    *("uploads", "uploaded_files", "uploaded_scores", "listed_files"),
    *("memo", "exposures", "strangeness", "suggestions", "asking_stopped"),
)


@dataclass(frozen=True)
class Upload:
    """A picture as it came, with a small copy for the table; or the reason why it cannot be used."""

    galaxy_id: str
    content: bytes
    small: str = ""  # a data address of a thumbnail
    error: str = ""
    image: str | None = None  # which image of a FITS file; None for the other formats
    choices: tuple[str, ...] = ()  # the images of a FITS file
    crop: Square | None = None  # the part that is shown to the network; None for the whole

    @property
    def picture_address(self) -> tuple[str, ...]:
        """What sets its whole picture apart from the others, also from one of the same name."""
        return self.galaxy_id, str(hash(self.content)), self.image or ""

    @property
    def address(self) -> tuple[str, ...]:
        """What sets apart the picture that the network sees."""
        part = f"{self.crop.x},{self.crop.y},{self.crop.side}" if self.crop else ""
        return *self.picture_address, part


def uploads() -> dict[str, Upload]:
    """Give this visitor's uploads by galaxy id; they outlive a change of page, not the session."""
    return st.session_state.setdefault("uploads", {})


def score_tables() -> dict[str, pd.DataFrame]:
    """Give the tables of scores that came along, by the id of their file, in the order in which they came."""
    return st.session_state.setdefault("uploaded_scores", {})


def scores_that_count() -> pd.DataFrame | None:
    """Give the table of scores that came last of those still there; None where there is none."""
    return next(reversed(score_tables().values()), None)


def key_of(uploader: str) -> str:
    """Give the key of an uploader, which changes when all is removed: a fresh, empty one."""
    return f"{uploader}_{st.session_state.get('upload_round', 0)}"


def take(files: Sequence[UploadedFile]) -> None:
    """Take in the files that are new, and remember which are listed on the page."""
    seen: dict[str, str] = st.session_state.setdefault("uploaded_files", {})
    st.session_state["listed_files"] = {file.file_id for file in files}
    new = [file for file in files if file.file_id not in seen]
    if new:
        st.session_state.pop("asking_stopped", None)
    bar = st.empty()
    for i, file in enumerate(new):
        if len(new) >= MANY:
            bar.progress(i / len(new), f"Reading {i + 1} of {len(new)} files")
        seen[file.file_id] = _take_in(file)
    bar.empty()


def _take_in(file: UploadedFile) -> str:
    """Take in one file; give the id of what is kept of it as an upload. A table of scores counts for all pictures."""
    name = PurePath(file.name).name
    if name.startswith("."):  # what a Mac leaves beside pictures
        return ""
    if not name.lower().endswith(".csv"):
        return add(name, file.getvalue())
    _forget_error(name)
    if file.size > MOST_TABLE_BYTES:
        most = f"{MOST_TABLE_BYTES / 1e6:.0f} MB"
        return _refuse(
            name, f"the table has {file.size / 1e6:.0f} MB and may have {most}: leave out the other galaxies"
        )
    try:
        tables = score_tables()
        tables[file.file_id] = read_scores(file.getvalue(), name)
    except CatalogueError as error:
        return _refuse(name, str(error))
    for oldest in list(tables)[:-MOST_TABLES]:
        del tables[oldest]
    return ""


def drop_unlisted(*_: str) -> None:
    """Remove the pictures whose file the visitor has just taken off the list."""
    lists = [st.session_state.get(key_of(uploader)) or [] for uploader in UPLOADERS]
    left = {file.file_id for files in lists for file in files}
    seen: dict[str, str] = st.session_state.get("uploaded_files", {})
    gone = st.session_state.get("listed_files", set()) - left
    for file_id in gone:
        score_tables().pop(file_id, None)
    dropped = {seen.pop(file_id) for file_id in gone if file_id in seen}
    for galaxy_id in dropped - set(seen.values()):  # the same picture may have come twice
        remove(galaxy_id)


def is_listed(galaxy_id: str) -> bool:
    """Tell whether an upload's file is on the page's list, where its × removes it."""
    listed = st.session_state.get("listed_files", set())
    return any(name == galaxy_id and file_id in listed for file_id, name in st.session_state["uploaded_files"].items())


def remove(galaxy_id: str) -> None:
    """Forget one picture."""
    uploads().pop(galaxy_id, None)


def _forget_error(name: str) -> None:
    """Forget that a file could not be used, now that a good one of its name has come; its × then removes nothing."""
    if name in uploads() and uploads()[name].error:
        remove(name)
        seen: dict[str, str] = st.session_state["uploaded_files"]
        seen.update({file_id: "" for file_id, galaxy_id in seen.items() if galaxy_id == name})


def clear() -> None:
    """Forget this visitor's uploads and all that was computed of them."""
    for name in FORGOTTEN:
        st.session_state.pop(name, None)
    st.session_state["upload_round"] = st.session_state.get("upload_round", 0) + 1


def add(name: str, content: bytes) -> str:
    """Check a picture and keep it, or the reason why it cannot be used; give its id."""
    kept, stem = uploads(), normalise_id(stem_of(name))
    galaxy_id = free_id(stem, content)
    if galaxy_id in kept and kept[galaxy_id].content:  # it came again: its crop stays
        return galaxy_id
    sizes = [len(upload.content) for upload in kept.values() if upload.content]
    held = sum(sizes)
    if len(sizes) >= MOST_PICTURES or held + len(content) > MOST_BYTES:
        reason = (
            f"there are {len(sizes)} pictures with {held / 1e6:.0f} MB already; a session holds {MOST_PICTURES} pictures and "
            f"{MOST_BYTES / 1e6:.0f} MB: remove some, or use `python -m galaxy_explorer predict` for many"
        )
        return _refuse(stem, reason)
    try:
        upload = with_image(Upload(galaxy_id, content), None)
    except ImageError as error:
        return _refuse(stem, str(error))
    _forget_error(galaxy_id)
    kept[galaxy_id] = upload
    return galaxy_id


def _refuse(stem: str, reason: str) -> str:
    """Keep the reason why a file cannot be used, and of earlier ones those that came last; give its id."""
    refused = [galaxy_id for galaxy_id, upload in uploads().items() if upload.error]
    for galaxy_id in refused[: max(0, len(refused) + 1 - MOST_REFUSED)]:
        remove(galaxy_id)
    galaxy_id = free_id(stem)
    uploads()[galaxy_id] = Upload(galaxy_id, b"", error=reason)
    return galaxy_id


def free_id(stem: str, content: bytes | None = None) -> str:
    """Name a picture after its file, with a number where another picture has that name already.

    One that cannot be used leaves its name to one with content.
    """
    galaxy_id, number = stem, 1
    while (other := uploads().get(galaxy_id)) and (content is None or not (other.error or other.content == content)):
        number += 1
        galaxy_id = f"{stem} ({number})"
    return galaxy_id


def with_image(upload: Upload, image: str | None) -> Upload:
    """Take another image of a FITS file, whole; None for the one that is taken first.

    Raises
    ------
    ImageError
        When it cannot be shown.
    """
    exposure = read_exposure(upload.content, image)
    return replace(
        upload,
        small=_small(exposure.picture),
        image=exposure.name or None,
        choices=exposure.choices,
        crop=None,
    )


def crop_to(galaxy_id: str, square: Square | None) -> None:
    """Show a part of a picture to the network from now on; None for the whole."""
    whole = replace(uploads()[galaxy_id], crop=None)
    uploads()[galaxy_id] = replace(whole, crop=square, small=_small(picture_of(replace(whole, crop=square))))


def _small(picture: np.ndarray) -> str:
    """Make a data address of a thumbnail: as JPEG, a fifth of a PNG, for tables of hundreds."""
    file = io.BytesIO()
    Image.fromarray(thumbnail(picture, 64)).save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def exposure_of(upload: Upload) -> Exposure:
    """Read an upload's whole picture; what took long to read is kept for a while."""
    if upload.image is None:
        return read_exposure(upload.content)
    if "exposures" not in st.session_state:
        st.session_state["exposures"] = Memo(limit=FULL_EXPOSURES)
    read = partial(read_exposure, upload.content, upload.image)
    return st.session_state["exposures"].recall(upload.picture_address, read)


def picture_of(upload: Upload) -> np.ndarray:
    """Give the picture that the network is shown: the whole, or what was cut out of it."""
    whole = exposure_of(upload).picture
    return whole if upload.crop is None else cut_square(whole, upload.crop)


def take_image(galaxy_id: str, key: str) -> None:
    """Make the image that was chosen the one that is shown; where it cannot be, stay with the one before."""
    upload = uploads()[galaxy_id]
    try:
        uploads()[galaxy_id] = with_image(upload, st.session_state[key])
    except ImageError as error:
        st.session_state["image_refused"] = f"“{escaped(st.session_state[key])}” cannot be shown: {ended(error)}"
        st.session_state[key] = upload.image


def volunteers_of(galaxy_ids: Sequence[str]) -> list[np.ndarray | None]:
    """Find what volunteers said of uploads: in a table that came along, or in the open catalogue; None where nothing."""
    try:
        catalogue = sources.catalogue(sources.current_source())
    except (CatalogueError, OSError):  # the open catalogue has gone, or SDSS does not answer
        catalogue = None
    found: list[np.ndarray | None] = []
    scores = scores_that_count()
    for galaxy_id in galaxy_ids:
        voted: np.ndarray = np.full(len(COLUMNS), np.nan)
        if scores is not None and galaxy_id in scores.index:
            voted = scores.loc[galaxy_id].reindex(list(COLUMNS)).to_numpy(dtype=float)
        elif catalogue is not None and galaxy_id in catalogue:
            voted = catalogue.table.loc[galaxy_id, list(COLUMNS)].to_numpy(dtype=float)
        found.append(voted if np.isfinite(voted).any() else None)
    return found


def comes_with_scores(galaxy_id: str) -> bool:
    """Tell whether a table that came along has votes on a picture."""
    scores = scores_that_count()
    return scores is not None and galaxy_id in scores.index
