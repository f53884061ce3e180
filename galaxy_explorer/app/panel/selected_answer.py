"""The selected answer: one choice, made in select box, chart, list or by a button."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key
from galaxy_explorer.decision_tree import INDEX, QUESTION_OF, label_of, most_likely_path


def answer_label(column: str) -> str:
    """Return the label of an answer in a list of all 37."""
    return f"{QUESTION_OF[column].number} · {label_of(column)}"


def selected_answer() -> str:
    """Return the column of the selected answer; None before the panel is drawn."""
    return state.widget(Key.ANSWER)


def select_answer(column: object) -> None:
    """Select an answer; anything but an answer's column is ignored."""
    if column in INDEX:
        state.set_widget(Key.ANSWER, column)


def asked_answer() -> str | None:
    """Return the answer that the visitor or the URL chose last, which the next galaxies keep."""
    panel, selected = state.panel(), selected_answer()
    if selected in INDEX and selected != panel.own_answer:
        panel.asked_answer, panel.own_answer = selected, ""
    return panel.asked_answer


def start_answer(shown: str, fractions: np.ndarray, usual: Sequence[float] | None) -> None:
    """Select an answer for a new galaxy.

    The one that the visitor or the URL chose; else the one before if it is on the likeliest path; else the most
    telling.

    Parameters
    ----------
    shown : str
        Name of the galaxy, by which a new one is recognised.
    fractions, usual : (37,) sequence of float
        Predicted vote fractions, and their means over the training galaxies; None if the model card has none.
    """
    panel, before, asked = state.panel(), selected_answer(), asked_answer()
    requested, panel.requested_answer = panel.requested_answer, None
    is_new, panel.answer_of = panel.answer_of != shown, shown
    if requested in INDEX:
        asked = requested
    elif before in INDEX and not is_new:
        return
    elif state.shared().arrived and is_new:
        asked = None
    path = [column for column, _ in most_likely_path(fractions)]
    own = before if before in path else most_telling(fractions, usual)
    panel.asked_answer, panel.own_answer = asked, "" if asked else own
    state.set_widget(Key.ANSWER, asked or own)


def most_telling(fractions: np.ndarray, usual: Sequence[float] | None) -> str:
    """Return the answer of the likeliest path whose fraction is furthest above the usual."""
    path = [column for column, _ in most_likely_path(fractions)]
    excess = np.asarray(fractions) - (fractions if usual is None else usual)
    return max(path, key=lambda column: excess[INDEX[column]])  # the first if nothing is usual


def select_clicked() -> None:
    """Select the answer that was clicked in the chart."""
    points = state.widget(Key.CHART)["selection"]["points"]
    if points:  # a click next to the answers selects nothing
        select_answer(points[0].get("customdata"))


def select_pressed() -> None:
    """Select the answer that was pressed in the list."""
    select_answer(state.widget(Key.ANSWER_LIST).get("tapped"))


LIST_SCRIPT = """
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
export default function ({ parentElement, data, setTriggerValue }) {
  const list = parentElement.querySelector(".answers");
  const active = document.activeElement;
  const focused = list.contains(active) && active.closest("[data-column]")?.dataset.column;
  list.innerHTML = data;
  const buttons = [...list.querySelectorAll("button")];
  // One stop of the tab key; arrow keys move from there, up and down by questions.
  const stop = (button) => buttons.forEach((each) => (each.tabIndex = each === button ? 0 : -1));
  stop(list.querySelector("[aria-pressed=true]") ?? buttons[0]);
  if (focused) {
    const button = list.querySelector(`[data-column="${focused}"] button`);
    stop(button);
    button?.focus({ preventScroll: true });
  }
  const root = document.documentElement;
  const note = () => root.classList.toggle("narrow", window.innerWidth < 736); // for print, whose window is the paper
  note();
  window.addEventListener("resize", note);
  list.onkeydown = (event) => {
    const [step, from] = [STEPS[event.key], buttons.indexOf(event.target)];
    if (!step || from < 0) return;
    event.preventDefault();
    const question = (index) => buttons[index]?.closest("section");
    let to = from + step;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      while (question(to) === question(from)) to += step;
      while (step < 0 && question(to) && question(to - 1) === question(to)) to -= 1;
    }
    if (!buttons[to]) return;
    stop(buttons[to]);
    buttons[to].focus();
  };
  list.onclick = (event) => {
    const item = event.target.closest("[data-column]");
    if (item) setTriggerValue("tapped", item.dataset.column);
  };
  return () => window.removeEventListener("resize", note);
}
"""
# In the list the whole item is the button; over the chart the button lies on its answer.
LIST_STYLE = """
.answers button::after { content: ""; position: absolute; inset: 0; border-radius: 8px; cursor: pointer; }
.answers button:focus-visible::after { outline: 3px solid #7fb4ff; outline-offset: 1px; }
"""


def show_list(html: str) -> None:
    """Draw the list form of the flow-chart; a press on an answer selects it."""
    # Defined in each run: a definition belongs to the running server, and repeating it takes no time.
    component = st.components.v2.component(
        "answer_list",
        html='<div class="answers" role="group" aria-label="Answers; arrow keys move between them"></div>',
        css=LIST_STYLE,
        js=LIST_SCRIPT,
        isolate_styles=False,
    )
    component(key=Key.ANSWER_LIST, data=html, on_tapped_change=select_pressed)
