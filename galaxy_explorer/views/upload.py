"""Upload: one picture or many, kept in the visitor's session alone."""

import base64
import io
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.catalogue.scores import read_scores
from galaxy_explorer.decision_tree import COLUMNS, in_words
from galaxy_explorer.images import ImageError, read_image, thumbnail, to_png
from galaxy_explorer.views import galaxy_panel, resources
from galaxy_explorer.views.resources import ShownGalaxy

MOST_PICTURES = 500
MOST_BYTES = 300_000_000  # of one visitor's pictures, as they came
ENDINGS = ["jpg", "jpeg", "png", "tif", "tiff", "webp"]


@dataclass(frozen=True)
class Upload:
    """A picture as it came, with a small copy for the table; or the reason why it cannot be used."""

    galaxy_id: str
    content: bytes
    small: str  # a data address of a thumbnail
    error: str = ""


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
                uploads()[file.name] = Upload(file.name, b"", "", str(error))
        else:
            add(file.name, file.getvalue())


def add(name: str, content: bytes) -> None:
    """Check a picture and keep it, or the reason why it cannot be used."""
    kept = uploads()
    galaxy_id = free_id(PurePath(name).stem, content)
    held = sum(len(upload.content) for upload in kept.values())
    if len(kept) >= MOST_PICTURES or held + len(content) > MOST_BYTES:
        reason = (
            f"there are {len(kept)} pictures with {held / 1e6:.0f} MB already; a session holds {MOST_PICTURES} pictures and "
            f"{MOST_BYTES / 1e6:.0f} MB: clear them, or use `python -m galaxy_explorer predict` for many"
        )
        kept[galaxy_id] = Upload(galaxy_id, b"", "", reason)
        return
    try:
        small = to_png(thumbnail(read_image(content), 64))
        kept[galaxy_id] = Upload(galaxy_id, content, "data:image/png;base64," + base64.b64encode(small).decode())
    except ImageError as error:
        kept[galaxy_id] = Upload(galaxy_id, b"", "", str(error))


def free_id(stem: str, content: bytes) -> str:
    """Name a picture after its file, with a number where another picture has that name already."""
    galaxy_id, number = stem, 1
    while galaxy_id in uploads() and uploads()[galaxy_id].content != content:
        number += 1
        galaxy_id = f"{stem} ({number})"
    return galaxy_id


def volunteers_of(galaxy_id: str) -> np.ndarray | None:
    """Find what volunteers said of an upload: in a table that came along, or in the open catalogue."""
    scores = st.session_state.get("uploaded_scores")
    if scores is not None and galaxy_id in scores.index:
        return scores.loc[galaxy_id].reindex(list(COLUMNS)).to_numpy(dtype=float)
    catalogue = resources.catalogue(resources.current_source())
    if galaxy_id not in catalogue:
        return None
    voted = catalogue.table.loc[galaxy_id, list(COLUMNS)].to_numpy(dtype=float)
    return voted if np.isfinite(voted).any() else None


def shown(upload: Upload) -> ShownGalaxy:
    """Make an upload ready for the panel."""
    return ShownGalaxy(
        upload.galaxy_id,
        read_image(upload.content),
        1.0,
        volunteers_of(upload.galaxy_id),
        resources.own_memo(),
        address(upload),
    )


def address(upload: Upload) -> tuple[str, str]:
    """Set an upload apart from the others, also from one of the same name."""
    return upload.galaxy_id, str(hash(upload.content))


def predicted_table(good: list[Upload], name: str) -> pd.DataFrame:
    """Predict all uploads, with a bar; what was predicted before is recalled."""
    bar = st.progress(0.0, "Asking the network …")
    rows = []
    for i, upload in enumerate(good):
        fractions, _ = resources.own_memo().recall((*address(upload), name), partial(predict_upload, upload, name))
        rows.append(fractions)
        bar.progress((i + 1) / len(good), f"{i + 1} of {len(good)} pictures")
    bar.empty()
    return pd.DataFrame(rows, columns=list(COLUMNS), index=pd.Index([u.galaxy_id for u in good], name="GalaxyID"))


def predict_upload(upload: Upload, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Predict an upload's vote fractions and their spread."""
    return resources.predict_picture(name, read_image(upload.content), field=1.0)


def choose(good: list[Upload], name: str) -> Upload:
    """Show many uploads as a table; give the one that is chosen in it."""
    table = predicted_table(good, name)
    overview = pd.DataFrame(
        {
            "picture": [upload.small for upload in good],
            "galaxy": table.index,
            "likeliest path": [in_words(row) for row in table.to_numpy()],
            "volunteers": [volunteers_of(upload.galaxy_id) is not None for upload in good],
        }
    ).join(table.reset_index(drop=True))
    st.dataframe(
        overview,
        key="upload_table",
        hide_index=True,
        on_select=partial(take_row, table.index.tolist()),
        selection_mode="single-row",
        row_height=64,
        column_config={
            "picture": st.column_config.ImageColumn("picture", width="small"),
            "likeliest path": st.column_config.TextColumn(width="large"),
        },
    )
    text = io.StringIO()
    table.to_csv(text, float_format="%.6f")
    st.download_button(
        f"Scores of all {len(good)} as CSV", text.getvalue().encode(), f"{name}_scores.csv", "text/csv",
        icon=":material/download:",
    )  # fmt: skip
    ids = table.index.tolist()
    if st.session_state.get("shown_upload") not in ids:
        st.session_state["shown_upload"] = ids[0]
    chosen = st.selectbox("Show", ids, key="shown_upload", persist_state="session", width=320)
    return good[ids.index(chosen)]


def take_row(ids: list[str]) -> None:
    """Make the picture whose row was ticked the one that is shown."""
    rows = st.session_state["upload_table"]["selection"]["rows"]
    if rows:
        st.session_state["shown_upload"] = ids[rows[0]]


def say_where_votes_come_from(upload: Upload) -> None:
    """Say which galaxy's votes are shown beside an upload, since a name alone may mislead."""
    scores = st.session_state.get("uploaded_scores")
    if scores is not None and upload.galaxy_id in scores.index:
        st.caption("The volunteers' votes are those of the table that came along.")
    elif volunteers_of(upload.galaxy_id) is not None:
        source = resources.current_source()
        st.caption(
            f"The volunteers' votes are those of galaxy {upload.galaxy_id} in {source}, found by the file's name."
        )


def clear() -> None:
    """Forget this visitor's uploads and all that was computed of them."""
    for name in ("uploads", "uploaded_files", "uploaded_scores", "memo"):
        st.session_state.pop(name, None)
    st.session_state["upload_round"] = st.session_state.get("upload_round", 0) + 1  # a fresh, empty uploader


def page() -> None:
    """Describe the screen."""
    st.title("Upload pictures")
    st.markdown(
        "One galaxy in the middle of each picture works best. Your pictures stay in this session: nobody else sees "
        "them, and they are gone when you close the page."
    )
    files = st.file_uploader(
        "JPEG, PNG, TIFF or WebP; a scores.csv may come along", type=[*ENDINGS, "csv"], accept_multiple_files=True,
        key=f"files_{st.session_state.get('upload_round', 0)}",
    )  # fmt: skip
    take(files or [])
    if "uploaded_scores" in st.session_state:
        st.caption(f"Scores of {len(st.session_state['uploaded_scores']):,} galaxies came along.")
    good = [upload for upload in uploads().values() if not upload.error]
    bad = [upload for upload in uploads().values() if upload.error]
    if bad:
        st.warning(
            f"{len(bad)} of {len(good) + len(bad)} files cannot be used:\n\n"
            + "\n".join(f"- **{upload.galaxy_id}**: {upload.error}" for upload in bad),
            icon=":material/broken_image:",
        )
    if not good:
        if not bad:
            st.info("Nothing here yet. Drop a picture of a galaxy above.", icon=":material/upload:")
        return
    st.button(
        "Clear all",
        icon=":material/delete:",
        on_click=clear,
        help="Forgets every picture. The × beside a file's name only tidies the list of files.",
    )
    if name := galaxy_panel.choose_network():
        upload = good[0] if len(good) == 1 else choose(good, name)
        st.subheader(upload.galaxy_id)
        say_where_votes_come_from(upload)
        galaxy_panel.show(shown(upload), name)


page()
