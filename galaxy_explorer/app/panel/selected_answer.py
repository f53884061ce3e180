"""The selected answer: one choice, made in select box, chart, list or by a button."""

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key
from galaxy_explorer.decision_tree import ANSWER_OF, INDEX, QUESTION_OF


def answer_label(column: str) -> str:
    """Return the label of an answer in a list of all 37."""
    question = QUESTION_OF[column]
    return f"{question.number} · {question.short}: {ANSWER_OF[column].name}"


def selected_answer() -> str:
    """Return the column of the selected answer."""
    return state.widget(Key.ANSWER)


def select_answer(column: object) -> None:
    """Select an answer; anything but an answer's column is ignored."""
    if column in INDEX:
        state.set_widget(Key.ANSWER, column)


def select_clicked() -> None:
    """Select the answer that was clicked in the chart."""
    points = state.widget(Key.CHART)["selection"]["points"]
    if points:  # a click next to the answers selects nothing
        select_answer(points[0].get("customdata"))


def select_pressed() -> None:
    """Select the answer that was pressed in the list."""
    select_answer(state.widget(Key.ANSWER_LIST).get("tapped"))


LIST_SCRIPT = """
const NARROW = window.matchMedia("(max-width: 735px)");
export default function ({ parentElement, data, setTriggerValue }) {
  const list = parentElement.querySelector(".answers");
  const active = document.activeElement;
  const focused = list.contains(active) && active.closest("[data-column]")?.dataset.column;
  list.innerHTML = data;
  // If the chart is shown, the list is for screen readers alone, and the tab key skips it.
  const reach = () => list.querySelectorAll("button").forEach((button) => (button.tabIndex = NARROW.matches ? 0 : -1));
  reach();
  NARROW.addEventListener("change", reach);
  if (focused) list.querySelector(`[data-column="${focused}"] button`)?.focus({ preventScroll: true });
  list.onclick = (event) => {
    const item = event.target.closest("[data-column]");
    if (item) setTriggerValue("tapped", item.dataset.column);
  };
  return () => NARROW.removeEventListener("change", reach);
}
"""
# The whole item is the button.
LIST_STYLE = """
.answers button::after { content: ""; position: absolute; inset: 0; border-radius: 8px; cursor: pointer; }
.answers button:focus-visible::after { outline: 3px solid #7fb4ff; outline-offset: 1px; }
"""


def show_list(html: str) -> None:
    """Draw the list form of the flow-chart; a press on an answer selects it."""
    # Defined in each run: a definition belongs to the running server, and repeating it takes no time.
    component = st.components.v2.component(
        "answer_list", html='<div class="answers"></div>', css=LIST_STYLE, js=LIST_SCRIPT, isolate_styles=False
    )
    component(key=Key.ANSWER_LIST, data=html, on_tapped_change=select_pressed)
