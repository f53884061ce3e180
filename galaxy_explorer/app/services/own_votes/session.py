"""The votes of the visitor whose page runs, by source; the server stores nothing."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from galaxy_explorer.app import state
from galaxy_explorer.votes import FORMULA, Ballot, check_answers, merge, next_question

MAX_VOTES = 10_000  # of a visitor: about 1 MB of the 5 MB of a browser's storage
MAX_TEXT = 200  # letters of a source, an id or a name
MAX_NAME = 60
ENOUGH = 10  # votes from which a comparison with the volunteers says something
ME = "me"  # the voter of one's own ballots until the browser has sent a name

Kept = dict[tuple[str, str], tuple[tuple[str, ...], str]]  # answers and time by source and galaxy


def now() -> str:
    """Return the time as ISO 8601 in UTC, with milliseconds so that a later vote is later."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def voter() -> str:
    """Return the visitor's name in files of votes."""
    return state.votes().voter or ME


def own(source: str) -> list[Ballot]:
    """Return the visitor's own ballots about galaxies of a source, in the order of voting."""
    kept = sorted(state.votes().kept.items(), key=lambda item: item[1][1])
    return [Ballot(galaxy, answers, voter(), time) for (of, galaxy), (answers, time) in kept if of == source]


def everyone(source: str) -> list[Ballot]:
    """Return the ballots of the visitor and of all opened logs about galaxies of a source."""
    return merge(state.votes().others.get(source, []), own(source))


def add(source: str, galaxy_id: str, answers: tuple[str, ...]) -> bool:
    """Keep a ballot of the visitor; return False if there are too many."""
    mine, key = state.votes(), (source, galaxy_id)
    if key not in mine.kept and len(mine.kept) >= MAX_VOTES:
        return False
    if key not in mine.kept or mine.kept[key][0] != answers:
        mine.kept[key] = (answers, now())
        mine.unsent.add(key)
    return True


def add_log(source: str, ballots: Iterable[Ballot]) -> tuple[int, int]:
    """Add the ballots of a log; return how many are the visitor's own, and other people's.

    Raises
    ------
    ValueError
        If there would be more than `MAX_VOTES` of other people.
    """
    mine, ballots = state.votes(), list(ballots)
    own_ones = [ballot for ballot in ballots if ballot.voter == voter()]
    others = [ballot for ballot in ballots if ballot.voter != voter()]
    joined = merge(mine.others.get(source, []), others)
    if len(joined) > MAX_VOTES:
        raise ValueError(
            f"there would be {len(joined):,} votes of others, and at most {MAX_VOTES:,} fit here; "
            "join the logs by the command galaxy-explorer votes."
        )
    mine.others[source] = joined
    for ballot in own_ones:
        key = source, ballot.galaxy
        if (key not in mine.kept and len(mine.kept) < MAX_VOTES) or mine.kept.get(key, ((), "z"))[1] < ballot.time:
            mine.kept[key] = (ballot.answers, ballot.time)
            mine.unsent.add(key)
    return len(own_ones), len(others)


def clear() -> None:
    """Delete all votes, also from the browser, and close the logs of others."""
    mine = state.votes()
    mine.kept, mine.unsent, mine.others, mine.cleared = {}, set(), {}, now()


def rename(name: str) -> None:
    """Set the name of the visitor in files of votes."""
    if name := " ".join(name.split()).lstrip(f"{FORMULA} ")[:MAX_NAME]:
        state.votes().voter = name


def receive(plain: object) -> None:
    """Read what the browser keeps; of two votes on a galaxy the later one counts."""
    mine, sent = state.votes(), plain if isinstance(plain, Mapping) else {}
    mine.loaded, mine.stored = True, sent.get("stored") is not False
    mine.voter = mine.voter or _text(sent.get("voter"))
    for key, (answers, time) in _kept_of(sent.get("votes")).items():
        if time > mine.cleared and time > mine.kept.get(key, ((), ""))[1]:
            mine.kept[key] = (answers, time)


def message() -> dict[str, Any]:
    """Return what the browser needs: this session's new votes, and when all were deleted."""
    mine = state.votes()
    new = [[*key, " ".join(mine.kept[key][0]), mine.kept[key][1]] for key in mine.unsent if key in mine.kept]
    return {"loaded": mine.loaded, "voter": mine.voter, "cleared": mine.cleared, "new": new, "most": MAX_VOTES}


def _kept_of(listed: object) -> Kept:
    """Read a list of votes from elsewhere; what is invalid is left out."""
    found: Kept = {}
    for row in listed[:MAX_VOTES] if isinstance(listed, list) else []:
        if not isinstance(row, list) or len(row) != 4 or not all(map(_text, row)):
            continue
        source, galaxy_id, answers, time = row
        path = tuple(answers.split())
        try:
            if next_question(check_answers(path)) is None:
                found[source, galaxy_id] = (path, time)
        except ValueError:
            continue
    return found


def _text(value: object) -> str:
    """Return a text from elsewhere if it is one of a proper length, else an empty one."""
    return value if isinstance(value, str) and len(value) <= MAX_TEXT else ""
