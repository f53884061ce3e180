"""The galaxy panel: the one way in which a galaxy is shown, wherever it came from."""

import io
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    COLUMNS,
    INDEX,
    QUESTION_OF,
    in_words,
    most_likely_path,
    shares_from_fractions,
)
from galaxy_explorer.flow_chart import as_list, flow_chart
from galaxy_explorer.images import overlay, to_png
from galaxy_explorer.views import resources
from galaxy_explorer.views.resources import ShownGalaxy

# plotly's own toolbar would cover the first question; a click must select, and nothing else.
CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}

FRAME_COLOUR = (84, 104, 134)  # quieter than any galaxy


def is_dark() -> bool:
    """Tell whether the visitor's theme is dark."""
    return st.context.theme.type != "light"


def answer_label(column: str) -> str:
    """Name an answer in a list of all 37."""
    question = QUESTION_OF[column]
    return f"{question.number} · {question.short}: {ANSWER_OF[column].name}"


def choose_network() -> str | None:
    """Let the visitor choose a network; say what to do, and give None, where there is none."""
    names = resources.networks()
    if not names:
        st.error("There are no networks in weights/. Train one with `python train.py`, or fetch the project's weights.")
        return None
    return st.segmented_control(
        "Network",
        names,
        default=names[0],
        required=True,
        key="network",
        persist_state="session",
        help="Each has learnt from the volunteers' votes in its own way; the one with the smaller error comes first.",
    )


def show(galaxy: ShownGalaxy, name: str) -> None:
    """Show a galaxy as a network sees it: sentence, picture with saliency, flow-chart, table and downloads."""
    with st.spinner("Asking the network …"):
        fractions, spread = galaxy.prediction(name)
    _start_answer(galaxy, fractions)
    _show_words(galaxy, name, fractions)
    with st.container(key="panel"):
        left, right = st.columns([4, 9], gap="medium")
        with left:
            _show_picture(galaxy, name)
        with right:
            _show_chart(galaxy, name, fractions, spread)
    _show_table(galaxy, name, fractions, spread)


def _start_answer(galaxy: ShownGalaxy, fractions: np.ndarray) -> None:
    """Explain, when a galaxy comes up first, the most telling answer of its likeliest path."""
    shown = "/".join(galaxy.address)
    if st.session_state.get("answer_of") != shown or st.session_state.get("answer") not in INDEX:
        st.session_state["answer_of"] = shown
        path = most_likely_path(fractions)
        st.session_state["answer"] = path[min(1, len(path) - 1)][0]


def _show_picture(galaxy: ShownGalaxy, name: str) -> None:
    """Show the picture with the saliency of the chosen answer over it, and the controls of both."""
    from galaxy_explorer.saliency import METHODS

    place = st.container(key="picture")
    column = st.selectbox("Explain answer", COLUMNS, format_func=answer_label, key="answer")
    lowers = (
        st.segmented_control(
            "Show what", ["raises it", "lowers it"], default="raises it", required=True, key="direction"
        )
        == "lowers it"
    )
    method = st.selectbox("Method", list(METHODS), key="method", persist_state="session")
    st.caption(METHODS[method].explanation)
    opacity = st.slider("Saliency over the picture", 0, 100, 60, format="%d %%", key="opacity", persist_state="session")
    with place:
        found = _saliency(galaxy, name, column, method, lowers)
        _, card = resources.network(name)
        heat = _over_the_picture(found.heat, galaxy.picture.shape[:2], card["crop"] / galaxy.field)
        lit = _framed(overlay(galaxy.picture, heat, opacity / 100.0), card["crop"] / galaxy.field)
        asked = f"“{ANSWER_OF[column].name}” to: {QUESTION_OF[column].text}"
        st.image(lit, width="stretch", alt=f"Galaxy {galaxy.galaxy_id} with the saliency of {asked}")
        if found.message:
            st.info(found.message[0].upper() + found.message[1:] + ".", icon=":material/visibility_off:")
        does = "lowers" if lowers else "raises"
        st.caption(
            f"Bright: what {does} {asked} The network sees the framed square alone. "
            f"Strongest point before scaling: {found.maximum:.3g}."
        )
    st.download_button(
        "Picture with saliency",
        to_png(lit),
        f"{galaxy.galaxy_id}_{column}.png",
        "image/png",
        icon=":material/download:",
    )


def _saliency(galaxy: ShownGalaxy, name: str, column: str, method: str, lowers: bool) -> Any:
    """Compute or recall a map, with a bar for the method that takes a while."""
    bar = st.empty()

    def progress(done: int, total: int) -> None:
        bar.progress(done / total, f"{method}: {done} of {total} maps")

    found = galaxy.saliency(name, column, method, lowers, progress)
    bar.empty()
    return found


def _seen(shape: tuple[int, ...], crop: float) -> tuple[slice, slice]:
    """Find the central square that the network sees, as rows and columns of the picture."""
    side = min(round(min(shape[:2]) * crop), *shape[:2])
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    return slice(top, top + side), slice(left, left + side)


def _over_the_picture(heat: np.ndarray, shape: tuple[int, ...], crop: float) -> np.ndarray:
    """Put a map, which covers the central square, at its place in the whole picture."""
    rows, columns = _seen(shape, crop)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    whole = np.zeros(shape, np.float32)
    whole[rows, columns] = np.asarray(Image.fromarray(heat).resize(size, Image.Resampling.BILINEAR)).clip(0.0, 1.0)
    return whole


def _framed(picture: np.ndarray, crop: float) -> np.ndarray:
    """Draw a thin frame round the central square that the network sees."""
    rows, columns = _seen(picture.shape, crop)
    line = max(1, min(picture.shape[:2]) // 300)
    framed = picture.copy()
    framed[rows, columns] = FRAME_COLOUR
    inner = slice(rows.start + line, rows.stop - line), slice(columns.start + line, columns.stop - line)
    framed[inner] = picture[inner]
    return framed


def _show_words(galaxy: ShownGalaxy, name: str, fractions: np.ndarray) -> None:
    """Say the likeliest path, by the network and by the volunteers."""
    st.markdown(f":blue-badge[{name}] {in_words(fractions)}")
    if galaxy.volunteers is None:
        st.markdown(":orange-badge[volunteers] No votes on this picture are known.")
    else:
        st.markdown(f":orange-badge[volunteers] {in_words(galaxy.volunteers)}")


def _take_click() -> None:
    """Make the answer that was clicked in the chart the one that is explained."""
    points = st.session_state["chart"]["selection"]["points"]
    if points and points[0].get("customdata") in INDEX:  # a click beside the answers selects nothing
        st.session_state["answer"] = points[0]["customdata"]


def _show_chart(galaxy: ShownGalaxy, name: str, fractions: np.ndarray, spread: np.ndarray) -> None:
    """Draw the flow-chart; where there is no room for it, the list in its place."""
    drawn: dict[str, Any] = {
        "network_spread": spread,
        "selected": st.session_state["answer"],
        "dark": is_dark(),
        "network_name": name,
    }
    with st.container(key="flow_chart"):
        st.plotly_chart(
            flow_chart(fractions, galaxy.volunteers, **drawn),
            key="chart",
            on_select=_take_click,
            selection_mode="points",
            theme=None,
            config=CHART_CONFIG,
        )
    with st.container(key="flow_list"):
        st.html(as_list(fractions, galaxy.volunteers, **drawn))


def scores_table(
    galaxy_id: str, fractions: np.ndarray, volunteers: np.ndarray | None, spread: np.ndarray
) -> pd.DataFrame:
    """Put the 37 numbers of a galaxy in a table: question, answer, fractions and shares of both."""
    voted = np.full(len(COLUMNS), np.nan) if volunteers is None else volunteers
    return pd.DataFrame(
        {
            "GalaxyID": galaxy_id,
            "column": COLUMNS,
            "question": [QUESTION_OF[name].text for name in COLUMNS],
            "answer": [ANSWER_OF[name].name for name in COLUMNS],
            "network_fraction": fractions,
            "network_spread": spread,
            "volunteer_fraction": voted,
            "network_share": shares_from_fractions(fractions),
            "volunteer_share": shares_from_fractions(voted),
        }
    )


def _show_table(galaxy: ShownGalaxy, name: str, fractions: np.ndarray, spread: np.ndarray) -> None:
    """Show the 37 numbers, and offer them as files."""
    table = scores_table(galaxy.galaxy_id, fractions, galaxy.volunteers, spread)
    with st.container(key="scores"):
        st.subheader("The 37 scores")
        st.caption(
            "A vote fraction is the share of a question's answers times the share of all votes that reached the "
            "question. The fractions are weighted scores, not probabilities."
        )
        number = st.column_config.NumberColumn(format="%.3f")
        st.dataframe(
            table.drop(columns="GalaxyID"),
            hide_index=True,
            height=320,
            column_config={name: number for name in table.columns if name.endswith(("fraction", "spread", "share"))},
        )
        row = pd.DataFrame([fractions], columns=list(COLUMNS), index=pd.Index([galaxy.galaxy_id], name="GalaxyID"))
        buttons = st.container(horizontal=True)
        buttons.download_button(
            "Scores as CSV", _csv(row.reset_index()), f"{galaxy.galaxy_id}_{name}_scores.csv", "text/csv",
            icon=":material/download:",
        )  # fmt: skip
        buttons.download_button(
            "Network and volunteers as CSV", _csv(table), f"{galaxy.galaxy_id}_{name}_compared.csv", "text/csv",
            icon=":material/download:",
        )  # fmt: skip
        buttons.download_button(
            "Picture", to_png(galaxy.picture), f"{galaxy.galaxy_id}.png", "image/png", icon=":material/download:"
        )


def _csv(table: pd.DataFrame) -> bytes:
    """Write a table as CSV."""
    text = io.StringIO()
    table.to_csv(text, index=False, float_format="%.6f")
    return text.getvalue().encode()
