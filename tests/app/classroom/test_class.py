"""Pages of a class in `AppTest`: the teacher's, the board, the worksheet, and what a pupil sees."""

import numpy as np
import pytest
from app_page import new_app, opened, press, run, texts

from galaxy_explorer.app.classroom import starting
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.classroom import rooms
from galaxy_explorer.classroom import ClassGalaxy, CodeGuard, as_shown
from galaxy_explorer.decision_tree import COLUMNS

RUDE = "<script>alert(1)</script>"
STAR = ("Class1.3",)


@pytest.fixture(autouse=True)
def fresh_visitors(monkeypatch):
    """Visitors without cookies, and limits on wrong codes that no other test has used."""
    guard = CodeGuard()
    monkeypatch.setattr(rooms, "_guard", lambda: guard)
    monkeypatch.setattr(rooms, "_token_of_cookie", lambda classroom: "")  # AppTest has no cookies


@pytest.fixture
def classroom(app, sample):
    """A class on three galaxies, with its store and the teacher's token."""
    ids = sample.table.index[sample.votes.known][:3]
    galaxies = [
        ClassGalaxy(each, 1.0, sample.picture_bytes(each), votes, votes)
        for each, votes in ((one, sample.table.loc[one, list(COLUMNS)].to_numpy(float)) for one in ids)
    ]
    store = rooms.class_store()
    code, token = store.create(f"5b {RUDE}"[:60], "sample", galaxies, "accurate")
    return store, store.by_code(code), token


def html_of(app):
    return " ".join(element.proto.body for element in app.get("html"))


def joined(store, classroom, nickname="Mia"):
    return store.pupil(classroom.class_id, store.join(classroom.class_id, nickname))


def titles(app):
    return [title.value for title in app.title]


def test_a_class_starts_on_galaxies_that_a_seed_draws(app, sample, monkeypatch):
    monkeypatch.setattr(networks, "networks", lambda: [])  # the network's part is another test's
    opened(app, "class", source="sample")
    app.number_input[0].set_value(4)
    run(app)
    press(app, "Draw others")
    app.text_input[0].set_value("5b")
    press(app, "Start class")
    (token,) = app.session_state["ClassroomState"].teacher_tokens
    found = rooms.class_store().by_teacher(token)
    assert (found.title, found.galaxies, found.network) == ("5b", 4, "")
    ids = [galaxy.galaxy_id for galaxy in rooms.class_store().galaxies(found.class_id)]
    assert ids == starting.drawn_ids(sample, np.flatnonzero(sample.votes.known), 4, 1)


def test_the_same_seed_draws_the_same_galaxies(sample):
    rows = np.arange(len(sample))
    assert starting.drawn_ids(sample, rows, 5, 7) == starting.drawn_ids(sample, rows, 5, 7)
    assert starting.drawn_ids(sample, rows, 5, 7) != starting.drawn_ids(sample, rows, 5, 8)
    assert len(set(starting.drawn_ids(sample, rows, 99, 0))) == len(sample)


def test_the_teachers_page_needs_the_teachers_link(app, classroom):
    _, room, token = classroom
    for wrong in (room.code, token[:-2], "x"):
        opened(app, "class", teacher=wrong)
        assert "no such class" in app.error[0].value
        assert room.code not in html_of(app)
    opened(app, "class", teacher=token)
    assert titles(app)
    assert as_shown(room.code) in html_of(app)
    assert token not in html_of(app)


def test_progress_results_and_files_count_every_vote(app, classroom):
    store, room, token = classroom
    mia, leo = joined(store, room), joined(store, room, RUDE[:20])
    store.vote(room.class_id, mia.pupil_id, 0, STAR)
    store.vote(room.class_id, leo.pupil_id, 0, ("Class1.1", "Class7.1", "Class6.2"))
    store.vote(room.class_id, mia.pupil_id, 1, STAR)
    opened(app, "class", teacher=token)
    page = html_of(app)
    assert "<b>2</b> joined · <b>3</b> of 6 votes · <b>0</b> finished" in page
    assert "2 of 3" in page
    assert "Class (2 votes)" in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "Volunteers" not in page.split('class="verdicts"')[1].split("</dl>")[0]
    app.get("button_group")[1].set_value(["class", "volunteers", "network"])
    run(app)
    verdicts = html_of(app).split('class="verdicts"')[1].split("</dl>")[0]
    assert "Volunteers" in verdicts
    assert "Network (accurate)" in verdicts


def test_closing_hiding_keeping_and_deleting(app, classroom):
    store, room, token = classroom
    rude = joined(store, room, "rude")
    opened(app, "class", teacher=token)
    press(app, "Close voting")
    assert not store.by_code(room.code).is_open
    press(app, "Open voting again")
    assert store.by_code(room.code).is_open
    press(app, "Hide nickname")
    assert store.pupil(room.class_id, "") is None
    assert [pupil.name for pupil in store.pupils(room.class_id)] == ["Pupil 1 (nickname hidden)"]
    assert "rude" not in html_of(app)
    app.toggle[0].set_value(True)
    run(app)
    assert store.by_code(room.code).ends is None
    press(app, "Remove with all votes")
    assert store.pupils(room.class_id) == []
    assert rude.pupil_id
    app.checkbox[0].check()
    run(app)
    press(app, "Delete class")
    assert store.by_teacher(token) is None
    assert titles(app) == ["A class votes"]


def test_the_board_and_the_worksheet_hold_no_secret(app, classroom):
    _, room, token = classroom
    opened(app, "class", board=room.code)
    assert as_shown(room.code) in html_of(app)
    assert "galaxy-explorer app --share" in app.warning[0].value  # the test's server answers this machine alone
    opened(app := new_app(), "class", worksheet=as_shown(room.code))
    page = html_of(app)
    assert page.count("<figure>") == 3
    assert page.count('<b class="number">') == 11
    assert page.count("<tr>") == 4
    assert RUDE not in page
    assert token not in page


def test_wrong_codes_are_refused_after_ten_tries_and_a_pupil_who_is_in_votes_on(app, classroom):
    _, room, _ = classroom
    inside = new_app()
    opened(inside, "join", code=room.code)
    for number in range(10):
        opened(app, "join", code=f"BBBBBBB{number}"[-8:] if number > 1 else f"CCCCCCC{number + 2}")
        assert "no class with this code" in app.error[0].value
    opened(app, "join", code=room.code)
    assert "Too many wrong codes" in app.error[0].value
    assert room.title not in str(titles(app))
    run(inside)
    assert not inside.error


def test_a_pupil_joins_votes_and_finishes(app, classroom):
    store, room, _ = classroom
    opened(app, "join")
    app.text_input[0].set_value(as_shown(room.code).lower())
    press(app, "Next")
    app.text_input[0].set_value("Mia")
    press(app, "Join")
    (pupil,) = store.pupils(room.class_id)
    for place in range(3):
        assert f"Mia · galaxy {place + 1} of 3" in html_of(app)
        next(button for button in app.button if button.key == "answer_2").click()
        run(app)
        press(app, "Submit")
        assert store.voted_places(pupil.pupil_id) == set(range(place + 1))
    assert "All 3 galaxies are saved" in app.success[0].value
    press(app, "Galaxy 2")
    for key in ("answer_0", "answer_0", "answer_1"):
        next(button for button in app.button if button.key == key).click()
        run(app)
    press(app, "Submit")
    assert store.votes(room.class_id)[1].answers == ("Class1.1", "Class7.1", "Class6.2")
    assert "All 3" in app.success[0].value


def test_the_next_pupil_at_a_computer_finds_no_answers_of_the_last_one(app, classroom):
    _, room, _ = classroom
    opened(app, "join", code=room.code)
    for nickname in ("Mia", "Leo"):
        app.text_input[0].set_value(nickname)
        press(app, "Join")
        assert f"{nickname} · galaxy 1 of 3" in html_of(app)
        assert not any(button.label == "Back" for button in app.button)
        next(button for button in app.button if button.key == "answer_0").click()
        run(app)
        assert any(button.label == "Back" for button in app.button)
        press(app, f"I am not {nickname}")


def test_a_class_that_has_ended_is_deleted_whatever_page_is_opened(app, classroom, monkeypatch):
    store, room, _ = classroom
    joined(store, room)
    ends = room.ends
    monkeypatch.setattr(store, "_clock", lambda: ends)
    rooms._delete_ended.clear()  # as after an hour
    opened(app, "about")
    assert store.pupils(room.class_id) == []


def test_closed_voting_is_explained_and_nothing_is_saved(app, classroom):
    store, room, _ = classroom
    opened(app, "join", code=room.code)
    app.text_input[0].set_value("Mia")
    press(app, "Join")
    next(button for button in app.button if button.key == "answer_2").click()
    run(app)
    store.set_open(room.class_id, False)
    press(app, "Submit")
    assert "closed the voting" in app.error[0].value.replace("\\", "")
    assert store.votes(room.class_id) == []
    store.set_open(room.class_id, True)
    press(app, "Try again")
    assert len(store.votes(room.class_id)) == 1
    opened(other := new_app(), "join", code=room.code)
    store.set_open(room.class_id, False)
    run(other)
    assert "closed the voting" in other.info[0].value
    assert not other.text_input
    assert texts(other) is not None
