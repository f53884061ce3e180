"""The networks on the About page: description, diagram, and the meaning of their layers."""

from html import escape
from typing import Any, NamedTuple

import streamlit as st

from galaxy_explorer.app.about.network_diagram import network_diagram
from galaxy_explorer.app.about.texts import texts
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.ui.skeletons import NETWORK, waiting
from galaxy_explorer.decision_tree import COLUMNS, name_of
from galaxy_explorer.evaluation.intervals import LEVEL


class Diagram(NamedTuple):
    """A network as the page shows it."""

    html: str
    parameters: int
    kinds: tuple[str, ...]  # of its layers, in their order


@st.cache_data(max_entries=8, show_spinner=False)
def diagram_of(name: str) -> Diagram:
    """Draw a network and count its parameters."""
    from galaxy_explorer.models.trace import layers_of

    network, card = networks.network(name)
    layers = layers_of(network, card["image_size"])
    kinds = tuple(dict.fromkeys(layer.kind for layer in layers))
    return Diagram(network_diagram(layers, name), sum(layer.parameters for layer in layers), kinds)


def describe(card: dict[str, Any], parameters: int) -> str:
    """Describe a network by its model card: input, training, error."""
    sentences = [
        texts()["architectures"].get(card["model"], ""),
        f"**{parameters:,}** parameters. It sees the central {100 * card['crop']:.0f} % of the field of view, scaled to "
        f"{card['image_size']} × {card['image_size']} pixels.",
    ]
    if "training_galaxies" in card:
        sentences.append(
            f"It was trained on **{card['training_galaxies']:,}** galaxies, in its last run "
            f"{card.get('best_epoch', card['epochs'])} times each: randomly rotated, flipped and zoomed."
        )
    if "teachers" in card:
        sentences.append("For some galaxies it was trained on the predictions of other networks.")
    if validation := card.get("validation"):
        sentences.append(
            f"On {validation['galaxies']} validation galaxies its root-mean-square error (RMSE) over the 37 scores is "
            f"**{validation['rmse']:.4f}**; always predicting the mean gives {validation['mean_rmse']:.4f}."
        )
    return " ".join(sentences)


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
        st.subheader(name, anchor=f"network-{name}")
        _, card = networks.network(name)
        st.markdown(describe(card, diagram.parameters))
        st.html(diagram.html)
    st.subheader("The layers", anchor="parts")
    st.html(legend(list(dict.fromkeys(kind for diagram in diagrams.values() for kind in diagram.kinds))))


def limits() -> list[str]:
    """Return the limits that follow from the networks' model cards, one sentence each."""
    cards = [networks.network(name)[1] for name in networks.networks()]
    messages = []
    if counts := [card["training_galaxies"] for card in cards if "training_galaxies" in card]:
        messages.append(
            f"They were trained on at most {max(counts):,} galaxies of Galaxy Zoo 2, a survey of bright galaxies that "
            "are not too small. Few of these are of a rare kind."
        )
    if means := [card["training_mean"] for card in cards if "training_mean" in card]:
        rarest = sorted(zip(means[0], COLUMNS, strict=True))[:5]
        answers = ", ".join(f"“{name_of(column)}” ({mean:.4f})" for mean, column in rarest)
        messages.append(
            "Some answers are so rare that predicting “almost no one” is nearly always right. The smallest mean scores "
            f"are {answers}. A small error there does not show skill."
        )
    if coverage := [
        card["validation"]["coverage"]["all"] for card in cards if "coverage" in card.get("validation", {})
    ]:
        bounds = dict.fromkeys(f"{100 * bound:.1f}" for bound in (min(coverage), max(coverage)))
        messages.append(
            f"A prediction interval should contain {100 * LEVEL:.0f} % of the volunteers' scores. On validation "
            f"galaxies the intervals contained {' to '.join(bounds)} %, over all answers: more if no one chose an answer "
            "(71 %), fewer if a twentieth to four fifths of all did (62 %), and perhaps fewer of an unusual galaxy."
        )
    return messages
