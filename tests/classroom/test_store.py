"""The store of classes: what a class needs, and what it must never do."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from galaxy_explorer.classroom import DAYS_KEPT, MAX_GALAXIES, ClassError, ClassGalaxy, ClassStore
from galaxy_explorer.classroom import store as store_module

SMOOTH = ("Class1.1", "Class7.2", "Class6.2")
STAR = ("Class1.3",)
DAY_S = 86_400.0


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    opened = ClassStore(tmp_path / "data" / "classes.sqlite", clock)
    yield opened
    opened.close()


def galaxies(count=3):
    fractions = np.linspace(0, 1, 37)
    return [ClassGalaxy(f"00{i}", 1.0, b"jpeg", fractions, None if i else fractions) for i in range(count)]


def started(store, title="5b", count=3):
    code, token = store.create(title, "sample", galaxies(count), "Network 1")
    return store.by_code(code), token


def joined(store, classroom, nickname="Mia"):
    return store.pupil(classroom.class_id, store.join(classroom.class_id, nickname))


def test_a_class_is_found_by_its_code_and_by_the_teachers_token_alone(store):
    classroom, token = started(store)
    assert store.by_code(f" {classroom.code[:4].lower()}-{classroom.code[4:].lower()} ") == classroom
    assert store.by_teacher(token) == classroom
    assert (classroom.title, classroom.is_open, classroom.galaxies) == ("5b", True, 3)
    for wrong in ("", "x", classroom.code[:-1], classroom.code[::-1], "%", "' OR 1=1 --", "BBBB-BBBB"):
        assert store.by_code(wrong) is None
    for wrong in ("", classroom.code, token[:-1], token + "a", "\udcff"):
        assert store.by_teacher(wrong) is None


def test_the_teachers_and_pupils_tokens_are_stored_nowhere(store, tmp_path):
    classroom, token = started(store)
    pupil_token = store.join(classroom.class_id, "Mia")
    store.close()
    for file in (tmp_path / "data").iterdir():
        content = file.read_bytes()
        assert token.encode() not in content
        assert pupil_token.encode() not in content


def test_galaxies_keep_order_ids_and_votes(store):
    classroom, _ = started(store)
    kept = store.galaxies(classroom.class_id)
    assert [galaxy.galaxy_id for galaxy in kept] == ["000", "001", "002"]
    np.testing.assert_array_equal(kept[0].network, np.linspace(0, 1, 37))
    assert kept[1].network is None
    assert kept[2].picture == b"jpeg"


def test_only_as_many_galaxies_as_fit_in_a_lesson(store):
    for count in (0, MAX_GALAXIES + 1):
        with pytest.raises(ClassError, match=f"{count} were chosen"):
            started(store, count=count)


def test_votes_are_kept_and_a_second_one_replaces_the_first(store):
    classroom, _ = started(store)
    mia, leo = joined(store, classroom), joined(store, classroom, "Leo")
    store.vote(classroom.class_id, mia.pupil_id, 1, SMOOTH)
    store.vote(classroom.class_id, leo.pupil_id, 1, STAR)
    store.vote(classroom.class_id, mia.pupil_id, 1, STAR)
    store.vote(classroom.class_id, mia.pupil_id, 0, SMOOTH)
    assert [(vote.pupil_id, vote.place, vote.answers) for vote in store.votes(classroom.class_id)] == [
        (mia.pupil_id, 0, SMOOTH),
        (mia.pupil_id, 1, STAR),
        (leo.pupil_id, 1, STAR),
    ]
    assert store.voted_places(mia.pupil_id) == {0, 1}
    assert [(pupil.nickname, pupil.voted) for pupil in store.pupils(classroom.class_id)] == [("Mia", 2), ("Leo", 1)]


def test_a_vote_that_cannot_be_one_is_refused(store):
    classroom, _ = started(store)
    other, _ = started(store, "6a")
    mia = joined(store, classroom)
    for answers in (("Class1.9",), (), SMOOTH[:2], SMOOTH[1:], (*SMOOTH, "Class8.1")):
        with pytest.raises(ValueError, match=r"not an answer|stop before|was expected"):
            store.vote(classroom.class_id, mia.pupil_id, 0, answers)
    for class_id, pupil_id, place in (
        (classroom.class_id, mia.pupil_id, 3),
        (classroom.class_id, 999, 0),
        (other.class_id, mia.pupil_id, 0),
    ):
        with pytest.raises(ClassError, match="not in this class"):
            store.vote(class_id, pupil_id, place, STAR)
    with pytest.raises(ClassError, match="ended"):
        store.vote(999, mia.pupil_id, 0, STAR)
    assert store.votes(classroom.class_id) == []


def test_closed_voting_takes_no_votes_and_no_pupils_until_it_is_opened(store):
    classroom, _ = started(store)
    mia = joined(store, classroom)
    store.set_open(classroom.class_id, False)
    assert not store.by_code(classroom.code).is_open
    with pytest.raises(ClassError, match="closed"):
        store.vote(classroom.class_id, mia.pupil_id, 0, STAR)
    with pytest.raises(ClassError, match="closed"):
        store.join(classroom.class_id, "Leo")
    store.set_open(classroom.class_id, True)
    store.vote(classroom.class_id, mia.pupil_id, 0, STAR)


def test_nicknames_differ_and_a_pupil_belongs_to_one_class(store):
    classroom, _ = started(store)
    other, _ = started(store, "6a")
    token = store.join(classroom.class_id, "  Mia  ")
    assert store.pupil(classroom.class_id, token).nickname == "Mia"
    assert store.pupil(other.class_id, token) is None
    assert store.pupil(classroom.class_id, "") is None
    for same in ("mia", "MIA", "Mi\u200ba"):
        with pytest.raises(ClassError, match="already"):
            store.join(classroom.class_id, same)
    store.join(other.class_id, "Mia")


def test_a_hidden_nickname_is_a_number_everywhere(store):
    classroom, _ = started(store)
    joined(store, classroom)
    rude = joined(store, classroom, "rude")
    store.hide(classroom.class_id, rude.pupil_id)
    assert [pupil.name for pupil in store.pupils(classroom.class_id)] == ["Mia", "Pupil 2 (nickname hidden)"]
    store.hide(classroom.class_id, rude.pupil_id, is_hidden=False)
    assert [pupil.name for pupil in store.pupils(classroom.class_id)] == ["Mia", "rude"]


def test_a_removed_pupil_leaves_with_all_votes_and_can_join_again(store):
    classroom, _ = started(store)
    other, _ = started(store, "6a")
    mia = joined(store, classroom)
    store.vote(classroom.class_id, mia.pupil_id, 0, STAR)
    store.remove(other.class_id, mia.pupil_id)
    assert len(store.votes(classroom.class_id)) == 1
    store.remove(classroom.class_id, mia.pupil_id)
    assert store.votes(classroom.class_id) == store.pupils(classroom.class_id) == []
    assert joined(store, classroom).pupil_id != mia.pupil_id


def test_a_class_is_full_at_its_bound(store, monkeypatch):
    monkeypatch.setattr(store_module, "MAX_PUPILS", 2)
    monkeypatch.setattr(store_module, "MAX_CLASSES", 2)
    classroom, _ = started(store)
    started(store)
    with pytest.raises(ClassError, match="2 classes"):
        started(store)
    joined(store, classroom, "a")
    joined(store, classroom, "b")
    with pytest.raises(ClassError, match="full"):
        joined(store, classroom, "c")


def test_a_class_ends_after_thirty_days_unless_kept(store, clock):
    classroom, token = started(store)
    kept, _ = started(store, "kept")
    joined(store, classroom, "Zebediah")
    store.keep(kept.class_id, True)
    clock.now += DAYS_KEPT * DAY_S - 1
    assert store.by_teacher(token)
    clock.now += 1
    assert store.by_teacher(token) is store.by_code(classroom.code) is None
    assert store.delete_ended() == 1
    assert store.pupils(classroom.class_id) == []
    clock.now += 1000 * DAY_S
    assert store.by_code(kept.code).ends is None
    store.keep(kept.class_id, False)
    assert store.by_code(kept.code).ends == clock.now + DAYS_KEPT * DAY_S


def test_nothing_of_a_deleted_class_stays_in_the_files(store, tmp_path):
    classroom, _ = started(store, "unforgettable title")
    other, _ = started(store, "another")
    joined(store, classroom, "Zebediah")
    joined(store, other, "Quentin")
    store.delete(classroom.class_id)
    content = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert b"Quentin" in content
    for gone in (b"Zebediah", b"unforgettable", classroom.code.encode()):
        assert gone not in content
    assert store.by_code(other.code)


def test_a_restart_loses_nothing(store, tmp_path, clock):
    classroom, token = started(store)
    pupil_token = store.join(classroom.class_id, "Mia")
    mia = store.pupil(classroom.class_id, pupil_token)
    store.vote(classroom.class_id, mia.pupil_id, 2, SMOOTH)
    again = ClassStore(tmp_path / "data" / "classes.sqlite", clock)
    assert again.by_teacher(token) == classroom
    assert again.pupil(classroom.class_id, pupil_token).voted == 1
    assert [vote.answers for vote in again.votes(classroom.class_id)] == [SMOOTH]
    again.close()


def test_the_file_is_in_wal_mode_synchronous_and_the_users_alone(store, tmp_path):
    file = tmp_path / "data" / "classes.sqlite"
    assert file.stat().st_mode & 0o077 == 0
    assert store._read("PRAGMA journal_mode") == [("wal",)]
    assert store._read("PRAGMA synchronous") == [(2,)]  # FULL


def test_thirty_threads_lose_no_vote(store):
    classroom, _ = started(store, count=10)
    pupils = [joined(store, classroom, f"pupil {i}") for i in range(30)]

    def vote(pupil):
        for place in range(10):
            store.vote(classroom.class_id, pupil.pupil_id, place, SMOOTH)

    threads = [threading.Thread(target=vote, args=(pupil,)) for pupil in pupils]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.votes(classroom.class_id)) == 300


VOTER = """
import sys
from pathlib import Path
from galaxy_explorer.classroom import ClassStore

store, (class_id, first) = ClassStore(Path(sys.argv[1])), map(int, sys.argv[2:])
for number in range(first, 10_000):
    pupil = store.pupil(class_id, store.join(class_id, f"pupil {number}"))
    store.vote(class_id, pupil.pupil_id, 0, ("Class1.3",))
    print(number, flush=True)
"""


def test_every_acknowledged_vote_survives_sigkill(tmp_path, monkeypatch):
    file = tmp_path / "classes.sqlite"
    store = ClassStore(file)
    classroom, _ = started(store)
    acknowledged = 0
    for kills in range(3):
        command = [sys.executable, "-c", VOTER, str(file), str(classroom.class_id), str(1000 * kills)]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as voter:
            for _ in range(5 + 7 * kills):
                assert voter.stdout.readline()
            voter.send_signal(signal.SIGKILL)
            acknowledged += 5 + 7 * kills + len(voter.stdout.readlines())
    votes = store.votes(classroom.class_id)
    assert acknowledged <= len(votes) <= acknowledged + 3  # one may be stored whose answer did not arrive
    assert store._read("PRAGMA integrity_check") == [("ok",)]
    store.close()


def test_a_file_that_is_not_a_store_is_left_as_it_is(tmp_path):
    file = tmp_path / "classes.sqlite"
    file.write_bytes(b"something else entirely, which the user may need" * 100)
    with pytest.raises(ClassError, match="cannot be opened"):
        ClassStore(file)
    assert file.read_bytes().startswith(b"something else")


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    file = tmp_path / "classes.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(ClassError, match="newer version"):
        ClassStore(file)


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ClassError, match="cannot be opened"):
        ClassStore(tmp_path / "file" / "classes.sqlite")


def test_a_full_disk_is_reported_and_the_vote_is_not_claimed(store):
    classroom, _ = started(store)
    mia = joined(store, classroom)
    (pages,) = store._read("PRAGMA page_count")[0]
    store._read(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ClassError, match="not saved"):
        started(store, count=MAX_GALAXIES)
    store._read("PRAGMA max_page_count = 100000")
    store.vote(classroom.class_id, mia.pupil_id, 0, STAR)
    assert len(store.votes(classroom.class_id)) == 1
