"""Upload: one picture or many, kept in the visitor's session alone."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer import __version__
from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.decision_tree import COLUMNS, in_words
from galaxy_explorer.images import GREY, Exposure
from galaxy_explorer.views import galaxy_panel, resources
from galaxy_explorer.views.links import links_out
from galaxy_explorer.views.resources import ShownGalaxy
from galaxy_explorer.views.uploads import Upload, clear, exposure_of, take, take_image, uploads

ENDINGS = ["jpg", "jpeg", "png", "tif", "tiff", "webp", "fits", "fit", "fts", "fz", "gz", "bz2"]
DOWNLOADS = {"CSV": "text/csv", "Parquet": "application/vnd.apache.parquet", "FITS": "application/fits"}


def volunteers_of(galaxy_id: str) -> np.ndarray | None:
    """Find what volunteers said of an upload: in a table that came along, or in the open catalogue."""
    scores = st.session_state.get("uploaded_scores")
    if scores is not None and galaxy_id in scores.index:
        return scores.loc[galaxy_id].reindex(list(COLUMNS)).to_numpy(dtype=float)
    try:
        catalogue = resources.catalogue(resources.current_source())
    except (CatalogueError, OSError):  # the open catalogue has gone, or SDSS does not answer
        return None
    if galaxy_id not in catalogue:
        return None
    voted = catalogue.table.loc[galaxy_id, list(COLUMNS)].to_numpy(dtype=float)
    return voted if np.isfinite(voted).any() else None


def shown(upload: Upload, exposure: Exposure) -> ShownGalaxy:
    """Make an upload ready for the panel."""
    return ShownGalaxy(
        upload.galaxy_id,
        exposure.picture,
        1.0,
        volunteers_of(upload.galaxy_id),
        resources.own_memo(),
        upload.address,
    )


def predicted_table(good: list[Upload], name: str) -> pd.DataFrame:
    """Predict all uploads, with a bar; what was predicted before is recalled."""
    bar = st.progress(0.0, "Asking the network …")
    rows = []
    for i, upload in enumerate(good):
        fractions, _ = resources.own_memo().recall((*upload.address, name), partial(predict_upload, upload, name))
        rows.append(fractions)
        bar.progress((i + 1) / len(good), f"{i + 1} of {len(good)} pictures")
    bar.empty()
    return pd.DataFrame(rows, columns=list(COLUMNS), index=pd.Index([u.galaxy_id for u in good], name="GalaxyID"))


def predict_upload(upload: Upload, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Predict an upload's vote fractions and their spread."""
    return resources.predict_picture(name, exposure_of(upload).picture, field=1.0)


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
    offer(table, name)
    ids = table.index.tolist()
    if st.session_state.get("shown_upload") not in ids:
        st.session_state["shown_upload"] = ids[0]
    chosen = st.selectbox("Show", ids, key="shown_upload", persist_state="session", width=320)
    return good[ids.index(chosen)]


def offer(table: pd.DataFrame, name: str) -> None:
    """Offer the scores of all uploads as files, which are written when they are asked for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Scores of all {len(table)}")
        for kind, mime in DOWNLOADS.items():
            st.download_button(
                kind, partial(table_bytes, table, f".{kind.lower()}", name), f"{name}_scores.{kind.lower()}", mime,
                on_click="ignore", help=f"Scores of all {len(table)} pictures in one {kind} file", icon=":material/download:",
            )  # fmt: skip


def table_bytes(table: pd.DataFrame, ending: str, name: str) -> bytes:
    """Write scores as a file that says whose they are."""
    from galaxy_explorer.prediction import as_bytes, prediction_key

    key = prediction_key(*resources.network(name), resources.VIEWS)
    about = {"prediction_key": key, "network": name, "version": __version__, "views": str(resources.VIEWS)}
    return as_bytes(table.astype("float32"), ending, about)


def choose_image(upload: Upload) -> None:
    """Let the visitor choose among the images of a FITS file."""
    if len(upload.choices) < 2:
        return
    key = f"image_of_{'/'.join(upload.address[:2])}"
    if key not in st.session_state:
        st.session_state[key] = upload.image
    st.selectbox(
        "Image of this file", upload.choices, key=key, on_change=take_image, args=(upload.galaxy_id, key), width=320
    )
    if refused := st.session_state.pop("image_refused", ""):
        st.warning(refused, icon=":material/broken_image:")


def say_what_it_is(exposure: Exposure) -> None:
    """Say where a picture lies on the sky and what had to be done to show it."""
    if position := exposure.position:
        links = links_out(position.ra_deg, position.dec_deg)
        st.markdown(f"{links} · {position.pixel_scale_arcsec:.3g}″ per pixel")
    if GREY in exposure.notes:
        st.warning(f"{GREY[0].upper()}{GREY[1:]}.", icon=":material/invert_colors_off:")
    if others := [note for note in exposure.notes if note != GREY]:
        st.caption(f"About this FITS file: {'; '.join(others)}.")


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


def page() -> None:
    """Describe the screen."""
    st.title("Upload pictures")
    st.markdown(
        "One galaxy in the middle of each picture works best. Your pictures stay in this session: nobody else sees "
        "them, and they are gone when you close the page."
    )
    files = st.file_uploader(
        "JPEG, PNG, TIFF, WebP or FITS; a scores.csv may come along", type=[*ENDINGS, "csv"], accept_multiple_files=True,
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
        choose_image(upload)
        exposure = exposure_of(upload)
        say_what_it_is(exposure)
        say_where_votes_come_from(upload)
        galaxy_panel.show(shown(upload, exposure), name)


page()
