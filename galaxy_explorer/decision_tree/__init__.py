"""Galaxy Zoo 2 decision tree: 11 questions, 37 answers, and their arithmetic.

answer share
    the share of a question's own votes; the shares of a question sum to 1.
vote fraction
    the answer share times the mass of votes that reaches the question. The 37 columns of a score table
    hold vote fractions: weighted scores, not probabilities of the 37 answers.

References
----------
Willett et al. 2013, MNRAS 435, 2835, Table 2 (the tree). The weighting is that of the Kaggle
"Galaxy Zoo - The Galaxy Challenge" scores.
"""

from galaxy_explorer.decision_tree.arithmetic import (
    check_scores,
    fractions_from_shares,
    mass_of,
    shares_from_fractions,
    shares_of_question,
)
from galaxy_explorer.decision_tree.description import in_words, kind_of, short_description
from galaxy_explorer.decision_tree.path import most_likely_path
from galaxy_explorer.decision_tree.table import (
    ANSWER_OF,
    ASKED_OF_EVERYONE,
    COLUMNS,
    INDEX,
    MASS_COLUMN,
    QUESTION_OF,
    QUESTIONS,
    SLICES,
    Answer,
    Question,
    column,
    columns_into,
    columns_of,
    label_of,
    name_of,
    tile_name_of,
)

__all__ = [
    "ANSWER_OF",
    "ASKED_OF_EVERYONE",
    "COLUMNS",
    "INDEX",
    "MASS_COLUMN",
    "QUESTIONS",
    "QUESTION_OF",
    "SLICES",
    "Answer",
    "Question",
    "check_scores",
    "column",
    "columns_into",
    "columns_of",
    "fractions_from_shares",
    "in_words",
    "kind_of",
    "label_of",
    "mass_of",
    "most_likely_path",
    "name_of",
    "shares_from_fractions",
    "shares_of_question",
    "short_description",
    "tile_name_of",
]
