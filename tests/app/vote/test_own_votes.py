"""The votes of a session: what the browser sends, files of others, deletion."""

import pytest

from galaxy_explorer.app import state
from galaxy_explorer.app.services.own_votes import session
from galaxy_explorer.votes import Ballot

ROUND, STAR = ("Class1.1", "Class7.1", "Class6.2"), ("Class1.3",)
OLD, NEW = "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"


@pytest.fixture(autouse=True)
def mine(monkeypatch: pytest.MonkeyPatch) -> state.VotesState:
    """The state of one visitor."""
    own = state.VotesState()
    monkeypatch.setattr(state, "votes", lambda: own)
    return own


def sent(*votes: list[str]) -> dict[str, object]:
    """What the browser sends."""
    return {"voter": "voter-1", "votes": list(votes), "stored": True}


def test_votes_of_the_browser_and_of_the_session_are_joined(mine: state.VotesState) -> None:
    session.add("s", "2", STAR)
    session.receive(sent(["s", "1", " ".join(ROUND), OLD], ["s", "2", " ".join(ROUND), OLD]))
    assert [(one.galaxy, one.answers) for one in session.own("s")] == [("1", ROUND), ("2", STAR)]
    assert [vote[:2] for vote in session.message()["new"]] == [["s", "2"]]
    assert session.voter() == "voter-1"
    assert session.own("other") == []


@pytest.mark.parametrize(
    "vote", [["s", "1", "Class1.1", OLD], ["s", "1", "Class9.1", OLD], ["s", 1, "Class1.3", OLD], ["s"], None, "x" * 9]
)
def test_what_is_no_vote_is_left_out(mine: state.VotesState, vote: list[str]) -> None:
    session.receive({"votes": [vote, ["s", "2", "Class1.3", OLD]]})
    assert [one.galaxy for one in session.own("s")] == ["2"]
    session.receive("nothing")
    assert mine.loaded


def test_deleted_votes_do_not_come_back_from_the_browser(mine: state.VotesState) -> None:
    session.add("s", "1", STAR)
    session.clear()
    session.receive(sent(["s", "1", "Class1.3", OLD]))
    assert session.own("s") == []
    assert session.message()["cleared"] > OLD


def test_logs_of_others_are_joined_and_ones_own_log_is_read_back(mine: state.VotesState) -> None:
    session.rename("=ann ")
    session.add("s", "1", STAR)
    log = [Ballot("1", ROUND, "ben", OLD), Ballot("1", ROUND, "ann", OLD), Ballot("2", ROUND, "ann", NEW)]
    assert session.add_log("s", log) == (2, 1)
    assert session.add_log("s", log) == (2, 1)  # the same file again
    assert [(one.galaxy, one.voter, one.answers) for one in session.everyone("s")] == [
        ("1", "ben", ROUND),
        ("2", "ann", ROUND),
        ("1", "ann", STAR),
    ]


def test_there_is_a_bound_on_votes(mine: state.VotesState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_VOTES", 1)
    assert session.add("s", "1", STAR)
    assert session.add("s", "1", STAR)
    assert not session.add("s", "2", STAR)
    assert session.add("s", "1", ROUND)
    session.add_log("s", [Ballot("1", STAR, "ben", OLD)])
    with pytest.raises(ValueError, match="2 votes of others, and at most 1 fit"):
        session.add_log("s", [Ballot("1", STAR, "eve", OLD), Ballot("2", STAR, session.voter(), OLD)])
    assert [one.voter for one in session.everyone("s")] == ["ben", session.voter()]
