"""A class that votes: start one, lead it, show its code, print its worksheet."""

from pathlib import Path

import streamlit as st

from galaxy_explorer.app.classroom import board, starting, teacher, worksheet
from galaxy_explorer.app.services.classroom.rooms import class_of_code, class_store
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.app.ui.wording import with_full_stop
from galaxy_explorer.classroom import ClassError, TooManyTriesError

PARAMS = ("teacher", "board", "worksheet", "source", "votes")
NO_CLASS = (
    "There is no such class. Open the teacher's link of your class in full. "
    "A class ends after 30 days unless it is kept."
)


def page() -> None:
    """Draw the page that the URL names."""
    st.html(Path(__file__).with_name("classroom.css"))
    warn_once(unknown_params(PARAMS))
    params = st.query_params
    try:
        if token := params.get("teacher"):
            classroom = class_store().by_teacher(token)
            show = teacher.show_class
        elif code := params.get("board") or params.get("worksheet"):
            classroom = class_of_code(code)
            show = board.show_board if "board" in params else worksheet.show_worksheet
        else:
            starting.show_start()
            return
        if classroom is None:
            st.title("A class votes", anchor=False)
            st.error(NO_CLASS)
        else:
            show(classroom)
    except (ClassError, TooManyTriesError) as error:
        st.error(with_full_stop(error))


page()
