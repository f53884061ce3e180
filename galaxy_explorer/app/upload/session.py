"""A visitor's uploads: read, checked, cropped and removed, kept in the session alone."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import PurePath
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

from galaxy_explorer.app import state
from galaxy_explorer.app.server import drop_uploads
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.state import Crop, Key, Upload
from galaxy_explorer.app.ui.crop_tool import CroppedPicture
from galaxy_explorer.app.ui.wording import escape_markdown, with_full_stop
from galaxy_explorer.app.upload.archives import is_zip, open_members
from galaxy_explorer.catalogue import SAMPLE, CatalogueError
from galaxy_explorer.catalogue.image_files import SUFFIXES
from galaxy_explorer.catalogue.tables.score_tables import normalise_id, read_scores
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import (
    Exposure,
    ImageError,
    find_galaxy,
    read_exposure,
    stem_of,
    thumbnail,
)

MAX_PICTURES = 500
MAX_BYTES = 300_000_000  # of a visitor's picture files together
MAX_TABLE_BYTES = 50_000_000  # of a score table: that of 100,000 galaxies
MAX_REFUSED = 100  # files whose reason is kept
TABLES = (".csv", ".tsv")
ENDINGS = (*TABLES, *SUFFIXES)
NO_ID = "the id, its name before the ending, is empty: rename it"
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
        if is_zip(name):
            _read_zip(file, name, bar)
        else:
            mine.files[file.file_id] = _read(file.file_id, name, file.size, file.getvalue)
    bar.empty()


def _read_zip(file: UploadedFile, name: str, bar: Any) -> None:
    """Read the pictures and the score table of a zip file."""
    mine, ids = state.upload(), list[str]()
    try:
        members = open_members(file.getvalue(), name, ENDINGS, MAX_BYTES + MAX_TABLE_BYTES)
    except CatalogueError as error:
        _refuse(file.file_id, name, error)
        members = []
    for i, member in enumerate(members):
        if len(members) >= MANY:
            bar.progress(i / len(members), f"Reading file {i + 1} of {len(members)} in {name}")
        ids += _read(file.file_id, member.name, member.size, member.read)
    mine.files[file.file_id] = tuple(dict.fromkeys(ids))


def _read(file_id: str, name: str, size: int, read: Callable[[], bytes]) -> tuple[str, ...]:
    """Read one file; return the id of its galaxy, nothing for a score table or a refused file."""
    mine, ids = state.upload(), tuple[str, ...]()
    if name.startswith("."):  # macOS writes such files next to pictures
        return ()
    try:
        if name.lower().endswith(TABLES):
            _check_table(size)
            mine.scores, mine.scores_file = read_scores(read(), name), file_id
        else:
            _check_space(size)
            ids = (_add(name, read()),)
    except (CatalogueError, ImageError) as error:
        _refuse(file_id, name, error)
        return ()
    mine.refused = {key: (other, why) for key, (other, why) in mine.refused.items() if other != name}
    return ids


def _refuse(file_id: str, name: str, error: Exception) -> None:
    """Keep the reason why a file cannot be used, of the latest ones."""
    mine = state.upload()
    mine.refused = dict([*mine.refused.items(), ((file_id, name), (name, str(error)))][-MAX_REFUSED:])


def _check_table(size: int) -> None:
    """Raise CatalogueError if a score table is too large."""
    if size > MAX_TABLE_BYTES:
        raise CatalogueError(
            f"the table has {size / 1e6:.0f} MB; at most {MAX_TABLE_BYTES / 1e6:.0f} MB are read: leave out the other "
            "galaxies"
        )


def _check_space(size: int) -> None:
    """Raise ImageError if a picture file does not fit into the session."""
    pictures = state.upload().pictures
    held = sum(len(upload.content) for upload in pictures.values())
    if len(pictures) >= MAX_PICTURES or held + size > MAX_BYTES:
        raise ImageError(
            f"the session holds {len(pictures)} pictures with {held / 1e6:.0f} MB; at most {MAX_PICTURES} pictures and "
            f"{MAX_BYTES / 1e6:.0f} MB fit: remove some, or use `python -m galaxy_explorer predict` for many"
        )


def _add(name: str, content: bytes) -> str:
    """Decode a picture once and keep it; return its id, which is unique."""
    pictures, stem = state.upload().pictures, normalise_id(stem_of(name))
    if not stem:
        raise ImageError(NO_ID)
    ids = (stem if number == 1 else f"{stem} ({number})" for number in count(1))
    galaxy_id = next(new for new in ids if new not in pictures or pictures[new].content == content)
    if galaxy_id not in pictures:  # uploaded twice: its crop stays
        pictures[galaxy_id] = with_image(Upload(galaxy_id, content), None)
    return galaxy_id


def add_photo(photo: UploadedFile) -> None:
    """Keep a photo of the camera as a picture."""
    if photo.file_id not in state.upload().files:
        state.upload().files[photo.file_id] = _read(photo.file_id, "photo.jpg", photo.size, photo.getvalue)


def add_example(galaxy_id: str) -> None:
    """Keep a picture of the bundled sample as if it had been uploaded."""
    _add(f"{galaxy_id}.jpg", sources.open_source(SAMPLE).picture_bytes(galaxy_id))


def drop_unlisted() -> None:
    """Remove what belongs to the files that the visitor has just removed from the list."""
    mine = state.upload()
    lists = [state.widget(key_of(uploader)) or [] for uploader in (Key.FILES, Key.FOLDER, Key.PHONE_PHOTO)]
    gone = mine.listed - {file.file_id for files in lists for file in files}
    dropped = {galaxy_id for file_id in gone for galaxy_id in mine.files.pop(file_id, ())}
    for galaxy_id in dropped - _listed_ids(mine.files):  # the same picture may have been uploaded twice
        mine.pictures.pop(galaxy_id, None)
    mine.refused = {key: reason for key, reason in mine.refused.items() if key[0] not in gone}
    if mine.scores_file in gone:  # an earlier table that is still listed is read again, also that of a zip file
        mine.scores, mine.scores_file = None, ""
        mine.files = {file_id: ids for file_id, ids in mine.files.items() if len(ids) == 1}


def _listed_ids(files: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the ids of the galaxies of some files."""
    return {galaxy_id for ids in files.values() for galaxy_id in ids}


def is_listed(galaxy_id: str) -> bool:
    """Whether an upload's file is on the page's list, where its × removes it."""
    mine = state.upload()
    return any(galaxy_id in mine.files.get(file_id, ()) for file_id in mine.listed)


def remove(galaxy_id: str) -> None:
    """Remove one picture, also from the server's list of uploaded files."""
    mine = state.upload()
    mine.pictures.pop(galaxy_id, None)
    drop_uploads(file_id for file_id, ids in mine.files.items() if ids == (galaxy_id,))


def remove_all() -> None:
    """Remove everything that was uploaded."""
    state.upload().clear()
    drop_uploads()


def with_image(upload: Upload, image: str | None) -> Upload:
    """Return an upload with another image of its FITS file, uncropped; None for the first one.

    Raises
    ------
    ImageError
        If the image cannot be shown.
    """
    exposure = read_exposure(upload.content, image)
    decoded = replace(upload, image=exposure.name, choices=exposure.choices, crop="found")
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


def crop_to(galaxy_id: str, crop: Crop) -> None:
    """Choose the part of a picture that the network is shown."""
    pictures = state.upload().pictures
    pictures[galaxy_id] = replace(pictures[galaxy_id], crop=crop)


def thumbnail_of(upload: Upload) -> str:
    """Return the part that the network is shown, small, as a data URL: a JPEG, a fifth of a PNG."""

    def encode() -> str:
        file = io.BytesIO()
        Image.fromarray(thumbnail(cropped(upload).picture, 64)).save(file, "JPEG", quality=85)
        return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"

    return state.upload().results.get(("thumbnail", *upload.key), encode)


def exposure_of(upload: Upload) -> Exposure:
    """Return an upload's whole picture, decoded once unless the cache has evicted it."""
    read = partial(read_exposure, upload.content, upload.image or None)
    return state.upload().exposures.get(upload.picture_key, read)


def cropped(upload: Upload) -> CroppedPicture:
    """Return an upload with the part of it that the network is shown."""
    mine, whole = state.upload(), exposure_of(upload).picture
    finding = mine.findings.get(upload.picture_key, partial(find_galaxy, whole))
    return CroppedPicture(whole, finding, upload.crop, upload.picture_key, mine.results)


def picture_of(upload: Upload) -> np.ndarray:
    """Return the part of an upload that the network is shown, ``(h, w, 3)`` uint8."""
    return cropped(upload).picture


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


def source_of(galaxy_id: str) -> str:
    """Return the open source if it has a galaxy of this id; empty if not."""
    with suppress(CatalogueError, OSError):
        source = sources.current_source()
        return source if galaxy_id in sources.catalogue(source) else ""
    return ""


def has_scores(galaxy_id: str) -> bool:
    """Whether the uploaded score table has votes on a picture."""
    scores = state.upload().scores
    return scores is not None and galaxy_id in scores.index
