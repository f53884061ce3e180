"""Search sentences: words of the decision tree as conditions on votes."""

from galaxy_explorer.decision_tree.sentence.conditions import Condition
from galaxy_explorer.decision_tree.sentence.sentence import MAX_LENGTH, Sentence, parse_sentence

__all__ = ["MAX_LENGTH", "Condition", "Sentence", "parse_sentence"]
