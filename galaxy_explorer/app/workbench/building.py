"""Simulated galaxies on the workbench: presets, sliders for each component, and answers."""

import random
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.panel.words import sentence
from galaxy_explorer.app.ui.try_one import Example, show_examples
from galaxy_explorer.app.ui.url_params import ignored_param_message
from galaxy_explorer.app.ui.wording import listed, with_full_stop
from galaxy_explorer.app.workbench.comparison import show_change
from galaxy_explorer.app.workbench.reading import Bench, show_picture, show_reading
from galaxy_explorer.app.workbench.sliders import changed_text, choose_group, show_sliders
from galaxy_explorer.app.workbench.varying import show_varying
from galaxy_explorer.decision_tree import in_words, short_description
from galaxy_explorer.simulation import FIELDS, PRESETS, Parameters, from_url, render, sample, to_url
from galaxy_explorer.simulation.volunteers import vote_fractions

FIRST = "Sb"  # the preset of a new visitor
PRESET = "preset"
NAMES = (*FIELDS, "seed", PRESET)
SIDE_PX = 424  # as the volunteers of Galaxy Zoo saw pictures
THUMBNAIL_PX = 106
CHOSEN = ".st-key-tile_try_presets_{} button {{ box-shadow: inset 0 0 0 2px #f0be46; }}"
PURPOSE = "No telescope took this picture. It is computed, so that you know what is in it."
RANDOM_HELP = "Drawn from the properties that galaxies of the SDSS have."
GROUPS = {
    group: {name: field for name, field in FIELDS.items() if field.group == group}
    for group in dict.fromkeys(field.group for field in FIELDS.values())
}


def choose_preset(name: str) -> None:
    """Begin with a ready-made galaxy."""
    _begin(PRESETS[name], name)


def choose_random() -> None:
    """Begin with a galaxy drawn from the priors."""
    _begin(sample(random.randrange(1_000_000)), "")


def _begin(parameters: Parameters, preset: str) -> None:
    mine = state.workbench()
    mine.parameters, mine.begun_with, mine.preset = parameters, parameters, preset


def current() -> tuple[Parameters, Parameters]:
    """Return the galaxy on the workbench, and the one that it began with."""
    mine = state.workbench()
    if mine.parameters is None or mine.begun_with is None:
        choose_preset(FIRST)
        return PRESETS[FIRST], PRESETS[FIRST]
    return mine.parameters, mine.begun_with


def choose_value(name: str, value: float) -> None:
    """Change one parameter."""
    one: dict[str, Any] = {name: value}
    _choose(replace(current()[0], **one))


def _choose(parameters: Parameters) -> None:
    state.workbench().parameters = parameters


def read_url(params: dict[str, str]) -> list[str]:
    """Set the galaxy by the URL; return messages about what is ignored."""
    preset, messages = params.get(PRESET, ""), []
    if preset not in ("", *PRESETS):
        messages.append(ignored_param_message(PRESET, preset, listed(list(PRESETS), "or")))
        preset = ""
    if not params.keys() & {*FIELDS, "seed"}:
        if preset:
            choose_preset(preset)
        return messages
    try:
        parameters = from_url(urlencode(params))
    except ValueError as error:
        choose_preset(preset or FIRST)
        return [*messages, with_full_stop(error)]
    given = {name: getattr(parameters, name) for name in (*FIELDS, "seed") if name in params}
    _begin(PRESETS[preset] if preset else parameters, preset)
    _choose(replace(current()[0], **given))
    return messages


def url_params() -> dict[str, str]:
    """Return the URL parameters: the preset and what differs from it, else from the defaults."""
    (parameters, begun_with), preset = current(), state.workbench().preset
    base = begun_with if preset else Parameters()
    changed = {
        name: getattr(parameters, name)
        for name in (*FIELDS, "seed")
        if getattr(parameters, name) != getattr(base, name)
    }
    params = {name: f"{value:.6g}" if name in FIELDS else str(value) for name, value in changed.items()}
    return ({PRESET: preset} if preset else {"seed": str(parameters.seed)}) | params


@st.cache_data(show_spinner="Simulating galaxies …")
def _thumbnails() -> dict[str, np.ndarray]:
    """Return the middle of each preset's picture, drawn once for all visitors."""
    middle = slice(THUMBNAIL_PX // 2, THUMBNAIL_PX // 2 + THUMBNAIL_PX)
    return {name: render(parameters, 2 * THUMBNAIL_PX)[middle, middle] for name, parameters in PRESETS.items()}


def show_presets() -> None:
    """Draw the presets, as Hubble's tuning fork with others next to it, and a random one."""
    examples = [Example(name, name.removesuffix("-like"), "", picture) for name, picture in _thumbnails().items()]
    current()  # the first preset, for a new visitor
    with st.container(key="bench_begin", horizontal=True, vertical_alignment="center"):
        with st.container(key="bench_presets"):
            show_examples(examples, choose_preset, "presets")
            if preset := state.workbench().preset:
                st.html(f"<style>{CHOSEN.format(list(PRESETS).index(preset) + 1)}</style>")
        with st.container(key="bench_random", width="content"):
            st.caption(PURPOSE)
            st.button("Random galaxy", icon=":material/casino:", on_click=choose_random, help=RANDOM_HELP)


def simulated_galaxy(parameters: Parameters) -> ShownGalaxy:
    """Return a simulated galaxy with its picture, and what simulated volunteers see."""
    cache, key = state.workbench().results, ("simulated", to_url(parameters), str(parameters.seed))
    picture = cache.get((*key, "picture"), lambda: render(parameters, SIDE_PX))
    votes = cache.get((*key, "votes"), lambda: vote_fractions(parameters))
    return ShownGalaxy("simulated", picture, 1.0, votes, cache, key, title="Simulated galaxy", simulated=True)


def show(model: str, bench: Bench) -> None:
    """Draw the simulated galaxy with its sliders."""
    parameters, begun_with = current()
    with bench.sliders:
        _show_sliders(parameters, begun_with)
    galaxy, begun = simulated_galaxy(parameters), simulated_galaxy(begun_with)
    picture = show_picture(bench, galaxy, "Simulated galaxy")
    before, after = begun.predict(model), galaxy.predict(model)
    with bench.words:
        if (votes := galaxy.volunteers) is not None:
            shares = [f"Simulated volunteers: {in_words(votes)}"]
            st.html(sentence("volunteers", "Simulated volunteers", short_description(votes), shares))
        show_change(before, after, parameters != begun_with, (state.workbench().preset or "At first", "Now"))
    show_reading(bench, picture, after, "/".join(begun.key))
    show_varying(model, galaxy, parameters, FIELDS, simulated_galaxy)


def _show_sliders(parameters: Parameters, begun_with: Parameters) -> None:
    """Draw the sliders of a component, and the buttons that reset or shuffle."""
    changed = {group: changed_text(fields, parameters, begun_with) for group, fields in GROUPS.items()}
    group = choose_group(list(GROUPS), [name for name, text in changed.items() if text], "Disk")
    show_sliders(GROUPS[group], parameters, choose_value)
    with st.container(horizontal=True, gap="small"):
        reset: dict[str, Any] = {"on_click": _choose, "args": (begun_with,), "disabled": parameters == begun_with}
        st.button("Reset all", icon=":material/restart_alt:", **reset)
        other: dict[str, Any] = {"on_click": _choose, "args": (replace(parameters, seed=parameters.seed + 1),)}
        st.button("Other noise", icon=":material/casino:", help="Draws noise, stars and knots again.", **other)
    if texts := list(filter(None, changed.values())):
        st.caption(f"Changed: {', '.join(texts)}.")
