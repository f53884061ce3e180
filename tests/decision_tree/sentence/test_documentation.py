"""docs/search.md has all words and bounds of the vocabulary."""

import re
import tomllib
from pathlib import Path

import pytest

from galaxy_explorer.decision_tree.sentence import vocabulary

DOCS = (Path(__file__).parents[3] / "docs" / "search.md").read_text(encoding="utf-8")
FILE = tomllib.loads(Path(vocabulary.__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))
LINES = re.sub(" <!--.*?-->", "", DOCS).splitlines()
ROWS = [tuple(line.strip("| ").split(" | ")) for line in LINES if re.match(r"\| \w", line)]


@pytest.mark.parametrize("kind", ["term", "noun", "adjective", "count"])
def test_every_word_for_an_answer_is_in_the_table_with_its_answers(kind: str) -> None:
    documented = {words: answers for answers, words in ROWS}
    for row in FILE[kind]:
        answers = documented[", ".join(row["words"])]
        for name in ("answers", "arm", "bulge", "alone"):
            assert all(label in answers for label in row.get(name, ()))


def test_words_that_no_question_asks_are_in_the_table_with_their_hint() -> None:
    assert {(", ".join(row["words"]), row["hint"]) for row in FILE["not_asked"]} <= set(ROWS)


def test_no_row_is_outdated() -> None:
    rows = [", ".join(row["words"]) for kind in ("term", "noun", "adjective", "count") for row in FILE[kind]]
    first = next(number for number, row in enumerate(ROWS) if row[1] == rows[0])
    assert [row[1] for row in ROWS[first : first + len(rows)]] == rows


@pytest.mark.parametrize(
    ("words", "bounds"),
    [
        ("barred", FILE["levels"]["plain"]["low"]),
        ("clearly", FILE["levels"]["strong"]["low"]),
        ("maybe", FILE["levels"]["maybe"]["low"]),
        ("slightly", FILE["levels"]["slight"]["low"]),
        ("slightly", FILE["levels"]["slight"]["high"]),
        ("face-on", FILE["levels"]["face_on"]["low"]),
        ("no, not", FILE["negated"]["plain"]),
        ("no ring", FILE["negated"]["of_all_votes"]),
    ],
)
def test_the_bounds_in_the_text_are_those_of_the_file(words: str, bounds: float) -> None:
    (meaning,) = [row[1] for row in ROWS if row[0].startswith(words)]
    assert re.search(rf"\b{100 * bounds:g}\b", meaning)
