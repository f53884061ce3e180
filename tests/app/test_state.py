"""Session state: declared in one package, and typed; these tests read the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from streamlit.testing.v1 import AppTest

from galaxy_explorer.app import paths
from galaxy_explorer.app.state import Key

ROOT = Path(__file__).parents[2]
STATE = paths.APP / "state"
SOURCES = [ROOT / "app.py", *(ROOT / "galaxy_explorer").rglob("*.py")]
WIDGETS = {
    *("checkbox", "color_picker", "data_editor", "date_input", "feedback", "file_uploader", "multiselect"),
    *("number_input", "pagination", "pills", "radio", "segmented_control", "select_slider", "selectbox", "slider"),
    *("text_area", "text_input", "time_input", "toggle"),
}


def widget_keys(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The keys of widgets with a value that are written as text, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WIDGETS:
            for argument in node.keywords:
                if argument.arg == "key" and isinstance(argument.value, ast.Constant | ast.JoinedStr):
                    yield node.lineno, ast.unparse(argument.value)


def test_session_state_is_used_in_one_module_alone() -> None:
    for path in SOURCES:
        if path != STATE / "session.py":
            source = path.read_text(encoding="utf-8")
            assert "session_state" not in source, path
            assert list(widget_keys(ast.parse(source))) == [], f"{path}: declare these keys as members of state.Key"


def test_every_key_is_used_and_no_two_are_the_same() -> None:
    assert len({key.value for key in Key}) == len(Key.__members__)
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCES if STATE not in path.parents)
    assert Key.__members__.keys() - set(re.findall(r"\bKey\.(\w+)", source)) == set()


def page_with_state() -> None:
    """Count the runs of a page, and let a widget be set."""
    import streamlit as st

    from galaxy_explorer.app import state

    state.enter(st.query_params.get("page", "one"))
    if st.query_params.get("search"):
        state.set_widget(state.Key.SEARCH, st.query_params["search"])
    st.text_input("Search", key=state.Key.SEARCH)
    state.galaxy().galaxy_id += "x"
    st.write(f"{state.galaxy().galaxy_id} {state.shared().arrived} {state.widget(state.Key.SEARCH)}")


def test_state_lasts_for_a_session_and_is_not_shared() -> None:
    one, other = AppTest.from_function(page_with_state), AppTest.from_function(page_with_state)
    assert one.run().markdown[0].value == "x True"
    assert one.run().markdown[0].value == "xx False"
    one.query_params["page"], one.query_params["search"] = "two", "100008"
    assert one.run().markdown[0].value == "xxx True 100008"
    assert one.text_input(key="search").value == "100008"
    assert other.run().markdown[0].value == "x True"
