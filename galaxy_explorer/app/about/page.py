"""About: first steps, a worked example, Galaxy Zoo, the networks; the details are folded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.about import networks, worked_example
from galaxy_explorer.app.about.texts import texts
from galaxy_explorer.app.panel.examples import ENOUGH, RULE, show_examples
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.sources import unknown_source, unknown_votes
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.url_params import ignored_param_message, unknown_params, warn_once
from galaxy_explorer.app.ui.wording import escape_markdown, listed, with_full_stop
from galaxy_explorer.catalogue import SAMPLE, CatalogueError
from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    COLUMNS,
    INDEX,
    QUESTIONS,
    columns_into,
    columns_of,
    label_of,
    short_description,
)
from galaxy_explorer.images import ImageError

WORKED = "100053"  # the sample's galaxy that is worked through: it shows the exception and questions not asked
SHORT = 4  # questions of the worked galaxy that are shown at once
FILLED_UP = f"Fewer than {ENOUGH} are filled up with galaxies of the bundled sample, and then simulated ones."
NUMBERS = [str(question.number) for question in QUESTIONS]


def show_first_steps() -> None:
    """Draw where each kind of visitor should begin."""
    rows = texts()["first_steps"]
    with st.container(key="first_steps"):
        for column, row in zip(st.columns(len(rows)), rows, strict=True):
            with column.container(border=True, height="stretch"):
                st.markdown(f"**{row['reader']}**")
                st.markdown(row["text"])
                st.page_link(paths.script(row["page"]), label=row["label"], icon=":material/arrow_forward:")


def worked_fractions() -> np.ndarray:
    """Return the vote fractions of the galaxy that is worked through."""
    return sources.open_source(SAMPLE).table.loc[WORKED, list(COLUMNS)].to_numpy(dtype=float)


def show_worked_example() -> None:
    """Draw the first steps of one galaxy of the sample as arithmetic."""
    fractions = worked_fractions()
    picture, table = st.columns([1, 4])
    with picture, st.container(key=f"tile_worked_{WORKED}"):
        st.image(sources.galaxy_thumbnail(SAMPLE, WORKED), width="stretch", alt=f"Galaxy {WORKED}")
        st.page_link(paths.GALAXY, label=WORKED, query_params={"source": SAMPLE, "galaxy": WORKED})
    with table:
        st.markdown(f"**{short_description(fractions)}**, most volunteers said, question by question:")
        st.html(worked_example.as_short_table(fractions, SHORT))


def show_scores() -> None:
    """Draw what the scores are, with all questions of the worked galaxy."""
    fractions = worked_fractions()
    st.markdown(texts()["scores"])
    st.html(worked_example.as_table(fractions))
    for lesson in worked_example.lessons(fractions):
        st.markdown(lesson)


def choose_question() -> int:
    """Draw the choice of a question, whose number is in the URL."""
    number = st.query_params.get("question")
    state.set_widget(Key.QUESTION, number if number in NUMBERS else NUMBERS[0])
    short = {str(question.number): f"{question.number} · {question.short}" for question in QUESTIONS}
    chosen = st.pills(
        "Question",
        NUMBERS,
        format_func=short.__getitem__,
        required=True,
        key=Key.QUESTION,
        # Only a change is written: on arrival another URL would be another step of the Back button.
        on_change=lambda: st.query_params.from_dict({"question": state.widget(Key.QUESTION)}),
    )
    return int(chosen or NUMBERS[0])


def url_messages() -> list[str]:
    """Return messages about URL parameters that are ignored."""
    messages = [*unknown_params(("question", "source", "votes")), *unknown_source(), *unknown_votes()]
    number = st.query_params.get("question")
    if number is not None and number not in NUMBERS:
        messages.append(ignored_param_message("question", number, f"a number from {NUMBERS[0]} to {NUMBERS[-1]}"))
    return messages


def openable_source() -> str:
    """Return the open source; the bundled sample, with a message, if that cannot be opened."""
    source = sources.current_source()
    try:
        sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.caption(f"{escape_markdown(sources.source_label(source))} cannot be opened: {with_full_stop(error)}")
        return SAMPLE
    return source


def show_question() -> None:
    """Draw one question: its answers with their meanings, the next question, and examples."""
    number = choose_question()
    source = openable_source()
    question = next(question for question in QUESTIONS if question.number == number)
    before = [f"“{label_of(column)}”" for column in columns_into(number)]
    st.subheader(f"{number}. {question.text}", anchor=False)
    st.markdown(f"Asked after {listed(before, 'or')}." if before else "Everyone begins here.")
    catalogue = sources.catalogue(source)
    votes = f", {catalogue.vote_kind} votes" if catalogue.vote_kind else ""
    label = escape_markdown(sources.source_label(source))
    st.caption(f"Examples from: {label} ({len(catalogue):,} galaxies{votes}). {RULE} {FILLED_UP}")
    for column in columns_of(number):
        answer = ANSWER_OF[column]
        following = f"leads to question {answer.leads_to}" if answer.leads_to else "ends the questionnaire"
        with st.container(key=f"answer_{INDEX[column]}"):
            st.markdown(f"**{answer.name[0].upper()}{answer.name[1:]}.** {answer.meaning} *It {following}.*")
            show_examples(source, column, fill_up=True)


def show_limits() -> None:
    """Draw what to expect of the networks."""
    st.markdown(texts()["limits"] + "\n".join(f"- {limit}" for limit in networks.limits()))


def show_glossary() -> None:
    """Draw the terms of the pages."""
    st.markdown("\n".join(f"- **{term}**: {meaning}" for term, meaning in texts()["glossary"].items()))


def show_sections() -> None:
    """Draw the details, folded; what takes long is drawn once it is opened."""
    parts: dict[str, Callable[[], Any]] = {
        "scores": show_scores,
        "questions": show_question,
        "data": lambda: st.markdown(texts()["data"]),
        "networks": networks.show,
        "saliency": lambda: st.markdown(texts()["saliency"]),
        "limits": show_limits,
        "glossary": show_glossary,
        "literature": lambda: st.markdown(texts()["literature"]),
    }
    with st.container(key="details"):
        for name, title in texts()["sections"].items():
            key = Key.SECTION.of(name)
            if name == "questions" and st.query_params.get("question") in NUMBERS and state.widget(key) is None:
                state.set_widget(key, True)
            section = st.expander(title, key=key, on_change="rerun")
            if section.open:
                with section:
                    parts[name]()


def page() -> None:
    """Draw the page."""
    st.html(Path(__file__).with_name("about.css"))
    st.title("About Galaxy Explorer")
    warn_once(url_messages())
    st.markdown(texts()["lead"])
    show_first_steps()
    st.header("One galaxy, worked through", anchor="example")
    try:
        show_worked_example()
    except (CatalogueError, ImageError, OSError) as error:
        st.error(f"The example cannot be shown: {with_full_stop(error)}")
    left, right = st.columns(2, gap="large")
    with left:
        st.header("How Galaxy Zoo worked", anchor="galaxy-zoo")
        st.markdown(texts()["galaxy_zoo"])
    with right:
        st.header("The networks, and how far to trust them", anchor="trust")
        st.markdown(texts()["trust"])
        error_slot = st.empty()
    st.header("In detail", anchor="details")
    show_sections()
    st.caption(texts()["credits"])
    error_slot.markdown(networks.error_in_words())  # last: reading the cards takes a moment


page()
