"""A visitor's uploads: taken in, checked, and kept in the session alone."""

import base64
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath

import streamlit as st

from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.catalogue.scores import read_scores
from galaxy_explorer.images import Exposure, ImageError, read_exposure, stem_of, thumbnail, to_png
from galaxy_explorer.views import resources

MOST_PICTURES = 500
MOST_BYTES = 300_000_000  # of one visitor's pictures, as they came
FULL_EXPOSURES = 4  # pictures from FITS that are kept as they are shown: to stretch one takes up to half a second


@dataclass(frozen=True)
class Upload:
    """A picture as it came, with a small copy for the table; or the reason why it cannot be used."""

    galaxy_id: str
    content: bytes
    small: str = ""  # a data address of a thumbnail
    error: str = ""
    image: str | None = None  # which image of a FITS file; None for the other formats
    choices: tuple[str, ...] = ()  # the images of a FITS file

    @property
    def address(self) -> tuple[str, ...]:
        """What sets it apart from the others, also from one of the same name."""
        return self.galaxy_id, str(hash(self.content)), self.image or ""


def uploads() -> dict[str, Upload]:
    """Give this visitor's uploads by galaxy id; they outlive a change of page, not the session."""
    return st.session_state.setdefault("uploads", {})


def take(files: list[st.runtime.uploaded_file_manager.UploadedFile]) -> None:
    """Take in the files that are new; a table of scores counts for all pictures."""
    seen = st.session_state.setdefault("uploaded_files", set())
    for file in files:
        if file.file_id in seen:
            continue
        seen.add(file.file_id)
        if file.name.lower().endswith(".csv"):
            try:
                st.session_state["uploaded_scores"] = read_scores(file.getvalue(), file.name)
            except CatalogueError as error:
                uploads()[file.name] = Upload(file.name, b"", error=str(error))
        else:
            add(file.name, file.getvalue())


def add(name: str, content: bytes) -> None:
    """Check a picture and keep it, or the reason why it cannot be used."""
    kept = uploads()
    galaxy_id = free_id(stem_of(PurePath(name).name), content)
    held = sum(len(upload.content) for upload in kept.values())
    if len(kept) >= MOST_PICTURES or held + len(content) > MOST_BYTES:
        reason = (
            f"there are {len(kept)} pictures with {held / 1e6:.0f} MB already; a session holds {MOST_PICTURES} pictures and "
            f"{MOST_BYTES / 1e6:.0f} MB: clear them, or use `python -m galaxy_explorer predict` for many"
        )
        kept[galaxy_id] = Upload(galaxy_id, b"", error=reason)
        return
    try:
        kept[galaxy_id] = with_image(Upload(galaxy_id, content), None)
    except ImageError as error:
        kept[galaxy_id] = Upload(galaxy_id, b"", error=str(error))


def free_id(stem: str, content: bytes) -> str:
    """Name a picture after its file, with a number where another picture has that name already."""
    galaxy_id, number = stem, 1
    while galaxy_id in uploads() and uploads()[galaxy_id].content != content:
        number += 1
        galaxy_id = f"{stem} ({number})"
    return galaxy_id


def with_image(upload: Upload, image: str | None) -> Upload:
    """Take another image of a FITS file; None for the one that is taken first.

    Raises
    ------
    ImageError
        When it cannot be shown.
    """
    exposure = read_exposure(upload.content, image)
    small = base64.b64encode(to_png(thumbnail(exposure.picture, 64))).decode()
    return replace(
        upload,
        small=f"data:image/png;base64,{small}",
        image=exposure.name or None,
        choices=exposure.choices,
    )


def exposure_of(upload: Upload) -> Exposure:
    """Read an upload; what took long to read is kept for a while."""
    if upload.image is None:
        return read_exposure(upload.content)
    if "exposures" not in st.session_state:
        st.session_state["exposures"] = resources.Memo(limit=FULL_EXPOSURES)
    return st.session_state["exposures"].recall(upload.address, partial(read_exposure, upload.content, upload.image))


def take_image(galaxy_id: str, key: str) -> None:
    """Make the image that was chosen the one that is shown; where it cannot be, stay with the one before."""
    upload = uploads()[galaxy_id]
    try:
        uploads()[galaxy_id] = with_image(upload, st.session_state[key])
    except ImageError as error:
        st.session_state["image_refused"] = f"“{st.session_state[key]}” cannot be shown: {error}"
        st.session_state[key] = upload.image


def clear() -> None:
    """Forget this visitor's uploads and all that was computed of them."""
    for name in ("uploads", "uploaded_files", "uploaded_scores", "memo", "exposures"):
        st.session_state.pop(name, None)
    st.session_state["upload_round"] = st.session_state.get("upload_round", 0) + 1  # a fresh, empty uploader
