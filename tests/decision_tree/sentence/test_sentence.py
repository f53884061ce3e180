"""Sentences as conditions on votes: a table of examples, messages, and laws."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxy_explorer.decision_tree import COLUMNS, QUESTION_OF, fractions_from_shares, label_of, short_description
from galaxy_explorer.decision_tree.sentence import MAX_LENGTH, Condition, parse_sentence
from galaxy_explorer.decision_tree.sentence.vocabulary import vocabulary

EXAMPLES = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text(encoding="utf-8"))
WORDS = sorted({" ".join(words) for words in vocabulary().phrases} | {"jellyfish", "%", "≥ 40 %", "3", "%%", "balken"})


def shown(condition: Condition) -> str:
    """A condition as in the table of examples."""
    low, high = (f"{100 * bound:g}" for bound in (condition.low, condition.high))
    bounds = f"≥ {low}" if condition.low and condition.high == 1 else f"{low}-{high}" if condition.low else f"≤ {high}"
    return f"{'+'.join(map(label_of, condition.columns))} {bounds}{'' if condition.measure == 'share' else 'f'}"


def in_words(condition: Condition) -> str:
    """A condition as on a chip."""
    low, high = (f"{100 * bound:.4g}" for bound in (condition.low, condition.high))
    labels = " or ".join(map(label_of, condition.columns))
    bounds = f"between {low} and {high} %" if low != high else f"= {low} %"
    if condition.measure in ("lower end", "upper end"):
        labels += f", {condition.measure}"
    return f"{labels} {bounds}{' of all votes' if condition.measure == 'vote fraction' else ''}"


@pytest.mark.parametrize("sentence", EXAMPLES)
def test_a_sentence_stands_for_its_conditions(sentence: str) -> None:
    parsed = parse_sentence(sentence)
    assert sorted(map(shown, parsed.conditions)) == sorted(EXAMPLES[sentence])
    assert parsed.unknown == ()


def test_there_are_at_least_sixty_examples() -> None:
    assert len(EXAMPLES) >= 60


@pytest.mark.parametrize("column", COLUMNS)
def test_the_name_of_every_answer_is_known(column: str) -> None:
    for bounds, low in (("", 0.5), (" ≥ 70\u00a0%", 0.7)):
        (condition,) = parse_sentence(label_of(column) + bounds).conditions
        assert condition == Condition((column,), low, 1.0)


@pytest.mark.parametrize(
    ("sentence", "left_out", "conditions"),
    [
        ("jellyfish galaxies with a bar", ["jellyfish"], ["bar ≥ 50"]),
        ("gelbe Balkenspiralen", ["gelbe", "balkenspiralen"], []),
        ("galaxia espiral sin barra", ["galaxia", "espiral", "sin", "barra"], []),
        ("not jellyfish, ring or 😀", ["jellyfish", "😀"], ["ring ≥ 50"]),
        ("M51", ["m51"], []),
    ],
)
def test_unknown_words_are_named_and_left_out(sentence: str, left_out: list[str], conditions: list[str]) -> None:
    parsed = parse_sentence(sentence)
    assert list(parsed.unknown) == left_out
    assert all(f"“{word}”" in parsed.messages[0] for word in left_out)
    assert list(map(shown, parsed.conditions)) == conditions


def test_a_similar_word_is_proposed_and_not_applied() -> None:
    parsed = parse_sentence("Barrd spirals with a dsut lane")
    assert list(map(shown, parsed.conditions)) == ["spiral arms ≥ 50"]
    assert "“barrd” (did you mean “barred”?)" in parsed.messages[0]
    assert parsed.corrected == "barred spirals with a dust lane"
    assert len(parse_sentence(parsed.corrected).conditions) == 3


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("edge-on and two arms", "“edge-on” and “two arms”: volunteers are asked about “arm count” only after"),
        ("smooth spirals", "only after they chose “features or disk”, so few or no galaxies match both"),
        ("nothing odd, with a ring", "only after they chose “something odd”"),
        ("big boxy bulge", "volunteers are asked one after “not edge-on” and the other after “edge-on”"),
        ("ring and merger", "each volunteer chose one of these answers (“or” joins them)"),
        ("barred and not barred", "each volunteer chose one of these answers"),
        ("bar ≥ 80 %, bar ≤ 20 %", "“bar” and “bar” exclude each other; the first is used"),
        ("barred or ringed", "“barred or ringed” is left out: “or” joins answers of one question only"),
        ("not round, oval or cigar-shaped", "excludes all answers of its question"),
        ("five arms", "“five” is read as “more than four”"),
        ("10 arms", "“10” is read as “more than four”"),
        ("many arms", "“more than four arms”"),
        ("face-on", "not edge-on for at least 80 %"),
        ("big galaxies", "“big” is read with “bulges” only"),
        ("two mergers", "“two” is left out: numbers are read with “arms” only"),
        ("no", "No answer follows “no”"),
        ("blue spirals", "“blue” is left out: no question asks about colour"),
        ("SBc", "instead of a Hubble type"),
        ("edge-on spirals", "“edge-on spiral” is read as edge-on"),
    ],
)
def test_what_cannot_be_read_or_match_is_reported(sentence: str, message: str) -> None:
    assert any(message in found for found in parse_sentence(sentence).messages)


@pytest.mark.parametrize(
    "sentence", ["edge-on without a bulge", "smooth, no merger", "spirals without rings", "odd, ring"]
)
def test_conditions_that_galaxies_can_match_together_are_not_reported(sentence: str) -> None:
    assert parse_sentence(sentence).messages == ()


def test_a_long_text_is_not_read() -> None:
    parsed = parse_sentence("bar " * 101)
    assert parsed.conditions == ()
    assert parsed.messages == (f"The text has 404 characters; at most {MAX_LENGTH} are read. Shorten it.",)


def test_the_bound_on_the_votes_that_reach_a_question_is_read() -> None:
    assert parse_sentence("bar ≥ 60 %, asked of ≥ 45 %").min_asked == 0.45


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_any_text_gives_valid_conditions(text: str) -> None:
    parsed = parse_sentence(text)
    for condition in parsed.conditions:
        assert 0 <= condition.low <= condition.high <= 1
        assert len({QUESTION_OF[column].number for column in condition.columns}) == 1
        assert list(condition.columns) == sorted(set(condition.columns), key=COLUMNS.index)
    keys = [(condition.columns, condition.measure) for condition in parsed.conditions]
    assert len(keys) == len(set(keys))
    assert bool(parsed.unknown) <= bool(parsed.messages)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """A condition on some, but not all, answers of a question."""
    question = QUESTION_OF[draw(st.sampled_from(COLUMNS))].number
    of_question = [column for column in COLUMNS if QUESTION_OF[column].number == question]
    columns = draw(st.lists(st.sampled_from(of_question), min_size=1, max_size=len(of_question) - 1, unique=True))
    low, high = sorted(draw(st.tuples(st.integers(0, 100), st.integers(0, 100))))
    measure = draw(st.sampled_from(["share", "vote fraction", "lower end", "upper end"]))
    return Condition(tuple(sorted(columns, key=COLUMNS.index)), low / 100, high / 100, measure)


@given(st.lists(conditions(), max_size=3, unique_by=lambda wanted: (wanted.columns, wanted.measure)))
def test_conditions_in_words_are_read_as_themselves(wanted: list[Condition]) -> None:
    assert list(parse_sentence(", ".join(map(in_words, wanted))).conditions) == wanted


@given(st.lists(st.sampled_from(COLUMNS), max_size=8, unique=True))
def test_the_description_of_a_galaxy_can_be_searched_for(chosen: list[str]) -> None:
    shares = np.array([1.0 if column in chosen else 0.01 for column in COLUMNS])
    words = short_description(fractions_from_shares(np.minimum(shares, 1.0)))
    parsed = parse_sentence(words)
    assert parsed.unknown == ()
    assert parsed.conditions
