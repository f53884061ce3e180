"""What Browse shows: filters, order and page as a value, as URL parameters, and in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from galaxy_explorer.app.query.filters.filter import Filter
from galaxy_explorer.app.query.filters.registry import FILTERS
from galaxy_explorer.app.services.answers import VOLUNTEERS
from galaxy_explorer.app.ui.url_params import MAX_MESSAGES, ignored_param_message
from galaxy_explorer.app.ui.wording import listed
from galaxy_explorer.catalogue import CatalogueError, Measure, VoteRange
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF, label_of

DEFAULT_MIN_ASKED = 30  # % of the votes that must reach a question before an answer share counts
MAX_SEED = 999_999
BY_ID, AT_RANDOM, BY_OOD, BY_CLASS, BY_MATCH = "id", "random", "ood", "class", "match"
AGAINST_VOLUNTEERS, BETWEEN_NETWORKS = "volunteers", "networks"
# The others are score columns.
SORTS = (BY_ID, AT_RANDOM, AGAINST_VOLUNTEERS, BETWEEN_NETWORKS, BY_OOD, BY_CLASS, BY_MATCH)
URL_PARAMS = (
    *("source", "votes", "answers", "filter", "asked", *(kind.param for kind in FILTERS)),
    *("search", "sort", "order", "seed", "network", "page"),
)
LETTERS = {Measure.SHARE: "s", Measure.FRACTION: "f", Measure.LOWER: "l", Measure.UPPER: "u"}  # of measures in a URL
MEASURES = {letter: measure for measure, letter in LETTERS.items()}

Kind = TypeVar("Kind", bound=Filter)


@dataclass(frozen=True)
class BrowseQuery:
    """Answers, filters, order and page of the gallery of a catalogue."""

    answers: str = ""  # whose answers ranges and sorts use; empty: `answers.default_answers`
    ranges: tuple[VoteRange, ...] = ()
    min_asked: int = DEFAULT_MIN_ASKED  # %, for answer shares
    filters: tuple[Filter, ...] = ()  # conditions that are not ranges of an answer
    search: str = ""
    sort: str = BY_ID  # one of SORTS, or a score column
    measure: Measure = Measure.SHARE  # for a sort by a score column
    ascending: bool | None = None  # None: the default of the sort
    seed: int = 1
    network: str = ""  # for filters and sorts that need one, if the answers are the volunteers'; empty: the first
    page: int = 1

    @property
    def descending(self) -> bool:
        """Whether the highest come first; by default all sorts but the one by id."""
        return self.sort != BY_ID if self.ascending is None else not self.ascending

    @property
    def needs_answers(self) -> bool:
        """Whether galaxies without answers are hidden or come last."""
        return bool(self.ranges) or self.sort in COLUMNS

    @property
    def needs_network(self) -> bool:
        """Whether it goes by predictions, whichever answers are chosen."""
        return self.sort in (AGAINST_VOLUNTEERS, BY_OOD) or any(wanted.needs_network for wanted in self.filters)

    @property
    def asked_answer(self) -> str | None:
        """The answer that the query looks for, whose explanation the galaxies' links open."""
        if self.sort in COLUMNS:
            return self.sort
        return next((wanted.column for wanted in self.ranges if wanted.low > 0), None)

    @property
    def min_asked_in_words(self) -> str:
        """The bound on the votes that reach a question: ``asked of ≥ 60 %``."""
        return f"asked of ≥ {self.min_asked}\u00a0%"

    def filter_of(self, kind: type[Kind]) -> Kind | None:
        """Return the filter of a kind."""
        return next((wanted for wanted in self.filters if isinstance(wanted, kind)), None)

    def with_range(self, added: VoteRange) -> "BrowseQuery":
        """Add a filter; it replaces the one on the same answer and measure."""
        same = (added.columns, added.measure)
        others = tuple(other for other in self.ranges if (other.columns, other.measure) != same)
        return replace(self, ranges=(*others, added), page=1)

    def without_range(self, removed: VoteRange) -> "BrowseQuery":
        """Remove a filter."""
        return replace(self, ranges=tuple(other for other in self.ranges if other != removed), page=1)

    def with_filter(self, added: Filter) -> "BrowseQuery":
        """Add a condition; it replaces the one with the same key."""
        others = tuple(other for other in self.filters if other.key != added.key)
        return replace(self, filters=(*others, added), page=1)

    def without_filters(self, kind: type[Filter]) -> "BrowseQuery":
        """Remove the conditions of a kind."""
        return replace(self, filters=tuple(other for other in self.filters if not isinstance(other, kind)), page=1)

    def relaxations(self) -> list[tuple[str, "BrowseQuery"]]:
        """Return each condition in words, with the query without it."""
        found = [(range_in_words(wanted), self.without_range(wanted)) for wanted in self.ranges]
        if self.min_asked != DEFAULT_MIN_ASKED:
            found.append((self.min_asked_in_words, replace(self, min_asked=DEFAULT_MIN_ASKED, page=1)))
        for wanted in self.filters:
            others = tuple(other for other in self.filters if other != wanted)
            found.append((wanted.in_words(), replace(self, filters=others, page=1)))
        if self.search:
            found.append((f"id: {self.search}", replace(self, search="", page=1)))
        return found

    def cleared(self) -> "BrowseQuery":
        """Remove all conditions; the answers and the order stay."""
        empty = BrowseQuery()
        sort = BY_ID if self.sort == BY_MATCH else self.sort
        return replace(self, ranges=(), filters=(), min_asked=empty.min_asked, search="", sort=sort, page=1)

    def url_params(self) -> dict[str, str | list[str]]:
        """Return the URL parameters, without those at their defaults."""
        sort = "" if self.sort == BY_ID else self.sort
        if self.sort in COLUMNS:
            sort = slug(self.sort) + ("" if self.measure == Measure.SHARE else f"~{LETTERS[self.measure]}")
        default_order = BrowseQuery(sort=self.sort).descending
        needs_network = self.answers in ("", VOLUNTEERS) and self.needs_network
        params: dict[str, str | list[str]] = {
            "answers": self.answers,
            "filter": [range_to_url(wanted) for wanted in self.ranges],
            "asked": "" if self.min_asked == DEFAULT_MIN_ASKED else str(self.min_asked),
            **{kind.param: [one.to_url() for one in self.filters if isinstance(one, kind)] for kind in FILTERS},
            "search": self.search,
            "sort": sort,
            "order": "" if self.descending == default_order else "down" if self.descending else "up",
            "seed": str(self.seed) if self.sort == AT_RANDOM else "",
            "network": self.network if needs_network else "",
            "page": "" if self.page == 1 else str(self.page),
        }
        return {name: value for name, value in params.items() if value}


def range_in_words(wanted: VoteRange) -> str:
    """Describe a filter: ``spiral arms ≥ 60 %``."""
    low, high = (f"{100 * bound:.4g}" for bound in (wanted.low, wanted.high))
    name, of = labels_of(wanted.columns), " of all votes" if wanted.measure == Measure.FRACTION else ""
    if (wanted.low, wanted.high) == (0.0, 1.0):
        return f"{QUESTION_OF[wanted.column].short}: asked" if wanted.measure.is_share else f"{name}: votes known"
    if wanted.measure in (Measure.LOWER, Measure.UPPER):
        name += f", {wanted.measure}"
    if wanted.low == wanted.high:
        return f"{name} = {low}\u00a0%{of}"
    if wanted.high == 1.0:
        return f"{name} ≥ {low}\u00a0%{of}"
    if wanted.low == 0.0:
        return f"{name} ≤ {high}\u00a0%{of}"
    return f"{name} between {low} and {high}\u00a0%{of}"


def labels_of(columns: tuple[str, ...]) -> str:
    """Return the names of answers: ``three arms or four arms``."""
    return listed([label_of(column) for column in columns], "or")


def slug(column: str) -> str:
    """Return an answer's name in a URL, of characters that need no escaping: ``t04_yes``."""
    name = ANSWER_OF[column].name.replace("'", "").replace(" ", "-")
    return f"t{QUESTION_OF[column].number:02d}_{name}"


COLUMN_OF_SLUG = {slug(column): column for column in COLUMNS}


def range_to_url(wanted: VoteRange) -> str:
    """Format a filter for a URL: ``t04_yes~60-100s``, ``t11_3.t11_4~50-100f``."""
    return (
        f"{'.'.join(map(slug, wanted.columns))}~{100 * wanted.low:.4g}-{100 * wanted.high:.4g}{LETTERS[wanted.measure]}"
    )


def range_from_url(text: str) -> VoteRange:
    """Parse a filter of a URL; raise ValueError or CatalogueError if it is malformed."""
    name, _, bounds = text.replace(":", "~").partition("~")
    column, *also = (COLUMN_OF_SLUG.get(part, "") for part in name.split("."))
    if bounds[-1:] not in MEASURES:
        raise ValueError(text)
    low, high = (float(bound) / 100 for bound in bounds[:-1].split("-"))
    return VoteRange(column, low, high, MEASURES[bounds[-1]], tuple(also))


# How each parameter changes a query, and what it should be.
READERS = {
    "answers": (lambda text: {"answers": _name(text)}, "`volunteers` or a network"),
    "sort": (
        lambda text: _sort(text),
        "`id`, `random`, `volunteers`, `networks`, `ood`, `class`, `match` or an answer such as `t04_yes`",
    ),
    "asked": (lambda text: {"min_asked": _integer(text, 0, 100)}, "a percentage from 0 to 100"),
    "search": (lambda text: {"search": text.strip()}, "ids"),
    "order": (lambda text: {"ascending": {"up": True, "down": False}[text]}, "`up` or `down`"),
    "seed": (lambda text: {"seed": _integer(text, 0, MAX_SEED)}, f"a whole number from 0 to {MAX_SEED}"),
    "network": (lambda text: {"network": text}, "a network"),
    "page": (lambda text: {"page": _integer(text, 1, 10**9)}, "a page number"),
}


def query_from_url(params: Mapping[str, Iterable[str]]) -> tuple[BrowseQuery, list[str]]:
    """Parse the URL parameters of a query, with a message for each that is ignored."""
    query, messages = BrowseQuery(), []
    for name in ("filter", *(kind.param for kind in FILTERS)):
        query, ignored = _with_conditions(query, name, params.get(name, ()))
        messages += ignored
    for name, (read, wanted) in READERS.items():
        for text in list(params.get(name, ()))[-1:]:
            try:
                changes: dict[str, Any] = read(text)
            except (ValueError, KeyError):
                messages.append(ignored_param_message(name, text, wanted))
            else:
                query = replace(query, **changes)
    return query, messages


def _with_conditions(query: BrowseQuery, name: str, texts: Iterable[str]) -> tuple[BrowseQuery, list[str]]:
    """Add the values of one URL parameter to a query; return messages about ignored ones."""
    kind = next((kind for kind in FILTERS if kind.param == name), None)
    unreadable = []
    for text in texts:
        try:
            query = query.with_filter(kind.from_url(text)) if kind else query.with_range(range_from_url(text))
        except (ValueError, CatalogueError):
            unreadable.append(text)
    expected = kind.expected if kind else "a filter such as `t04_yes~60-100s`"
    messages = [ignored_param_message(name, text, expected) for text in unreadable[:MAX_MESSAGES]]
    if unreadable[MAX_MESSAGES:]:
        messages.append(f"{len(unreadable) - MAX_MESSAGES:,} more filters in the URL are ignored.")
    return query, messages


def _sort(text: str) -> dict[str, Any]:
    """Parse a sort and its measure."""
    if text in SORTS:
        return {"sort": text}
    name, _, measure = text.replace(":", "~").partition("~")
    return {"sort": COLUMN_OF_SLUG[name], "measure": MEASURES[measure or LETTERS[Measure.SHARE]]}


def _name(text: str) -> str:
    """Return the name of answers; raise ValueError if it is empty."""
    if not text:
        raise ValueError(text)
    return text


def _integer(text: str, lowest: int, highest: int) -> int:
    """Parse a whole number between two bounds."""
    if not lowest <= int(text) <= highest:
        raise ValueError(text)
    return int(text)
