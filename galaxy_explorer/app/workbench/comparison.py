"""The answers before and after a change, on the workbench."""

import streamlit as st

from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction
from galaxy_explorer.app.panel.words import sentence
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.workbench.changed_answers import change_chart, changed_answers, summary
from galaxy_explorer.decision_tree import in_words, label_of, short_description

HINT = "Move a slider: here the answers that follow will show."


def show_change(before: GalaxyPrediction, after: GalaxyPrediction, is_changed: bool, names: tuple[str, str]) -> None:
    """Draw what the network sees before and after a change, and the answers that changed most.

    Parameters
    ----------
    before, after : GalaxyPrediction
        Predictions of the two pictures by the same network.
    is_changed : bool
        Whether the pictures differ.
    names : tuple of str
        What the pictures are called.
    """
    words = [short_description(one.fractions) for one in (before, after)]
    shares = [[f"Network ({one.label}): {in_words(one.fractions)}"] for one in (before, after)]
    if not is_changed:
        st.html(sentence("network", f"Network ({after.label})", words[1], shares[1]))
        st.caption(HINT)
        return
    heads = names[0], f"Network, {names[1].lower()}"
    if words[0] == words[1]:
        st.html(sentence("network", f"Network, {names[0].lower()} and {names[1].lower()}", words[1], shares[1]))
    else:
        st.html(sentence("both", heads[0], words[0], shares[0]) + sentence("network", heads[1], words[1], shares[1]))
    st.markdown(summary(before.fractions, after.fractions, before.intervals))
    answers = changed_answers(before.fractions, after.fractions, before.intervals)
    if not answers:
        return
    figure = change_chart(answers, theme.is_dark())
    alt = "Changes: " + ", ".join(f"{label_of(one.column)} {one.text}" for one in answers)
    theme.show_figure(figure, "bench_changes", alt)
    st.caption(
        f"Vote fractions. Ring: {names[0]}; dot: {names[1].lower()}; diamond: beyond the band, the 68 % interval."
    )
