"""The networks on the About page: what each is, drawn from itself, and what each of its parts does."""

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import streamlit as st

from galaxy_explorer.app.about.network_diagram import PARTS, network_drawing
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.ui.skeletons import NETWORK, waiting
from galaxy_explorer.decision_tree import COLUMNS, name_of
from galaxy_explorer.evaluation.intervals import LEVEL

if TYPE_CHECKING:
    from galaxy_explorer.models import Card

ABOUT = {
    "fcn": "A **fully convolutional network**: convolutions from the picture to the answers, in stages between which "
    "pooling shrinks the maps. A last convolution makes one small map for every answer, and the mean of that map is "
    "the answer's number.",
    "densenet": "A **DenseNet** (Huang et al. 2017), narrower than the published ones: four dense blocks, in which "
    "every step sees the maps of all steps before it, with a convolution and a pooling between them that thin "
    "the maps out.",
}

COMMON = """
Both networks look at the middle of a picture and give the 37 vote fractions at once. They learn by regression: over and over, the
squared difference between their fractions and the volunteers' is made a little smaller. For every number and
every saliency map that the app shows, the picture is turned and mirrored in eight ways and the mean is taken, since the sky has no up.
"""

HOW_TO_READ = """
Each block below is what one step gives: its face is as large as the maps, its depth stands for how many there are. Read it like
a text, from the picture on the left to the 37 scores. The sizes are read from the network itself as a picture passes through it.
"""


@st.cache_data(max_entries=8, show_spinner=False)
def drawn(name: str) -> tuple[str, int, list[str]]:
    """Draw a network; count its parameters, and list the kinds of its layers in the order they come."""
    from galaxy_explorer.models.trace import layers_of

    model = networks.network(name)
    layers = layers_of(model.network, model.card.image_size)
    kinds = list(dict.fromkeys(layer.kind for layer in layers))
    return network_drawing(layers, name), sum(layer.parameters for layer in layers), kinds


def in_figures(card: "Card", parameters: int) -> str:
    """Say what a network's card says: what it sees, what it learnt from, how well it does."""
    lines = [
        f"**{parameters:,}** parameters. It sees the central {100 * card.crop:.0f} % of the field, scaled to "
        f"{card.image_size} × {card.image_size} pixels."
    ]
    if card.training_galaxies:
        lines.append(
            f"It learnt from **{card.training_galaxies:,}** galaxies, and in its last run saw each of them {card.best_epoch or card.epochs} times: "
            "turned, mirrored and zoomed by chance."
            + (" In part it learnt what other networks answer." if card.teachers else "")
        )
    if validation := card.validation:
        lines.append(
            f"On {validation.galaxies} galaxies that it has never seen, its root-mean-square error (RMSE) over the "
            f"37 scores is **{validation.rmse:.4f}**; always predicting the mean gives {validation.mean_rmse:.4f}."
        )
    return " ".join(lines)


def as_glossary(kinds: list[str]) -> str:
    """Explain kinds of layers, as HTML."""
    root = ET.Element("dl", {"class": "parts"})
    for kind in kinds:
        if kind in PARTS:
            entry = ET.SubElement(root, "div", {"style": f"border-color:{PARTS[kind].colour}"})
            ET.SubElement(entry, "dt").text = PARTS[kind].name
            ET.SubElement(entry, "dd").text = PARTS[kind].meaning
    return ET.tostring(root, encoding="unicode", short_empty_elements=False)


def show() -> None:
    """Show every network, and then explain the parts that they are built of."""
    with waiting("Reading the networks …", NETWORK):
        names = networks.networks()
        drawings = {name: drawn(name) for name in names}
    if not names:
        st.info("There are no networks in weights/, so there is nothing to draw. Train one with `python train.py`.")
        return
    st.markdown(COMMON)
    st.markdown(HOW_TO_READ)
    kinds: dict[str, None] = {}
    for name in names:
        drawing, parameters, own_kinds = drawings[name]
        kinds |= dict.fromkeys(own_kinds)
        st.subheader(name, anchor=f"network-{name}")
        card = networks.network(name).card
        st.markdown(f"{ABOUT.get(card.model, '')} {in_figures(card, parameters)}")
        st.html(drawing)
    st.subheader("The parts", anchor="parts")
    st.html(as_glossary(list(kinds)))


def limits() -> list[str]:
    """Say what the networks' own cards tell about their limits, one sentence each."""
    cards = [networks.network(name).card for name in networks.networks()]
    said = []
    if learnt := [card.training_galaxies for card in cards if card.training_galaxies]:
        said.append(
            f"They learnt from at most {max(learnt):,} galaxies of Galaxy Zoo 2, which chose bright ones that are not too small. "
            "What is rare among these they have hardly seen."
        )
    if means := [card.training_mean for card in cards if card.training_mean]:
        rarest = sorted(zip(means[0], COLUMNS, strict=True))[:5]
        names = ", ".join(f"“{name_of(name)}” ({mean:.4f})" for mean, name in rarest)
        said.append(
            f"Some answers are so rare that saying “almost nobody” is nearly always right. The smallest mean scores are {names}. "
            "A small error there is no sign of skill."
        )
    covered = [c.validation.coverage.all for c in cards if c.validation and c.validation.coverage]
    if covered:
        lowest, highest = min(covered), max(covered)
        found = f"{100 * lowest:.1f} %" if lowest == highest else f"{100 * lowest:.1f} to {100 * highest:.1f} %"
        said.append(
            f"The whiskers of a prediction are meant to hold {100 * LEVEL:.0f} % of the volunteers' scores. On "
            f"validation galaxies they held {found}, over all answers: more where nobody gave an answer (71 %), fewer where a "
            "twentieth to four fifths of all did (62 %), and perhaps of an unusual galaxy."
        )
    return said
