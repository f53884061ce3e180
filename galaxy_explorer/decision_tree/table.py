"""The table of the tree: its questions and answers, what leads where, and what follows from that alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One answer of a question, and where a volunteer who gives it goes next."""

    name: str
    leads_to: int | None  # the next question's number; None ends the questionnaire
    stem: str  # the answer's part of a column name in the GZ2 catalogue
    phrase: str  # the answer as a part of a sentence about one galaxy
    meaning: str  # one sentence for someone who meets the answer for the first time


@dataclass(frozen=True)
class Question:
    """One question of the flow-chart with its answers in the order of the score columns."""

    number: int
    text: str
    stem: str
    short: str  # a name of one to three words, where the text does not fit
    answers: tuple[Answer, ...]


# fmt: off
# The table. Catalogue answer numbers are irregular (a38, a36, a37; there is no a35): they are GZ2's.
QUESTIONS: tuple[Question, ...] = (
    Question(1, "Is the galaxy simply smooth and rounded, with no sign of a disk?", "t01_smooth_or_features", "smooth or disk", (
        Answer("smooth", 7, "a01_smooth", "a smooth galaxy",
               "Light fades evenly from the centre outwards, without a disk or other structure."),
        Answer("features or disk", 2, "a02_features_or_disk", "a galaxy with features or a disk",
               "Some structure shows: a disk, arms, a bar, a ring or clumps."),
        Answer("star or artifact", None, "a03_star_or_artifact", "a star or an artifact rather than a galaxy",
               "Not a galaxy at all: a star, a satellite trail or a fault of the picture."),
    )),
    Question(2, "Could this be a disk viewed edge-on?", "t02_edgeon", "edge-on", (
        Answer("yes", 9, "a04_yes", "seen edge-on",
               "We look along the plane of the disk, which appears as a thin streak."),
        Answer("no", 3, "a05_no", "not seen edge-on",
               "The face of the disk can be seen, straight on or tilted."),
    )),
    Question(3, "Is there a sign of a bar feature through the centre of the galaxy?", "t03_bar", "bar", (
        Answer("yes", 4, "a06_bar", "with a bar",
               "A straight band of stars crosses the centre."),
        Answer("no", 4, "a07_no_bar", "without a bar",
               "Nothing straight crosses the centre."),
    )),
    Question(4, "Is there any sign of a spiral arm pattern?", "t04_spiral", "spiral arms", (
        Answer("yes", 10, "a08_spiral", "with spiral arms",
               "At least one arm curves away from the centre."),
        Answer("no", 5, "a09_no_spiral", "without spiral arms",
               "The disk shows no arms."),
    )),
    Question(5, "How prominent is the central bulge, compared with the rest of the galaxy?", "t05_bulge_prominence", "bulge size", (
        Answer("no bulge", 6, "a10_no_bulge", "no bulge",
               "The disk runs to the centre without a brighter heart."),
        Answer("just noticeable", 6, "a11_just_noticeable", "a just noticeable bulge",
               "A small bright heart, far less than the disk."),
        Answer("obvious", 6, "a12_obvious", "an obvious bulge",
               "A bright rounded heart that catches the eye beside the disk."),
        Answer("dominant", 6, "a13_dominant", "a dominant bulge",
               "Most of the light comes from the bulge; the disk is the lesser part."),
    )),
    Question(6, "Is there anything odd?", "t06_odd", "anything odd", (
        Answer("yes", 8, "a14_yes", "something odd about it",
               "Something is unusual: a ring, a merger, a disturbed shape, a dust lane."),
        Answer("no", None, "a15_no", "nothing odd about it",
               "Nothing unusual catches the eye."),
    )),
    Question(7, "How rounded is it?", "t07_rounded", "roundness", (
        Answer("completely round", 6, "a16_completely_round", "completely round",
               "Its outline is a circle, or nearly so."),
        Answer("in between", 6, "a17_in_between", "between round and cigar-shaped",
               "Its outline is an oval."),
        Answer("cigar-shaped", 6, "a18_cigar_shaped", "cigar-shaped",
               "Its outline is long and thin."),
    )),
    Question(8, "Is the odd feature a ring, or is the galaxy disturbed or irregular?", "t08_odd_feature", "odd feature", (
        Answer("ring", None, "a19_ring", "a ring",
               "A closed band of stars around the centre."),
        Answer("lens or arc", None, "a20_lens_or_arc", "a lens or an arc",
               "A curved streak beside the galaxy, as gravity makes when it bends light from behind."),
        Answer("disturbed", None, "a21_disturbed", "a disturbed shape",
               "Pulled out of shape: tails, shells or a lopsided disk."),
        Answer("irregular", None, "a22_irregular", "an irregular shape",
               "No ordered shape at all."),
        Answer("other", None, "a23_other", "something not on the list",
               "Odd in a way that the other answers do not name."),
        Answer("merger", None, "a24_merger", "a merger",
               "Two or more galaxies are running into each other."),
        Answer("dust lane", None, "a38_dust_lane", "a dust lane",
               "A dark band of dust crosses the bright part."),
    )),
    Question(9, "Does the galaxy have a bulge at its centre? If so, what shape?", "t09_bulge_shape", "edge-on bulge", (
        Answer("rounded", 6, "a25_rounded", "a rounded bulge",
               "The middle of the streak swells into a ball."),
        Answer("boxy", 6, "a26_boxy", "a boxy bulge",
               "The middle of the streak swells into a box or a peanut."),
        Answer("no bulge", 6, "a27_no_bulge", "no bulge",
               "The streak is equally thin along its length."),
    )),
    Question(10, "How tightly wound do the spiral arms appear?", "t10_arms_winding", "arm winding", (
        Answer("tight", 11, "a28_tight", "tightly wound",
               "The arms hug the centre and go round it more than once."),
        Answer("medium", 11, "a29_medium", "moderately wound",
               "The arms open at a middling angle."),
        Answer("loose", 11, "a30_loose", "loosely wound",
               "The arms open wide and reach straight outwards."),
    )),
    Question(11, "How many spiral arms are there?", "t11_arms_number", "arm count", (
        Answer("1", 5, "a31_1", "one in number",
               "One arm alone."),
        Answer("2", 5, "a32_2", "two in number",
               "Two arms, mostly on opposite sides."),
        Answer("3", 5, "a33_3", "three in number",
               "Three arms."),
        Answer("4", 5, "a34_4", "four in number",
               "Four arms."),
        Answer("more than four", 5, "a36_more_than_4", "more than four in number",
               "Five arms or more."),
        Answer("can't tell", 5, "a37_cant_tell", "hard to count",
               "There are arms, but their number cannot be made out."),
    )),
)
# fmt: on

# The one exception to the rule that a question's mass is what flows into it: 1 - Class1.3 flows into
# question 6, but the challenge's scores normalise it to 1 for every galaxy.
ASKED_OF_EVERYONE = 6


def column(question: int, answer: int) -> str:
    """Name the score column of an answer, both counted from 1 (``column(4, 1) == "Class4.1"``)."""
    return f"Class{question}.{answer}"


_ANSWERS = tuple((column(q.number, i), q, answer) for q in QUESTIONS for i, answer in enumerate(q.answers, start=1))
COLUMNS: tuple[str, ...] = tuple(name for name, _, _ in _ANSWERS)
INDEX: dict[str, int] = {name: i for i, name in enumerate(COLUMNS)}
QUESTION_OF: dict[str, Question] = {name: question for name, question, _ in _ANSWERS}
ANSWER_OF: dict[str, Answer] = {name: answer for name, _, answer in _ANSWERS}
SLICES: dict[int, slice] = {
    q.number: slice(INDEX[column(q.number, 1)], INDEX[column(q.number, 1)] + len(q.answers)) for q in QUESTIONS
}


def columns_of(question: int) -> tuple[str, ...]:
    """Name the score columns of a question, in the order of its answers."""
    return COLUMNS[SLICES[question]]


def name_of(column: str) -> str:
    """Name an answer with its question: ``spiral arms: yes``."""
    return f"{QUESTION_OF[column].short}: {ANSWER_OF[column].name}"


def columns_into(question: int) -> tuple[str, ...]:
    """Name the answers that lead to a question, by their columns."""
    return tuple(name for name, answer in ANSWER_OF.items() if answer.leads_to == question)


def _mass_column(question: int) -> str | None:
    """Find the one answer through which every route to a question passes; None where there is none.

    Wherever all answers of an earlier question stand among the routes, the votes divide there and
    join again, so the routes into that question can stand for them.
    """
    routes = set(columns_into(question))
    while len(routes) > 1:
        joined = [q.number for q in QUESTIONS if columns_into(q.number) and routes.issuperset(columns_of(q.number))]
        if not joined:
            return None
        routes.difference_update(columns_of(joined[-1]))
        routes.update(columns_into(joined[-1]))
    return next(iter(routes), None)


# The column whose vote fraction is the mass of a question; None where the mass is 1.
MASS_COLUMN: dict[int, str | None] = {question.number: _mass_column(question.number) for question in QUESTIONS}
