"""A visitor's uploads: read, checked, cropped and removed, kept in the session alone."""

import base64
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import PurePath

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

from galaxy_explorer.app import state
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.state import Key, Upload
from galaxy_explorer.app.ui.wording import escape_markdown, with_full_stop
from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.catalogue.score_tables import normalise_id, read_scores
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import Exposure, ImageError, Square, cut_square, read_exposure, stem_of, thumbnail

MAX_PICTURES = 500
MAX_BYTES = 300_000_000  # of a visitor's picture files together
MAX_TABLE_BYTES = 50_000_000  # of a score table: that of 100,000 galaxies
MAX_REFUSED = 100  # files whose reason is kept
MANY = 8  # files from which on a progress bar is shown


def key_of(uploader: Key) -> str:
    """Return the key of an uploader; it changes when all is removed, which makes an empty one."""
    return uploader.of(state.upload().uploaders)


def take(files: Sequence[UploadedFile]) -> None:
    """Read the files that are new; of score tables the last one counts."""
    mine = state.upload()
    mine.listed = {file.file_id for file in files}
    new = [file for file in files if file.file_id not in mine.files]
    mine.stopped = mine.stopped and not new
    bar = st.empty()
    for i, file in enumerate(new):
        if len(new) >= MANY:
            bar.progress(i / len(new), f"Reading file {i + 1} of {len(new)}")
        name = PurePath(file.name).name
        try:
            mine.files[file.file_id] = _read(file, name)
            mine.refused = {key: (other, why) for key, (other, why) in mine.refused.items() if other != name}
        except (CatalogueError, ImageError) as error:
            mine.files[file.file_id] = ""
            mine.refused = dict([*mine.refused.items(), (file.file_id, (name, str(error)))][-MAX_REFUSED:])
    bar.empty()


def _read(file: UploadedFile, name: str) -> str:
    """Read one file; return the id of its galaxy, empty for a score table."""
    mine = state.upload()
    if name.startswith("."):  # macOS writes such files next to pictures
        return ""
    if not name.lower().endswith(".csv"):
        return _add(name, file.getvalue())
    if file.size > MAX_TABLE_BYTES:
        raise CatalogueError(
            f"the table has {file.size / 1e6:.0f} MB; at most {MAX_TABLE_BYTES / 1e6:.0f} MB are read: leave out the "
            "other galaxies"
        )
    mine.scores, mine.scores_file = read_scores(file.getvalue(), name), file.file_id
    return ""


def _add(name: str, content: bytes) -> str:
    """Decode a picture once and keep it; return its id, which is unique."""
    pictures, stem = state.upload().pictures, normalise_id(stem_of(name))
    ids = (stem if number == 1 else f"{stem} ({number})" for number in count(1))
    galaxy_id = next(new for new in ids if new not in pictures or pictures[new].content == content)
    if galaxy_id in pictures:  # uploaded twice: its crop stays
        return galaxy_id
    held = sum(len(upload.content) for upload in pictures.values())
    if len(pictures) >= MAX_PICTURES or held + len(content) > MAX_BYTES:
        raise ImageError(
            f"the session holds {len(pictures)} pictures with {held / 1e6:.0f} MB; at most {MAX_PICTURES} pictures and "
            f"{MAX_BYTES / 1e6:.0f} MB fit: remove some, or use `python -m galaxy_explorer predict` for many"
        )
    pictures[galaxy_id] = with_image(Upload(galaxy_id, content), None)
    return galaxy_id


def drop_unlisted() -> None:
    """Remove what belongs to the files that the visitor has just removed from the list."""
    mine = state.upload()
    lists = [state.widget(key_of(uploader)) or [] for uploader in (Key.FILES, Key.FOLDER)]
    gone = mine.listed - {file.file_id for files in lists for file in files}
    dropped = {mine.files.pop(file_id, "") for file_id in gone}
    for galaxy_id in dropped - set(mine.files.values()):  # the same picture may have been uploaded twice
        mine.pictures.pop(galaxy_id, None)
    for file_id in gone:
        mine.refused.pop(file_id, None)
    if mine.scores_file in gone:  # an earlier table that is still listed is read again
        mine.scores, mine.scores_file = None, ""
        mine.files = {file_id: galaxy_id for file_id, galaxy_id in mine.files.items() if galaxy_id}


def is_listed(galaxy_id: str) -> bool:
    """Whether an upload's file is on the page's list, where its × removes it."""
    mine = state.upload()
    return galaxy_id in {mine.files.get(file_id) for file_id in mine.listed}


def remove(galaxy_id: str) -> None:
    """Remove one picture."""
    state.upload().pictures.pop(galaxy_id, None)


def with_image(upload: Upload, image: str | None) -> Upload:
    """Return an upload with another image of its FITS file, uncropped; None for the first one.

    Raises
    ------
    ImageError
        If the image cannot be shown.
    """
    exposure = read_exposure(upload.content, image)
    small = _small(exposure.picture)
    decoded = replace(upload, small=small, image=exposure.name, choices=exposure.choices, crop=None)
    state.upload().exposures.put(decoded.picture_key, exposure)
    return decoded


def choose_image(galaxy_id: str, key: str) -> None:
    """Show the image that was chosen; if it cannot be shown, the one before stays."""
    mine, image = state.upload(), state.widget(key)
    try:
        mine.pictures[galaxy_id] = with_image(mine.pictures[galaxy_id], image)
    except ImageError as error:
        mine.image_error = f"“{escape_markdown(image)}” cannot be shown: {with_full_stop(error)}"
        state.set_widget(key, mine.pictures[galaxy_id].image)


def crop_to(galaxy_id: str, square: Square | None) -> None:
    """Crop a picture for the network; None for the whole picture."""
    pictures = state.upload().pictures
    cropped = replace(pictures[galaxy_id], crop=square)
    pictures[galaxy_id] = replace(cropped, small=_small(picture_of(cropped)))


def _small(picture: np.ndarray) -> str:
    """Return a thumbnail as a data URL: a JPEG, which is a fifth of a PNG."""
    file = io.BytesIO()
    Image.fromarray(thumbnail(picture, 64)).save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def exposure_of(upload: Upload) -> Exposure:
    """Return an upload's whole picture, decoded once unless the cache has evicted it."""
    read = partial(read_exposure, upload.content, upload.image or None)
    return state.upload().exposures.get(upload.picture_key, read)


def picture_of(upload: Upload) -> np.ndarray:
    """Return the picture that the network is shown: the whole, or the crop."""
    whole = exposure_of(upload).picture
    return whole if upload.crop is None else cut_square(whole, upload.crop)


def votes_of(galaxy_ids: Sequence[str]) -> list[np.ndarray | None]:
    """Return the votes on uploads, from scores.csv or the open catalogue; None if unknown."""
    scores = state.upload().scores
    tables = [] if scores is None else [scores]
    with suppress(CatalogueError, OSError):  # the folder is gone, or SDSS does not respond
        tables.append(sources.catalogue(sources.current_source()).table)

    def votes(galaxy_id: str) -> np.ndarray | None:
        row = next((table.loc[galaxy_id] for table in tables if galaxy_id in table.index), None)
        values = None if row is None else row.reindex(list(COLUMNS)).to_numpy(dtype=float)
        return values if values is not None and np.isfinite(values).any() else None

    return [votes(galaxy_id) for galaxy_id in galaxy_ids]


def has_scores(galaxy_id: str) -> bool:
    """Whether the uploaded score table has votes on a picture."""
    scores = state.upload().scores
    return scores is not None and galaxy_id in scores.index
