"""Access to `st.session_state`; no other module touches it, and a test reads the source."""

from typing import Any, TypeVar

import streamlit as st

State = TypeVar("State")


def state_of(kind: type[State]) -> State:
    """Return this visitor's state of a page; created on first use."""
    return st.session_state.setdefault(kind.__name__, kind())


def widget(key: str, default: Any = None) -> Any:
    """Return the value of a widget, or the default before it is drawn."""
    return st.session_state.get(key, default)


def set_widget(key: str, value: Any) -> None:
    """Set the value of a widget; only before it is drawn in this run or in a callback."""
    st.session_state[key] = value
