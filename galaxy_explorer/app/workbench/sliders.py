"""Sliders, one group at a time; the state holds their values, so that links can set them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key

UNITS = {"°": "°", "″": "″", "%": " %%"}  # others follow after a space


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


def choose_group(groups: Sequence[str], changed: Sequence[str], first: str) -> str:
    """Draw the choice of a group of sliders, with dots at changed ones, and return it."""
    key = Key.BENCH_GROUP.of(len(groups))
    options: dict[str, Any] = {"default": first, "required": True, "persist_state": "session"}
    with st.container(key="bench_groups"):
        return st.pills(
            "Sliders",
            groups,
            format_func=lambda group: f"{group} •" if group in changed else group,
            key=key,
            label_visibility="collapsed",
            **options,
        )


def show_sliders(fields: Mapping[str, Field], values: Any, choose: Callable[[str, float], None]) -> None:
    """Draw the sliders of a group.

    Parameters
    ----------
    fields : mapping
        Labels and ranges by name.
    values : object
        Has an attribute for each field.
    choose : callable
        Called with the name and the value that the visitor chose.
    """
    with st.container(key="bench_group"):
        for name, field in fields.items():
            _show_slider(name, field, getattr(values, name), choose)


def _show_slider(name: str, field: Field, value: float, choose: Callable[[str, float], None]) -> None:
    """Draw the slider of a value."""
    key = Key.BENCH_FIELD.of(name)
    value = min(max(float(value), field.low), field.high)
    if state.widget(key) != value:
        state.set_widget(key, value)
    options: dict[str, Any] = {"key": key, "on_change": lambda: choose(name, state.widget(key)), "help": field.help}
    st.slider(
        field.label, float(field.low), float(field.high), step=float(field.step), format=format_of(field), **options
    )


def format_of(field: Field) -> str:
    """Return the format of a field's values, for `st.slider`."""
    digits = next((digits for digits in range(4) if round(float(field.step) * 10**digits, 6).is_integer()), 3)
    unit = "" if not field.unit else UNITS.get(field.unit, f" {field.unit}")
    return f"%.{digits}f{unit}"


def changed_text(fields: Mapping[str, Field], values: Any, before: Any) -> str:
    """Describe the values that differ from earlier ones: ``rotation 30°, zoom 0.60 ×``."""
    return ", ".join(
        f"{field.label.lower()} {format_of(field) % getattr(values, name)}"
        for name, field in fields.items()
        if getattr(values, name) != getattr(before, name)
    )
