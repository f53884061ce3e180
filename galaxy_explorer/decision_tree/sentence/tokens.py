"""Tokens of a search sentence: phrases, numbers of arms, and bounds in per cent."""

import re
import unicodedata
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from galaxy_explorer.decision_tree.sentence.vocabulary import Columns, Meaning, Measure, vocabulary
from galaxy_explorer.decision_tree.table import columns_of

NUMBERS = {
    **{"zero": 0, "one": 1, "single": 1, "two": 2, "double": 2, "three": 3, "triple": 3, "four": 4, "five": 5},
    **{"six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10},
}
_N = rf"\d{{1,2}}|{'|'.join(NUMBERS)}"
_AT_LEAST = r"≥|>=|at least|minimum|min|not (?:less|fewer) than|no (?:less|fewer) than"
_MORE = r">|more than|over|above|greater than"
_AT_MOST = r"≤|<=|at most|up to|maximum|max|not more than|no more than"
_LESS = r"<|less than|fewer than|under|below"
_SIDE = (
    rf"(?P<at_least>{_AT_LEAST})|(?P<more>{_MORE})|(?P<at_most>{_AT_MOST})|(?P<less>{_LESS})|"
    "(?P<equal>=|exactly|equal to)"
)
_P = r"\d{1,3}(?:[.,]\d+)?"
_PERCENT = r"\s*(?:%|percent|per cent)"
_OF_VOTES = r"(?P<fraction>\s+of (?:all|the) votes?)?"
_END = r"(?![\w])"

_COUNT_RANGE = re.compile(rf"(?:between (?P<low>{_N}) and (?P<high>{_N})|(?P<first>{_N}) to (?P<last>{_N})){_END}")
_COUNT = re.compile(
    rf"(?:(?:{_SIDE})\s*)?(?P<n>{_N})(?P<after>\s*\+|(?: (?:spiral )?arms)? or (?:more|fewer|less)(?! than))?"
    rf"(?![\w%]|{_PERCENT}|[.,]\d)"
)
_BETWEEN = re.compile(rf"(?:between )?(?P<low>{_P})(?:{_PERCENT})? (?:to|and) (?P<high>{_P}){_PERCENT}{_OF_VOTES}")
_BOUND = re.compile(rf"(?:(?:{_SIDE})\s*)?(?P<percent>{_P}){_PERCENT}(?P<after> or more| or less)?{_OF_VOTES}")
_SHARE = re.compile(rf"(?:{_SIDE})\s*(?P<share>[01]?\.\d+|[01]\.0){_OF_VOTES}{_END}")
_ASKED = re.compile(rf"asked of (?:≥|>=|at least)?\s*(?P<asked>{_P}){_PERCENT}")
_MAX_ARMS = 12  # a larger number is a percentage
_WORD = re.compile(r"w/o|and/or|[^\W_]+(?:'[^\W_]+)*|[^\s-]")


@dataclass(frozen=True)
class Bound:
    """Bounds on an answer that a sentence states."""

    low: float
    high: float
    measure: Measure = "share"


@dataclass(frozen=True)
class Token:
    """A phrase, number or bound, as it was typed."""

    text: str
    meaning: Meaning  # its kind is "unknown" for other words, and "bound" and "min_asked" for numbers
    bound: Bound | None = None


def tokens_of(text: str) -> Iterator[Token]:
    """Split a sentence into tokens."""
    text = _normalised(text)
    place = 0
    while place < len(text):
        if text[place] in " -":
            place += 1
            continue
        found = _number(text, place)
        if found:
            length, token = found
            yield token
        else:
            length = yield from _phrase(text[place:])
        place += length


def _normalised(text: str) -> str:
    """Return a text in lower case, with plain signs, and with hyphens within words only."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    text = re.sub(r"[:?!\"“”„«»]", " ", text)
    text = re.sub(r"[‐‑‒–—−]", "-", text)
    text = re.sub(r"(?<=\d)\s*-\s*(?=\d)", " to ", text)
    text = re.sub(r"(?<=\s)-(?=\w)", "not ", f" {text}")  # as search engines exclude a word
    return re.sub(r"\s+", " ", re.sub(r"(?<!\w)-|-(?!\w)", ",", text)).strip()


def _number(text: str, place: int) -> tuple[int, Token] | None:
    """Read a bound or a number of arms; return its length and token."""
    if place and text[place - 1].isalnum():
        return None
    for pattern, read in (
        (_ASKED, _read_asked),
        (_BETWEEN, _read_bound),
        (_BOUND, _read_bound),
        (_SHARE, _read_bound),
        (_COUNT_RANGE, _read_count),
        (_COUNT, _read_count),
    ):
        if (match := pattern.match(text, place)) and (token := read(match)):
            return match.end() - place, token
    return None


def _read_asked(match: re.Match[str]) -> Token | None:
    """Read the bound on the votes that reach a question: ``asked of ≥ 60 %``."""
    percent = _float(match["asked"])
    return Token(match[0], Meaning("min_asked"), Bound(percent / 100, 1.0)) if percent <= 100 else None


def _read_bound(match: re.Match[str]) -> Token | None:
    """Read bounds on the votes for an answer; a bare percentage is a lower bound."""
    parts = match.groupdict()
    if "low" in parts:
        low, high = _float(parts["low"]) / 100, _float(parts["high"]) / 100
    else:
        percent = parts.get("percent") or parts.get("n")
        value = _float(percent) / 100 if percent else float(parts["share"])
        upper = parts["at_most"] or parts["less"] or parts.get("after") == " or less"
        low, high = (0.0, value) if upper else (value, value) if parts["equal"] else (value, 1.0)
    if not 0 <= low <= high <= 1:
        return None
    return Token(match[0], Meaning("bound"), Bound(low, high, "vote fraction" if parts.get("fraction") else "share"))


def _read_count(match: re.Match[str]) -> Token | None:
    """Read a number of arms, or a range of them, as answers."""
    parts = match.groupdict()
    if "first" in parts:
        first, last = parts["first"] or parts["low"], parts["last"] or parts["high"]
        wanted = range(_integer(first), _integer(last) + 1)
    else:
        number, after = _integer(parts["n"]), parts["after"] or ""
        if number > _MAX_ARMS:  # "bar > 60"
            return _read_bound(match)
        if parts["more"]:
            wanted = range(number + 1, 100)
        elif parts["at_least"] or after.endswith(("+", "more")):
            wanted = range(number, 100)
        elif parts["less"] or parts["at_most"] or after:
            wanted = range(1, number + (not parts["less"]))
        else:
            wanted = range(number, number + 1)
    return Token(match[0], Meaning("count", _arms(wanted)))


def _arms(numbers: range) -> Columns:
    """Return the answers that a range of numbers of arms touches; none for no arms at all."""
    counted = columns_of(11)[:5]  # 1, 2, 3, 4, more than four
    return tuple(column for number, column in enumerate(counted, start=1) if _touches(numbers, number))


def _touches(numbers: range, answer: int) -> bool:
    """Return whether a range of numbers of arms holds one of an answer; the last is 5 or more."""
    return any(number == answer for number in numbers) if answer < 5 else bool(numbers) and numbers[-1] >= 5


def _integer(text: str) -> int:
    return NUMBERS[text] if text in NUMBERS else int(text)


def _float(text: str) -> float:
    return float(text.replace(",", "."))


def _phrase(text: str) -> Generator[Token, None, int]:
    """Yield the token of the longest phrase at the start of a text; return its length."""
    known = vocabulary()
    matches = [match for match, _ in zip(_WORD.finditer(text), range(known.longest), strict=False)]
    words = [match[0] for match in matches]
    if found := known.find(words):
        length, meaning = found
        yield Token(text[: matches[length - 1].end()], meaning)
        return matches[length - 1].end()
    yield from _compound(words[0])
    return matches[0].end()


def _compound(word: str) -> Iterator[Token]:
    """Yield the tokens of an unknown word: of one with a negating ending, or as unknown."""
    for pattern in (r"(?:un|non)(?P<known>\w{3,})", r"(?P<known>\w{3,})less", r"(?P<known>\w{2,})n't"):
        match = re.fullmatch(pattern, word)
        found = vocabulary().find([match["known"]]) if match else None
        if found and found[1].kind in ("term", "noun", "adjective", "filler", "with"):
            yield Token(word, Meaning("not"))
            yield Token(word, found[1])
            return
    yield Token(word, Meaning("unknown"))
