"""What the network says of many uploads: asked batch by batch, shown as it comes, in a table to sort and download."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer import __version__
from galaxy_explorer.app.panel import shown_galaxy
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.result_cache import Memo, own_memo
from galaxy_explorer.app.upload.session import Upload, picture_of, volunteers_of
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF, in_words, name_of

DOWNLOADS = {"CSV": "text/csv", "Parquet": "application/vnd.apache.parquet", "FITS": "application/fits"}
BATCH = 8  # pictures asked for at once: a second's work, after which a visitor's click is heard
GROWTH = 1.3  # of the table between two looks at it: it is sent whole each time
KEPT = 4000  # distances from what the networks learnt


def strangeness(upload: Upload, name: str) -> float | None:
    """Say how strange an upload is to a network, 1 at the threshold; None where its card does not say."""
    return _distances().recall((*upload.address, name), partial(_strangeness, upload, name))


def _distances() -> Memo:
    """Give this visitor's distances from what the networks learnt."""
    if "strangeness" not in st.session_state:
        st.session_state["strangeness"] = Memo(limit=KEPT)
    return st.session_state["strangeness"]


def _strangeness(upload: Upload, name: str) -> float | None:
    """Measure what `strangeness` keeps."""
    from galaxy_explorer.prediction import ood_score

    found = ood_score(networks.network(name), [picture_of(upload)])
    return None if found is None else float(found[0])


def show_results(place: Any, good: list[Upload], name: str) -> None:
    """Fill a place of the page with the table, asking the network for what it has not been asked yet.

    It is called last, so that the rest of the page is there while the network is busy.
    """
    memo = own_memo()
    waiting = [upload for upload in good if (*upload.address, name) not in memo.results]
    with place:
        bar, stop, table = st.empty(), st.empty(), st.empty()
    stopped = st.session_state.get("asking_stopped", False)
    if waiting and not stopped:
        stop.button("Stop", icon=":material/stop:", key="stop_asking", on_click=_set_stopped, args=(True,))
        _ask(waiting, good, name, bar, table)
        bar.empty()
        stop.empty()
        waiting = []
    done = [upload for upload in good if upload not in waiting]
    if waiting:
        bar.markdown(f"Stopped: **{len(done)} of {len(good)}** pictures are done.")
        stop.button("Go on", icon=":material/play_arrow:", on_click=_set_stopped, args=(False,))
    if done:
        with table.container():
            fractions = predicted_table(done, name)
            _interactive(overview(done, fractions, name), fractions.index.tolist())
            _offer(fractions, name)


def _set_stopped(stopped: bool) -> None:
    """Stop asking, or go on."""
    st.session_state["asking_stopped"] = stopped


def _ask(waiting: list[Upload], good: list[Upload], name: str, bar: Any, table: Any) -> None:
    """Ask the network batch by batch; show how far it is, and the rows so far."""
    unanswered = {upload.galaxy_id for upload in waiting}
    shown = 0
    for first in [0, *range(1, len(waiting), BATCH)]:
        count = len(good) - len(unanswered)
        bar.progress(count / len(good), f"Asking the network: {count} of {len(good)} pictures done")
        batch = waiting[first : first + (BATCH if first else 1)]  # the first alone, to show something soon
        _ask_batch(batch, name)
        unanswered -= {upload.galaxy_id for upload in batch}
        done = [upload for upload in good if upload.galaxy_id not in unanswered]
        if unanswered and len(done) >= GROWTH * shown:
            shown = len(done)
            table.dataframe(overview(done, predicted_table(done, name), name), **_layout())


def _ask_batch(batch: list[Upload], name: str) -> None:
    """Predict some uploads at once and keep the results where the panel looks for them."""
    from galaxy_explorer.prediction import ood_score, predict

    model = networks.network(name)
    pictures = [picture_of(upload) for upload in batch]
    fractions, spread = predict(model, pictures)
    strange = ood_score(model, pictures)
    for i, upload in enumerate(batch):
        own_memo().keep((*upload.address, name), (fractions[i], spread[i]))
        _distances().keep((*upload.address, name), None if strange is None else float(strange[i]))


def predicted_table(done: list[Upload], name: str) -> pd.DataFrame:
    """Give the scores of uploads that have been predicted, (N, 37), by galaxy id."""
    memo = own_memo()
    rows = [memo.recall((*upload.address, name), partial(_predict, upload, name))[0] for upload in done]
    return pd.DataFrame(
        rows, columns=list(COLUMNS), index=pd.Index([upload.galaxy_id for upload in done], name="GalaxyID")
    )


def _predict(upload: Upload, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Predict an upload that the memo has lost."""
    return shown_galaxy.predict_picture(name, picture_of(upload), field=1.0)


def overview(done: list[Upload], fractions: pd.DataFrame, name: str) -> pd.DataFrame:
    """Lay out the table of uploads; a column comes only where it has something to say."""
    columns: dict[str, Any] = {
        "picture": [upload.small for upload in done],
        "galaxy": fractions.index,
        "likeliest path": [in_words(row) for row in fractions.to_numpy()],
    }
    strange = [strangeness(upload, name) or 0.0 for upload in done]
    if any(value > 1 for value in strange):
        columns["unlike what it learnt"] = [f"{value:.1f} × the limit" if value > 1 else "" for value in strange]
    voted = volunteers_of([upload.galaxy_id for upload in done])
    if any(row is not None for row in voted):
        columns["volunteers say"] = [in_words(row) if row is not None else "" for row in voted]
        columns["apart by"] = [
            _apart(ours, theirs) for ours, theirs in zip(fractions.to_numpy(), voted, strict=True)
        ]  # text: a table shows a missing number as “None”
    if any(upload.crop for upload in done):
        columns["part"] = ["cropped" if upload.crop else "whole" for upload in done]
    return pd.DataFrame(columns).join(fractions.reset_index(drop=True))


def _apart(ours: np.ndarray, theirs: np.ndarray | None) -> str:
    """Write the root-mean-square difference of the network's fractions from the volunteers', as far as both are known."""
    if theirs is None:
        return ""
    return f"{float(np.sqrt(np.nanmean((ours - theirs) ** 2))):.3f}"


def _layout() -> dict[str, Any]:
    """Say how the table looks."""
    config = st.column_config
    scores = {
        column: config.NumberColumn(
            name_of(column),
            format="%.3f",
            help=f"{QUESTION_OF[column].text} {ANSWER_OF[column].name}: the vote fraction ({column})",
        )
        for column in COLUMNS
    }
    named: dict[str, Any] = {
        # Both, or the pinned one would change places with the other; on a phone, where they would fill the table, none is.
        "picture": config.ImageColumn("picture", width="small", pinned=True),
        "galaxy": config.TextColumn("galaxy", width="medium", pinned=True),
        "likeliest path": config.TextColumn("the network says", width="large"),
        "volunteers say": config.TextColumn(width="large"),
        "apart by": config.TextColumn(
            help="Root-mean-square difference of the network's vote fractions from the volunteers'"
        ),
    }
    return {"hide_index": True, "row_height": 64, "column_config": named | scores}


def _interactive(table: pd.DataFrame, ids: list[str]) -> None:
    """Show the table so that a row can be chosen."""
    st.dataframe(table, key="upload_table", on_select=partial(_take_row, ids), selection_mode="single-row", **_layout())


def _take_row(ids: list[str]) -> None:
    """Make the picture whose row was ticked the one that is shown."""
    rows = st.session_state["upload_table"]["selection"]["rows"]
    if rows:
        st.session_state["shown_upload"] = ids[rows[0]]


def _offer(table: pd.DataFrame, name: str) -> None:
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
    from galaxy_explorer.prediction import as_bytes

    key = networks.network(name).key()
    about = {"prediction_key": key, "network": name, "version": __version__, "views": str(networks.VIEWS)}
    return as_bytes(table.astype("float32"), ending, about)
