"""Sliders in folded groups; the page's state holds their values, so that links, presets and a reset can set them."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key

UNITS = {"°": "°", "%": " %%"}  # others follow after a space


class Field(Protocol):
    """What a slider needs to know about a value."""

    @property
    def label(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def step(self) -> float: ...
    @property
    def default(self) -> float: ...
    @property
    def help(self) -> str: ...


def show_slider(name: str, field: Field, value: float, choose: Callable[[str, float], None]) -> None:
    """Draw the slider of a value.

    Parameters
    ----------
    name : str
        Name of the value.
    field : Field
        Its label and range.
    value : float
        What the slider shows.
    choose : callable
        Called with the name and the value that the visitor chose.
    """
    key = Key.BENCH_FIELD.of(name)
    value = min(max(float(value), field.low), field.high)
    if state.widget(key) != value:
        state.set_widget(key, value)
    options: dict[str, Any] = {"key": key, "on_change": lambda: choose(name, state.widget(key)), "help": field.help}
    st.slider(
        field.label, float(field.low), float(field.high), step=float(field.step), format=format_of(field), **options
    )


def show_groups(
    groups: Mapping[str, Mapping[str, Field]], values: Any, choose: Callable[[str, float], None], opened: str
) -> None:
    """Draw groups of sliders, each folded to its name and what differs from the defaults.

    Parameters
    ----------
    groups : mapping
        Fields by name, by name of the group.
    values : object
        Has an attribute for each field.
    choose : callable
        As for `show_slider`.
    opened : str
        The group that is open at first.
    """
    for group, fields in groups.items():
        changed = [
            f"{field.label.lower()} {value_text(field, value)}"
            for name, field in fields.items()
            if (value := getattr(values, name)) != field.default
        ]
        label = f"**{group}** :small[{', '.join(changed)}]" if changed else f"**{group}**"
        with st.expander(label, expanded=group == opened, key=f"bench_group_{group.lower().replace(' ', '_')}"):
            for name, field in fields.items():
                show_slider(name, field, getattr(values, name), choose)


def format_of(field: Field) -> str:
    """Return the format of a field's values, for `st.slider`."""
    digits = 0 if field.step >= 1 else 1 if field.step >= 0.1 else 2 if field.step >= 0.01 else 3
    unit = "" if not field.unit else UNITS.get(field.unit, f" {field.unit}")
    return f"%.{digits}f{unit}"


def value_text(field: Field, value: float) -> str:
    """Format a value with its unit."""
    return format_of(field) % value
