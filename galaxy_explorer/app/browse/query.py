"""What a visitor asks Browse for: as a value, as a short address, and in plain words."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from galaxy_explorer.app.ui.url_params import left_out, nearest
from galaxy_explorer.catalogue import CatalogueError, VoteRange
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF, name_of

LEAST_ASKED = 30  # % of the votes must have reached a question before a share of it says anything
BY_ID, AT_RANDOM = "id", "random"
AGAINST_VOLUNTEERS, BETWEEN_NETWORKS = "volunteers", "networks"
BESIDE_ANSWERS = (BY_ID, AT_RANDOM, AGAINST_VOLUNTEERS, BETWEEN_NETWORKS)
GREATEST_SEED = 999_999
IN_ADDRESS = ("source", "votes", "filter", "asked", "search", "sort", "order", "seed", "network", "page")


@dataclass(frozen=True)
class View:
    """One view of a catalogue: which galaxies, in which order, and the page of them."""

    ranges: tuple[VoteRange, ...] = ()
    asked: int = LEAST_ASKED  # %, of shares
    search: str = ""
    sort: str = BY_ID  # one of BESIDE_ANSWERS, or a score column
    as_share: bool = True  # of a sort by a score column
    upward: bool | None = None  # None: as the sort by itself goes
    seed: int = 1
    network: str = ""  # whose disagreement with the volunteers is sorted by; empty for the first there is
    page: int = 1

    @property
    def descending(self) -> bool:
        """Whether the highest come first: by themselves all but the ids."""
        return self.sort != BY_ID if self.upward is None else not self.upward

    @property
    def needs_votes(self) -> bool:
        """Whether galaxies without votes are left out, or come last."""
        return bool(self.ranges) or self.sort in COLUMNS

    def with_range(self, wanted: VoteRange) -> "View":
        """Add a condition, in place of an earlier one on the same answer and measure."""
        same = (wanted.column, wanted.as_share)
        others = tuple(other for other in self.ranges if (other.column, other.as_share) != same)
        return replace(self, ranges=(*others, wanted), page=1)

    def without_range(self, unwanted: VoteRange) -> "View":
        """Take a condition away."""
        return replace(self, ranges=tuple(kept for kept in self.ranges if kept != unwanted), page=1)

    @property
    def bound_in_words(self) -> str:
        """Say what part of the votes must have reached a question: ``asked of ≥ 60 %``."""
        return f"asked of ≥ {self.asked}\u00a0%"

    def without_bound(self) -> "View":
        """Take the bound on that part back to what it usually is."""
        return replace(self, asked=LEAST_ASKED, page=1)

    def address(self) -> dict[str, str | list[str]]:
        """Write it as the parameters of an address, without what is as it would be anyway."""
        said: dict[str, str | list[str]] = {}
        if self.ranges:
            said["filter"] = [range_in_address(wanted) for wanted in self.ranges]
        if self.asked != LEAST_ASKED:
            said["asked"] = str(self.asked)
        if self.search:
            said["search"] = self.search
        if self.sort != BY_ID:
            said["sort"] = slug(self.sort) + ("" if self.as_share else "~f") if self.sort in COLUMNS else self.sort
        if self.upward is not None and self.descending != View(sort=self.sort).descending:
            said["order"] = "up" if self.upward else "down"
        if self.sort == AT_RANDOM:
            said["seed"] = str(self.seed)
        if self.network and self.sort == AGAINST_VOLUNTEERS:
            said["network"] = self.network
        if self.page != 1:
            said["page"] = str(self.page)
        return said


def range_in_words(wanted: VoteRange) -> str:
    """Say a condition in plain words: ``spiral arms: yes ≥ 60 %``."""
    low, high = (f"{100 * bound:.4g}" for bound in (wanted.low, wanted.high))
    name, of = name_of(wanted.column), "" if wanted.as_share else " of all votes"
    if (wanted.low, wanted.high) == (0.0, 1.0):
        return f"{QUESTION_OF[wanted.column].short}: asked" if wanted.as_share else f"{name}: votes known"
    if wanted.low == wanted.high:
        return f"{name} {low}\u00a0%{of}"
    if wanted.high == 1.0:
        return f"{name} ≥ {low}\u00a0%{of}"
    if wanted.low == 0.0:
        return f"{name} ≤ {high}\u00a0%{of}"
    return f"{name} between {low} and {high}\u00a0%{of}"


def slug(column: str) -> str:
    """Name an answer in an address: ``t04_yes``. Only characters that an address holds as they are."""
    name = ANSWER_OF[column].name.replace("'", "").replace(" ", "-")
    return f"t{QUESTION_OF[column].number:02d}_{name}"


COLUMN_OF_SLUG = {slug(column): column for column in COLUMNS}


def range_in_address(wanted: VoteRange) -> str:
    """Write a condition for an address: ``t04_yes~60-100s``, ``s`` for a share and ``f`` for a vote fraction."""
    return f"{slug(wanted.column)}~{100 * wanted.low:.4g}-{100 * wanted.high:.4g}{'s' if wanted.as_share else 'f'}"


def range_from_address(text: str) -> VoteRange:
    """Read a condition from an address; a colon may stand for the tilde.

    Raises
    ------
    ValueError
        When it is none.
    """
    name, _, bounds = text.replace(":", "~").partition("~")
    if bounds[-1:] not in ("s", "f") or name not in COLUMN_OF_SLUG:
        raise ValueError(text)
    low, high = (float(bound) / 100 for bound in bounds[:-1].split("-"))
    return VoteRange(COLUMN_OF_SLUG[name], low, high, bounds[-1] == "s")


def view_from_address(parameters: Mapping[str, Iterable[str]]) -> tuple[View, list[str]]:
    """Read a view from the parameters of an address.

    Parameters
    ----------
    parameters : mapping of str to iterable of str
        All values of each name. Names that are none of a view's are passed over.

    Returns
    -------
    view : View
        What could be read, the rest as it is by itself.
    complaints : list of str
        A sentence for each value that could not be.
    """
    complaints: list[str] = []
    last = {name: list(values)[-1:] for name, values in parameters.items()}

    def read(name: str, convert: Callable[[str], Any], otherwise: Any, wanted: str, known: Iterable[str] = ()) -> Any:
        for text in last.get(name, ()):
            try:
                return convert(text)
            except (ValueError, KeyError):
                complaints.append(left_out(name, text, wanted, known))
        return otherwise

    view = View()
    for text in parameters.get("filter", ()):
        try:
            view = view.with_range(range_from_address(text))
        except (ValueError, CatalogueError):
            name = text.replace(":", "~").partition("~")[0]
            near = "" if name in COLUMN_OF_SLUG else nearest(name, COLUMN_OF_SLUG)
            known = (near + text[len(name) :],) if near else ()
            complaints.append(left_out("filter", text, "no filter such as `t04_yes~60-100s`", known))
    sort, as_share = read("sort", _sort, (BY_ID, True), "nothing to sort by", (*BESIDE_ANSWERS, *COLUMN_OF_SLUG))
    return View(
        ranges=view.ranges,
        asked=read("asked", _whole_number(0, 100), LEAST_ASKED, "no percentage from 0 to 100"),
        search=" ".join(last.get("search", ())).strip(),
        sort=sort,
        as_share=as_share,
        upward=read("order", {"up": True, "down": False}.__getitem__, None, "neither `up` nor `down`", ("up", "down")),
        seed=read("seed", _whole_number(0, GREATEST_SEED), 1, f"no whole number from 0 to {GREATEST_SEED}"),
        network="".join(last.get("network", ())),
        page=read("page", _whole_number(1, 10**9), 1, "no page number"),
    ), complaints


def _sort(text: str) -> tuple[str, bool]:
    """Read what to sort by, and whether by its share."""
    if text in BESIDE_ANSWERS:
        return text, True
    name, _, measure = text.replace(":", "~").partition("~")
    if measure not in ("", "s", "f"):
        raise ValueError(text)
    return COLUMN_OF_SLUG[name], measure != "f"


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    """Give what reads a whole number between two."""

    def convert(text: str) -> int:
        if not least <= int(text) <= most:
            raise ValueError(text)
        return int(text)

    return convert
