"""The networks on the About page: description, diagram, and the meaning of their layers."""

from html import escape
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from galaxy_explorer.app.about.network_diagram import network_diagram
from galaxy_explorer.app.about.texts import texts
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.ui.skeletons import NETWORK, waiting
from galaxy_explorer.decision_tree import COLUMNS, label_of
from galaxy_explorer.evaluation.intervals import LEVEL

if TYPE_CHECKING:
    from galaxy_explorer.models import Card


class Diagram(NamedTuple):
    """A network as the page shows it."""

    html: str
    parameters: int
    kinds: tuple[str, ...]  # of its layers, in their order


@st.cache_data(max_entries=8, show_spinner=False)
def diagram_of(name: str) -> Diagram:
    """Draw a network and count its parameters."""
    from galaxy_explorer.models.trace import layers_of

    model = networks.network(name)
    layers = layers_of(model.network, model.card.image_size)
    kinds = tuple(dict.fromkeys(layer.kind for layer in layers))
    return Diagram(network_diagram(layers, name), sum(layer.parameters for layer in layers), kinds)


def describe(card: "Card", parameters: int) -> str:
    """Describe a network by its model card: input, training, error."""
    epochs = card.best_epoch or card.epochs
    values = {"card": card, "parameters": parameters, "percent": 100 * card.crop, "epochs": epochs}
    known = {
        "input": True,
        "training": card.training_galaxies,
        "teachers": card.teachers,
        "validation": card.validation,
    }
    sentences = [texts()["card"][name].format(**values) for name, entry in known.items() if entry]
    return " ".join([texts()["architectures"].get(card.model, ""), *sentences])


def legend(kinds: list[str]) -> str:
    """Explain kinds of layers, as HTML."""
    entries = "".join(
        f'<div style="border-color:{layer["colour"]}"><dt>{escape(layer["name"])}</dt>'
        f"<dd>{escape(layer['meaning'])}</dd></div>"
        for kind in kinds
        if (layer := texts()["layers"].get(kind))
    )
    return f'<dl class="parts">{entries}</dl>'


def show() -> None:
    """Draw every network, and then the legend of their layers."""
    with waiting("Reading the networks …", NETWORK):
        diagrams = {name: diagram_of(name) for name in networks.networks()}
    if not diagrams:
        st.info("There is no network in weights/ to draw. Train one with `python train.py`.")
        return
    st.markdown(texts()["networks"])
    for name, diagram in diagrams.items():
        st.subheader(f"{networks.label(name).capitalize()}: {name}", anchor=f"network-{name}")
        st.markdown(describe(networks.network(name).card, diagram.parameters))
        st.html(diagram.html)
    st.subheader("The layers", anchor="parts")
    st.html(legend(list(dict.fromkeys(kind for diagram in diagrams.values() for kind in diagram.kinds))))


def error_in_words() -> str:
    """Return the errors on validation galaxies as a sentence; empty if unknown."""
    measured = {networks.label(name): networks.cards()[name].validation for name in networks.networks()}
    known = {name: validation for name, validation in measured.items() if validation}
    if not known:
        return ""
    first = next(iter(known.values()))
    errors = " and ".join(f"{validation.rmse:.3f} ({name})" for name, validation in known.items())
    return texts()["error"]["text"].format(galaxies=first.galaxies, errors=errors, mean=first.mean_rmse)


def limits() -> list[str]:
    """Return the limits that follow from the networks' model cards, one paragraph each."""
    cards, sentences = [networks.network(name).card for name in networks.networks()], texts()["network_limits"]
    found = []
    if counts := [card.training_galaxies for card in cards if card.training_galaxies]:
        found.append(sentences["training"].format(galaxies=max(counts)))
    if means := [card.training_mean for card in cards if card.training_mean]:
        rarest = sorted(zip(means[0], COLUMNS, strict=True))[:5]
        answers = ", ".join(f"“{label_of(column)}” ({mean:.4f})" for mean, column in rarest)
        found.append(sentences["rare"].format(answers=answers))
    validations = [card.validation for card in cards if card.validation]
    if coverage := [one.interval_coverage.all for one in validations if one.interval_coverage]:
        ends = dict.fromkeys(f"{100 * end:.1f}" for end in (min(coverage), max(coverage)))
        found.append(sentences["coverage"].format(level=100 * LEVEL, range=" to ".join(ends)))
    return found
