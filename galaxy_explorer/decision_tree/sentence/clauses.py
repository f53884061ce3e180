"""From tokens to clauses: negation, hedges, and what belongs to a noun."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from galaxy_explorer.decision_tree.sentence.tokens import NUMBERS, Bound, Token
from galaxy_explorer.decision_tree.sentence.vocabulary import Columns, Meaning, Measure
from galaxy_explorer.decision_tree.table import COLUMNS, QUESTION_OF

_LINKS = ("", "comma", "and", "or")  # a later one replaces an earlier one
_NOUNS = {5: "bulge", 9: "bulge", 10: "arm", 11: "arm"}  # of a question
_BEFORE_A_NOUN = {"adjective", "count", "hedge", "or", "and", "comma", "filler", "unknown", "not"}


@dataclass(frozen=True)
class Clause:
    """Answers of one question that the sentence wants or excludes."""

    answers: Columns
    words: str
    edge_on: Columns = ()  # the answers in a sentence about edge-on disks
    negated: bool = False
    level: str = "plain"
    inside: bool = False  # whether the level is within the negation: "not strongly barred"
    bound: Bound | None = None
    end: str = ""  # of the interval, that the bound is on
    noun: str = ""  # of a noun alone: "arms"
    link: str = ""  # to the clause before

    @property
    def question(self) -> int:
        """The number of the answers' question."""
        return QUESTION_OF[self.answers[0]].number

    @property
    def measure(self) -> Measure:
        """What the bound is on."""
        if self.end:
            return "lower end" if self.end == "lower end" else "upper end"
        return self.bound.measure if self.bound else "share"

    def with_answers(self, other: "Clause") -> "Clause":
        """Add the answers of a clause that follows an "or"."""
        answers = tuple(sorted({*self.answers, *other.answers}, key=COLUMNS.index))
        words = f"{self.words} or {other.words}"
        return replace(self, answers=answers, words=words, bound=other.bound or self.bound, end=other.end)


@dataclass
class Reading:
    """Clauses of a sentence, and what is not among the questions."""

    clauses: list[Clause] = field(default_factory=list)
    min_asked: float | None = None
    unknown: list[Token] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class _Modifiers:
    """Negation, hedge and bound that wait for their answer."""

    negated: bool = False
    said: str = ""  # the negation as typed
    level: str = ""
    inside: bool = False
    bound: Bound | None = None


class ClauseReader:
    """Reader of the tokens of one sentence, from left to right."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = list(tokens)
        self._reading = Reading()
        self._waiting = _Modifiers()
        self._link = ""
        self._absorbs = ""  # noun that belongs to the answer before
        self._without = False  # whether an "and" excludes the next noun too

    def read(self) -> Reading:
        """Read all tokens."""
        for index, token in enumerate(self._tokens):
            self._read(index, token)
        self._end_of_scope()
        return self._reading

    def _read(self, index: int, token: Token) -> None:
        """Read one token."""
        kind, meaning = token.meaning.kind, token.meaning
        if kind == "term":
            self._add(token, meaning.answers, meaning, absorbs=meaning.absorbs)
        elif kind == "noun":
            self._read_noun(token)
        elif kind == "adjective":
            self._read_adjective(index, token)
        elif kind == "count":
            self._read_count(index, token)
        elif kind == "asked":
            self._waiting.bound = Bound(0.0, 1.0)
            self._add(token, meaning.answers[:1], meaning)
        elif kind in ("bound", "known"):
            self._read_bound(token.bound or Bound(0.0, 1.0, "vote fraction"))
        elif kind == "end" and self._reading.clauses:
            self._reading.clauses[-1] = replace(self._reading.clauses[-1], end=meaning.name)
            self._link = ""
        elif kind == "min_asked" and token.bound:
            self._reading.min_asked = token.bound.low
        elif kind in ("unknown", "not_asked"):
            self._reading.unknown.append(token)
            self._waiting, self._link = _Modifiers(), "comma"
        else:
            self._read_grammar(token)

    def _read_grammar(self, token: Token) -> None:
        """Read a hedge, a negation, or a word that joins."""
        kind = token.meaning.kind
        if kind == "hedge":
            self._waiting.level, self._waiting.inside = token.meaning.level, self._waiting.negated
        elif kind in ("not", "without"):
            self._absorbs = ""
            self._waiting.negated = not self._waiting.negated
            self._waiting.said = token.text
            self._without = kind == "without"
        elif kind in ("or", "and", "comma"):
            if kind == "comma":
                self._end_of_scope()
            self._link = max(self._link, kind, key=_LINKS.index)
        elif kind == "with":
            self._without = False

    def _end_of_scope(self) -> None:
        """Report a negation that no known word follows."""
        if self._waiting.negated:
            self._reading.problems.append(f"No answer follows “{self._waiting.said}”, so it is left out.")
        self._waiting, self._without, self._absorbs = _Modifiers(), False, ""

    def _read_noun(self, token: Token) -> None:
        """Read "arms" or "bulge": a condition, if no adjective or number came before."""
        name = token.meaning.name
        if self._absorbs == name:
            self._absorbs = ""
            return
        self._add(token, token.meaning.answers, token.meaning, noun=name)

    def _read_adjective(self, index: int, token: Token) -> None:
        """Read an adjective by its noun."""
        adjective = token.meaning
        noun = self._noun_of(index, crosses_and=not adjective.alone)
        answers = adjective.with_noun(noun) if noun else adjective.alone
        if answers:
            self._add(token, answers, adjective, absorbs=noun)
        elif adjective.level:
            self._waiting.level, self._waiting.inside = adjective.level, self._waiting.negated
        else:
            nouns = " or ".join(f"“{name}s”" for name in ("arm", "bulge") if adjective.with_noun(name))
            self._reading.problems.append(f"“{token.text}” is read with {nouns} only, and is left out here.")
            self._waiting = _Modifiers()

    def _read_count(self, index: int, token: Token) -> None:
        """Read a number of arms; numbers of anything else are left out."""
        counted = "arm" in token.text or any(
            clause.noun == "arm" or clause.question == 10 for clause in self._reading.clauses
        )
        if self._noun_of(index, crosses_and=True) != "arm" and not counted:
            if token.text not in ("one", "single"):  # "one with a ring"
                self._reading.problems.append(f"“{token.text}” is left out: numbers are read with “arms” only.")
            return
        if not token.meaning.answers:  # no arms at all
            self._waiting.negated = not self._waiting.negated
            return
        number = token.text.split()[-1].rstrip("+")
        if NUMBERS.get(number, int(number) if number.isdecimal() else 0) > 4:
            self._reading.notes.append(f"“{token.text}” is read as “more than four”: the questions count to four.")
        self._add(token, token.meaning.answers, token.meaning, absorbs="arm")

    def _read_bound(self, bound: Bound) -> None:
        """Read a bound, which belongs to the answer before it, or else to the next one."""
        self._absorbs = ""
        if self._reading.clauses and not self._link:
            self._reading.clauses[-1] = replace(self._reading.clauses[-1], bound=bound)
        else:
            self._waiting.bound = bound

    def _noun_of(self, index: int, *, crosses_and: bool) -> str:
        """Find the noun of an adjective or number: the next one, or the one right before."""
        stops = set() if crosses_and else {"and", "comma"}
        near = ""
        for token in self._tokens[index + 1 :]:
            meaning = token.meaning
            if meaning.kind == "noun":
                return meaning.name
            if meaning.kind in stops or not (meaning.kind in _BEFORE_A_NOUN or meaning.absorbs):
                break
            near = near or meaning.absorbs
        last = self._reading.clauses[-1] if self._reading.clauses else None
        if last and self._link in ("", "or"):
            near = near or last.noun or _NOUNS.get(last.question, "")
        return near

    def _add(self, token: Token, answers: Columns, meaning: Meaning, *, noun: str = "", absorbs: str = "") -> None:
        """Add a clause; an adjective or number replaces the bare noun right before it."""
        clauses, waiting = self._reading.clauses, self._waiting
        if meaning.note and meaning.note not in self._reading.notes:
            self._reading.notes.append(meaning.note)
        shares_negation = (
            (noun or meaning.noun) and self._without and self._link == "and" and clauses and clauses[-1].negated
        )
        clause = Clause(
            answers,
            _with_noun(token.text, absorbs),
            edge_on=meaning.edge_on,
            negated=waiting.negated or bool(shares_negation),
            level=waiting.level or (meaning.level if meaning.kind == "term" else "") or "plain",
            inside=waiting.inside or (not waiting.level and meaning.kind == "term" and bool(meaning.level)),
            bound=waiting.bound,
            noun=noun,
            link=self._link,
        )
        if absorbs and clauses and clauses[-1].noun == absorbs and not self._link:
            before = clauses.pop()
            clause = replace(clause, link=before.link, negated=clause.negated != before.negated)
        clauses.append(clause)
        self._waiting, self._link, self._absorbs = _Modifiers(), "", absorbs


def _with_noun(words: str, noun: str) -> str:
    """Return an adjective or number with its noun, for a message: ``two arms``."""
    if not noun or noun in words:
        return words
    return f"{words} {noun}{'s' if noun == 'arm' and words != 'one' else ''}"
