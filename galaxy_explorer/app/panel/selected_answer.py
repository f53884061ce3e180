"""The answer that is looked at: one choice, made in the select box, the chart, the list or any other place."""

import streamlit as st

from galaxy_explorer.decision_tree import ANSWER_OF, INDEX, QUESTION_OF

CHOSEN = "answer"  # its key in the session, which is the select box's


def answer_label(column: str) -> str:
    """Name an answer in a list of all 37."""
    question = QUESTION_OF[column]
    return f"{question.number} · {question.short}: {ANSWER_OF[column].name}"


def chosen_answer() -> str:
    """Give the column of the answer that is looked at."""
    return st.session_state[CHOSEN]


def choose_answer(column: object) -> None:
    """Look at an answer; what is no answer's column changes nothing."""
    if column in INDEX:
        st.session_state[CHOSEN] = column


def take_click() -> None:
    """Look at the answer that was clicked in the chart."""
    points = st.session_state["chart"]["selection"]["points"]
    if points:  # a click beside the answers selects nothing
        choose_answer(points[0].get("customdata"))


def take_tap() -> None:
    """Look at the answer that was pressed in the list."""
    choose_answer(st.session_state["list"].get("tapped"))


LIST_SCRIPT = """
const NARROW = window.matchMedia("(max-width: 735px)");
export default function ({ parentElement, data, setTriggerValue }) {
  const place = parentElement.querySelector(".answers");
  const held = place.contains(document.activeElement) && document.activeElement.closest("[data-column]")?.dataset.column;
  place.innerHTML = data;
  // Where the chart is shown the list is for screen readers alone: no stop for the tab key that nobody sees.
  const reach = () => place.querySelectorAll("button").forEach((button) => (button.tabIndex = NARROW.matches ? 0 : -1));
  reach();
  NARROW.addEventListener("change", reach);
  if (held) place.querySelector(`[data-column="${held}"] button`)?.focus({ preventScroll: true });
  place.onclick = (event) => {
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
    """Show the flow-chart's list so that a press on an answer chooses it."""
    # Told anew on every run: a definition belongs to the running server, and the same one again costs nothing.
    component = st.components.v2.component(
        "answer_list", html='<div class="answers"></div>', css=LIST_STYLE, js=LIST_SCRIPT, isolate_styles=False
    )
    component(key="list", data=html, on_tapped_change=take_tap)
