"""The collections of a session, and what the browser sends."""

import pytest

from galaxy_explorer.app import state
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.collection import MAX_MARKS, Address, Collection, Collections

A, B = Address("s", "1"), Address("s", "2")


@pytest.fixture(autouse=True)
def mine(monkeypatch: pytest.MonkeyPatch) -> state.CollectionsState:
    """The state of one visitor."""
    own = state.CollectionsState()
    monkeypatch.setattr(state, "collections", lambda: own)
    return own


def sent(revision: int, *galaxies: Address) -> dict[str, object]:
    """What the browser sends."""
    return Collections((Collection("rings", galaxies),), "rings", revision).as_plain()


def test_the_first_message_is_read_whatever_its_revision(mine: state.CollectionsState) -> None:
    assert session.receive(sent(0, A))
    assert mine.loaded
    assert session.collections().get("rings").galaxies == (A,)


def test_later_messages_are_read_if_they_are_newer(mine: state.CollectionsState) -> None:
    session.receive(sent(3, A))
    assert not session.receive(sent(3, B))
    assert session.receive(sent(4, A, B))
    assert session.collections().get("rings").galaxies == (A, B)
    session.mark("rings", [B], None, "remove")
    assert session.collections().revision == 5
    assert not session.receive(sent(4, A, B))  # sent before the browser knew of the change
    assert session.collections().get("rings").galaxies == (A,)


def test_changes_are_undone_one_by_one_also_those_of_the_browser(mine: state.CollectionsState) -> None:
    session.receive(sent(1))
    session.receive(sent(2, A))
    session.mark("rings", [B], "no", "no for 2")
    assert session.last_change() == "no for 2"
    session.undo()
    assert session.collections().get("rings") == Collection("rings", (A,))
    session.undo()
    assert session.collections().get("rings") == Collection("rings")
    assert session.collections().revision == 5  # the browser takes it over
    assert session.last_change() == ""
    session.undo()


def test_a_mark_beyond_the_bounds_is_refused(mine: state.CollectionsState) -> None:
    session.receive(sent(1, *(Address("s", str(number)) for number in range(MAX_MARKS))))
    assert "At most" in session.mark("rings", [Address("s", "one more")], "yes", "yes")
    assert len(session.collections().get("rings")) == MAX_MARKS
