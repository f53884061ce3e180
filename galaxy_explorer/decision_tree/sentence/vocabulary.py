"""Vocabulary of search sentences: phrases, their answers, and the bounds of hedges."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal

from galaxy_explorer.decision_tree.table import COLUMNS, QUESTIONS, columns_of, label_of

MIN_SIMILARITY = 0.75  # of a word and its proposed correction
MIN_LETTERS = 4  # of a word that is compared with others

Columns = tuple[str, ...]  # answers of one question, in the order of the tree
Measure = Literal["share", "vote fraction", "lower end", "upper end"]


@dataclass(frozen=True)
class Meaning:
    """What a phrase means."""

    kind: str  # term, noun, adjective, count, hedge, not_asked, asked, or a list of the grammar
    answers: Columns = ()
    edge_on: Columns = ()  # of a noun in a sentence about edge-on disks
    name: str = ""  # of a noun
    noun: bool = False  # whether a "without" before an "and" excludes this too
    absorbs: str = ""  # noun that may follow without a condition of its own
    arm: Columns = ()  # of an adjective, as bulge and alone
    bulge: Columns = ()
    alone: Columns = ()
    level: str = ""
    note: str = ""
    hint: str = ""

    def with_noun(self, noun: str) -> Columns:
        """Return the answers of an adjective with a noun, or without one."""
        return {"arm": self.arm, "bulge": self.bulge, "": self.alone}[noun]


@dataclass(frozen=True)
class Level:
    """Bounds on answer shares that a hedge stands for."""

    low: float
    high: float = 1.0


@dataclass(frozen=True)
class Vocabulary:
    """All phrases, by their stems, and all bounds."""

    phrases: Mapping[tuple[str, ...], Meaning]
    spellings: Mapping[str, str]  # stem of a word to the word
    levels: Mapping[str, Level]
    negated: Mapping[str, float]
    longest: int  # words of a phrase

    def find(self, words: list[str]) -> tuple[int, Meaning] | None:
        """Find the longest phrase at the start of some words; return its length and meaning."""
        stems = [stem(word) for word in words[: self.longest]]
        for length in range(len(stems), 0, -1):
            if meaning := self.phrases.get(tuple(stems[:length])):
                return length, meaning
        return None

    def suggestion(self, word: str) -> str:
        """Return the most similar word, or an empty text."""
        if len(word) < MIN_LETTERS:
            return ""
        near = get_close_matches(stem(word), self.spellings, n=1, cutoff=MIN_SIMILARITY)
        return self.spellings[near[0]] if near and near[0] != stem(word) else ""


def stem(word: str) -> str:
    """Return a word without a plural s, as vocabulary and sentences are compared."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith("ss") else word


def split_words(phrase: str) -> list[str]:
    """Split a phrase of the vocabulary or the tree into words, as a sentence is split."""
    return phrase.replace("-", " ").split()


@cache
def vocabulary() -> Vocabulary:
    """Read the vocabulary from its file."""
    file = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))
    phrases: dict[tuple[str, ...], Meaning] = {}
    spellings: dict[str, str] = {}
    for phrase, meaning in _phrases(file):
        words = split_words(phrase)
        stems = tuple(stem(word) for word in words)
        if phrases.setdefault(stems, meaning) != meaning:
            raise ValueError(f"vocabulary.toml has “{phrase}” twice")
        if len(words) == 2:
            phrases.setdefault(("".join(stems),), meaning)  # "edgeon"
        if meaning.kind in ("term", "noun", "adjective", "count", "hedge"):
            spellings |= {stem(word): word for word in words if len(word) >= MIN_LETTERS}
    fillers = {stem(word) for word in file["grammar"]["filler"]}
    spellings = {stemmed: word for stemmed, word in spellings.items() if stemmed not in fillers}
    levels = {name: Level(level["low"], level.get("high", 1.0)) for name, level in file["levels"].items()}
    return Vocabulary(phrases, spellings, levels, file["negated"], max(map(len, phrases)))


def _phrases(file: dict[str, Any]) -> Iterator[tuple[str, Meaning]]:
    """Yield each phrase with its meaning."""
    columns = {label_of(column): column for column in COLUMNS}
    for kind in ("term", "noun", "adjective", "count", "not_asked"):
        for row in file[kind]:
            fields = {name: value for name, value in row.items() if name != "words"}
            for name in ("answers", "edge_on", "arm", "bulge", "alone"):
                if name in fields:
                    fields[name] = tuple(sorted((columns[label] for label in fields[name]), key=COLUMNS.index))
            meaning = Meaning(kind, **fields)
            yield from ((phrase, meaning) for phrase in row["words"])
    for name, level in file["levels"].items():
        yield from ((phrase, Meaning("hedge", level=name)) for phrase in level.get("words", ()))
    for kind, words in file["grammar"].items():
        yield from ((phrase, Meaning(kind)) for phrase in words)
    for question in QUESTIONS:
        yield f"{question.short} asked", Meaning("asked", columns_of(question.number))
    yield "vote known", Meaning("known")
    yield from ((f"{end} end", Meaning("end", name=f"{end} end")) for end in ("lower", "upper"))
