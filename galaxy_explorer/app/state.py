"""Session state of one visitor: every key of `st.session_state`, typed, in one place.

Values that a page keeps lie in one dataclass per page, such as `BrowseState`. Values of widgets lie under the widget's
own key: these keys are the constants of `Key`. No other module touches `st.session_state`; a test reads the source.
"""

from enum import StrEnum
from typing import Any, TypeVar

import streamlit as st

State = TypeVar("State")


class Key(StrEnum):
    """Keys of widgets whose value is read or set outside the call that draws them."""

    # Browse, Galaxy, panel, About, and widgets of several pages.

    # Upload, Sky, Compare.


# Browse, Galaxy, panel, About, and what several pages share.


# Upload, Sky, Compare.


def _state_of(kind: type[State]) -> State:
    """Return this visitor's state of a page; created on first use."""
    return st.session_state.setdefault(kind.__name__, kind())


def widget(key: str, default: Any = None) -> Any:
    """Return the value of a widget, or the default before it is drawn."""
    return st.session_state.get(key, default)


def set_widget(key: str, value: Any) -> None:
    """Set the value of a widget; only before it is drawn in this run or in a callback."""
    st.session_state[key] = value


def clear_widget(key: str) -> Any:
    """Remove the value of a widget and return it; None if it has none."""
    return st.session_state.pop(key, None)
