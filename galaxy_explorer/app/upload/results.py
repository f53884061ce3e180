"""Predictions of many uploads: made batch by batch, in a table to sort and download."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.shown_galaxy import predict_picture
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.state import Key, Upload
from galaxy_explorer.app.upload.session import cropped, picture_of, thumbnail_of, votes_of
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF, label_of, short_description
from galaxy_explorer.evaluation.metrics import rms
from galaxy_explorer.images import DEFAULT_VIEWS

DOWNLOADS = {"CSV": "text/csv", "Parquet": "application/vnd.apache.parquet", "FITS": "application/fits"}
BATCH = 8  # pictures predicted at once: a second's work, after which a visitor's click takes effect
SENTENCE_PX = 360  # width of a column of sentences
GROWTH = 1.3  # of the table between two updates: it is sent whole each time


def ood_score(upload: Upload, network: str) -> float | None:
    """Return the out-of-distribution score, 1 at the threshold; None if the card has none."""
    return state.upload().results.get(("ood", *upload.key, network), lambda: _ood_scores([upload], network)[0])


def _ood_scores(uploads: list[Upload], network: str) -> list[float | None]:
    from galaxy_explorer import prediction

    scores = prediction.ood_score(networks.network(network), [picture_of(upload) for upload in uploads])
    return [None] * len(uploads) if scores is None else [float(score) for score in scores]


def score_in_words(score: float) -> str:
    """Return an out-of-distribution score above 1 in words."""
    # With one decimal, 1.02 would read as the limit itself.
    return "just above the limit" if score < 1.05 else f"{score:.1f} × the limit"


def show_results(slot: Any, pictures: list[Upload], network: str) -> None:
    """Show the table in a slot, and predict what is missing; call it last, as it takes long."""
    mine = state.upload()
    missing = [upload for upload in pictures if (*upload.key, network) not in mine.results]
    with slot:
        bar, button, table = st.empty(), st.empty(), st.empty()
    if missing and not mine.stopped:
        button.button("Stop prediction", icon=":material/stop:", key="stop_upload", on_click=partial(_stop, True))
        _predict_all(missing, pictures, network, bar, table)
        bar.empty()
        button.empty()
        missing = []
    done = [upload for upload in pictures if upload not in missing]
    if missing:
        bar.markdown(f"Stopped: **{len(done)} of {len(pictures)}** pictures are predicted.")
        button.button("Resume prediction", icon=":material/play_arrow:", on_click=partial(_stop, False))
    if done:
        with table.container():
            _show_tables(done, network)


def _show_tables(done: list[Upload], network: str) -> None:
    """Show a line for each picture, the folded vote fractions, and the downloads."""
    fractions = predicted_table(done, network)
    st.dataframe(
        overview(done, fractions, network),
        key=Key.UPLOAD_TABLE,
        on_select=partial(_choose_row, fractions.index.tolist()),
        selection_mode="single-row",
        **_layout(),
    )
    with st.expander(f"All {len(COLUMNS)} vote fractions"):
        st.dataframe(fractions.reset_index(names="galaxy"), hide_index=True, column_config=_fraction_columns())
    _offer_downloads(done, fractions, network)


def _stop(stopped: bool) -> None:
    """Stop or resume the predictions."""
    state.upload().stopped = stopped


def _predict_all(missing: list[Upload], pictures: list[Upload], network: str, bar: Any, table: Any) -> None:
    """Predict batch by batch; show the progress, and the rows so far."""
    shown = 0
    for first in [0, *range(1, len(missing), BATCH)]:
        done = len(pictures) - len(missing) + first
        bar.progress(done / len(pictures), f"Predicting: {done} of {len(pictures)} pictures done")
        end = first + (BATCH if first else 1)  # the first one alone, to show something soon
        _predict_batch(missing[first:end], network)
        rows = [upload for upload in pictures if upload not in missing[end:]]
        if missing[end:] and len(rows) >= GROWTH * shown:
            shown = len(rows)
            table.dataframe(overview(rows, predicted_table(rows, network), network), **_layout())


def _predict_batch(batch: list[Upload], network: str) -> None:
    """Predict some uploads, and cache the results where the panel reads them."""
    from galaxy_explorer.prediction import predict

    results = state.upload().results
    pictures = [picture_of(upload) for upload in batch]
    predictions = zip(*predict(networks.network(network), pictures), strict=True)
    for upload, prediction, score in zip(batch, predictions, _ood_scores(batch, network), strict=True):
        results.put((*upload.key, network), prediction)
        results.put(("ood", *upload.key, network), score)


def predicted_table(done: list[Upload], network: str) -> pd.DataFrame:
    """Return the vote fractions of uploads, (N, 37), by galaxy id."""
    results = state.upload().results
    rows = []
    for upload in done:
        again = partial(_predict, upload, network)  # evicted from the cache
        rows.append(results.get((*upload.key, network), again)[0])
    index = pd.Index([upload.galaxy_id for upload in done], name="GalaxyID")
    return pd.DataFrame(rows, columns=list(COLUMNS), index=index)


def _predict(upload: Upload, network: str) -> tuple[np.ndarray, np.ndarray]:
    return predict_picture(network, picture_of(upload), field=1.0)


def overview(done: list[Upload], fractions: pd.DataFrame, network: str) -> pd.DataFrame:
    """Return a line for each upload; columns without content are left out."""
    values = fractions.to_numpy()
    columns: dict[str, Any] = {
        "picture": [thumbnail_of(upload) for upload in done],
        "galaxy": fractions.index,
        "likeliest path": [short_description(row) for row in values],
    }
    scores = [ood_score(upload, network) or 0.0 for upload in done]
    if any(score > 1 for score in scores):
        columns["out of distribution"] = [score_in_words(score) if score > 1 else "" for score in scores]
    votes = votes_of([upload.galaxy_id for upload in done])
    if any(row is not None for row in votes):  # as text: a table shows a missing number as “None”
        columns["volunteers"] = ["" if row is None else short_description(row) for row in votes]
        errors = [np.nan if row is None else float(rms(values[i] - row)) for i, row in enumerate(votes)]
        columns["RMSE vs volunteers"] = ["" if np.isnan(error) else f"{error:.3f}" for error in errors]
    squares = [cropped(upload).square for upload in done]
    if any(squares):
        columns["crop"] = [f"{square.side} px" if square else "whole" for square in squares]
    return pd.DataFrame(columns)


def _layout() -> dict[str, Any]:
    """Return the layout of the table of uploads."""
    config = st.column_config
    named: dict[str, Any] = {
        # Both are pinned, or the pinned one would come first; on a phone, where they would fill the table, none is.
        "picture": config.ImageColumn(width="small", pinned=True),
        "galaxy": config.TextColumn(width="medium", pinned=True),
        "likeliest path": config.TextColumn("network", width=SENTENCE_PX),
        "volunteers": config.TextColumn(width=SENTENCE_PX),
        "RMSE vs volunteers": config.TextColumn(help="Root-mean-square difference of the vote fractions"),
        "crop": config.TextColumn(help="Side of the square that the network is shown"),
    }
    # Text is wrapped in rows over 64 pixels alone.
    return {"hide_index": True, "row_height": 88, "column_config": named}


def _fraction_columns() -> dict[str, Any]:
    """Return the layout of the vote fractions."""
    config = st.column_config
    named: dict[str, Any] = {"galaxy": config.TextColumn(width="medium", pinned=True)}
    for column in COLUMNS:
        meaning = f"{QUESTION_OF[column].text} {ANSWER_OF[column].name}: the vote fraction ({column})"
        named[column] = config.NumberColumn(label_of(column), format="%.3f", help=meaning)
    return named


def _choose_row(ids: list[str]) -> None:
    """Show the picture whose row was ticked."""
    if rows := state.widget(Key.UPLOAD_TABLE)["selection"]["rows"]:
        state.set_widget(Key.UPLOAD, ids[rows[0]])


def _offer_downloads(done: list[Upload], fractions: pd.DataFrame, network: str) -> None:
    """Show the download buttons; a file is written when its button is pressed."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Scores of all {len(done)}")
        for kind, mime in DOWNLOADS.items():
            ending = f".{kind.lower()}"
            content = partial(table_bytes, done, fractions, ending, network)
            meaning = f"Scores of all {len(done)} pictures in one {kind} file"
            name, icon = f"{network}_scores{ending}", ":material/download:"
            st.download_button(kind, content, name, mime, help=meaning, on_click="ignore", icon=icon)


def table_bytes(done: list[Upload], fractions: pd.DataFrame, ending: str, network: str) -> bytes:
    """Return scores as a file that names the network."""
    from galaxy_explorer.prediction import as_bytes, provenance

    table = fractions.astype("float32").join(columns_of(done, network))
    return as_bytes(table, ending, provenance(network, networks.network(network), DEFAULT_VIEWS))


def columns_of(uploads: list[Upload], network: str) -> pd.DataFrame:
    """Return out-of-distribution scores, flags and crops as `predict` writes them, by galaxy id."""
    from galaxy_explorer.prediction import CROP_COLUMNS, OOD_FLAG, OOD_SCORE

    scores = np.array([ood_score(upload, network) for upload in uploads], dtype="float32")  # NaN without a reference
    squares = [cropped(upload).square for upload in uploads]
    crops = [(square.x, square.y, square.side) if square else (np.nan,) * 3 for square in squares]
    table = pd.DataFrame({OOD_SCORE: scores, OOD_FLAG: scores > 1}, [upload.galaxy_id for upload in uploads])
    table[list(CROP_COLUMNS)] = np.array(crops, dtype="float32")
    return table
