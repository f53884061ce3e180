"""The SQLite store of classes. A vote is on the disk before it is acknowledged."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from galaxy_explorer.classroom import codes
from galaxy_explorer.classroom.nicknames import clean_nickname, key_of
from galaxy_explorer.classroom.records import ClassGalaxy, Classroom, Pupil, Vote
from galaxy_explorer.votes import check_answers, next_question

SCHEMA = Path(__file__).with_name("schema.sql")
VERSION = 1  # of the schema
DAYS_KEPT = 30
DAY_S = 86_400.0
MAX_CLASSES, MAX_PUPILS, MAX_GALAXIES = 300, 200, 30
LONGEST_TITLE = 60
BUSY_TIMEOUT_S = 10.0  # another process may be writing
CLASS = (
    "SELECT id, code, title, source, network, created, ends, is_open, "
    "(SELECT count(*) FROM galaxies WHERE class_id = classes.id) FROM classes "
)
PUPIL = (
    "SELECT id, nickname, (SELECT count(*) FROM pupils earlier WHERE earlier.class_id = pupils.class_id AND "
    "earlier.id <= pupils.id), is_hidden, (SELECT count(*) FROM votes WHERE pupil_id = pupils.id) FROM pupils "
)


class ClassError(ValueError):
    """Something that cannot be done in a class, in words for its page."""


class ClassStore:
    """Classes in one SQLite file, shared by all sessions of a process.

    Parameters
    ----------
    path : Path
        The file, which only the user can read; its folder is made if needed.
    clock : callable, optional
        Returns the time in seconds since 1970.

    Raises
    ------
    ClassError
        If the file is not a store of classes of this version, or cannot be written.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._lock = clock, threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # nicknames are not for other users of the machine
            self._database = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise ClassError(f"The classes in {path} cannot be opened ({error}); move the file away.") from error

    def _prepare(self) -> None:
        """Set what holds for the connection, and make the tables of a new file."""
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            self._database.execute(f"PRAGMA {pragma}")
        with self._transaction():
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            for statement in SCHEMA.read_text(encoding="utf-8").split(";\n") if version == 0 else ():
                self._database.execute(statement)
        if version not in (0, VERSION):
            raise ClassError(f"The classes were stored by a newer version ({version}); update Galaxy Explorer.")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction, which is on the disk at its end."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except sqlite3.OperationalError as error:  # the disk is full, or the file is locked
                self._roll_back()
                raise ClassError(f"This was not saved ({error}). Try again.") from error
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        """End a transaction without its changes; SQLite may have done so itself."""
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def _read(self, query: str, *values: object) -> list[tuple]:
        """Return the rows of a query."""
        with self._lock:
            return self._database.execute(query, values).fetchall()

    def create(self, title: str, source: str, galaxies: Sequence[ClassGalaxy], network: str = "") -> tuple[str, str]:
        """Start a class, and return its code and the teacher's token, which is stored nowhere.

        Raises
        ------
        ClassError
            If it has no galaxies or too many, or if there are too many classes.
        """
        if not 1 <= len(galaxies) <= MAX_GALAXIES:
            raise ClassError(f"A class votes on 1 to {MAX_GALAXIES} galaxies; {len(galaxies)} were chosen.")
        self.delete_ended()
        code, token, now = codes.new_code(), codes.new_token(), self._clock()
        with self._transaction() as database:
            (count,) = database.execute("SELECT count(*) FROM classes").fetchone()
            if count >= MAX_CLASSES:
                raise ClassError(f"There are {count} classes already, the most that are kept. Delete an old one.")
            row = (code, codes.hash_of(token), title.strip()[:LONGEST_TITLE], source, network)
            class_id = database.execute(
                "INSERT INTO classes (code, teacher_hash, title, source, network, created, ends) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*row, now, now + DAYS_KEPT * DAY_S),
            ).lastrowid
            database.executemany(
                "INSERT INTO galaxies VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(class_id, place, *_row(galaxy)) for place, galaxy in enumerate(galaxies)],
            )
        return code, token

    def by_code(self, code: str) -> Classroom | None:
        """Return the class of a code; None if there is none, or it has ended."""
        return self._class("code = ?", codes.normalised(code))

    def by_teacher(self, token: str) -> Classroom | None:
        """Return the class of a teacher's token; None if there is none, or it has ended."""
        # How long the search takes depends on the hash, which tells nothing about the token.
        return self._class("teacher_hash = ?", codes.hash_of(token))

    def _class(self, condition: str, value: object) -> Classroom | None:
        """Return the class that meets a condition and has not ended."""
        rows = self._read(f"{CLASS} WHERE {condition} AND (ends IS NULL OR ends > ?)", value, self._clock())
        return _classroom(rows[0]) if rows else None

    def galaxies(self, class_id: int) -> list[ClassGalaxy]:
        """Return the galaxies of a class in their order."""
        rows = self._read(
            "SELECT galaxy_id, field, picture, volunteers, network FROM galaxies WHERE class_id = ? ORDER BY place",
            class_id,
        )
        return [_galaxy(*row) for row in rows]

    def join(self, class_id: int, nickname: str) -> str:
        """Add a pupil to a class, and return the pupil's token.

        Raises
        ------
        ClassError
            If voting is closed, the class is full, or the nickname cannot be used.
        """
        try:
            nickname = clean_nickname(nickname)
        except ValueError as error:
            raise ClassError(str(error)) from error
        token = codes.new_token()
        with self._transaction() as database:
            self._require_open(class_id)
            (count,) = database.execute("SELECT count(*) FROM pupils WHERE class_id = ?", (class_id,)).fetchone()
            if count >= MAX_PUPILS:
                raise ClassError(f"The class is full: {MAX_PUPILS} pupils have joined.")
            try:
                database.execute(
                    "INSERT INTO pupils (class_id, token_hash, nickname, nickname_key, joined) VALUES (?, ?, ?, ?, ?)",
                    (class_id, codes.hash_of(token), nickname, key_of(nickname), self._clock()),
                )
            except sqlite3.IntegrityError as error:
                raise ClassError(f"There is a {nickname} in this class already. Choose another nickname.") from error
        return token

    def pupil(self, class_id: int, token: str) -> Pupil | None:
        """Return the pupil of a token; None if the class has no such pupil."""
        rows = self._read(f"{PUPIL} WHERE class_id = ? AND token_hash = ?", class_id, codes.hash_of(token))
        return _pupil(rows[0]) if rows else None

    def pupils(self, class_id: int) -> list[Pupil]:
        """Return the pupils of a class, in the order in which they joined."""
        return [_pupil(row) for row in self._read(f"{PUPIL} WHERE class_id = ? ORDER BY id", class_id)]

    def vote(self, class_id: int, pupil_id: int, place: int, answers: Sequence[str]) -> None:
        """Store a pupil's answers about a galaxy, instead of earlier ones, on the disk.

        Raises
        ------
        ClassError
            If voting is closed, or the pupil or the galaxy is not in the class.
        ValueError
            If the answers are not a complete path through the tree.
        """
        if next_question(check_answers(answers)) is not None:
            raise ValueError(f"The answers {' '.join(answers)} stop before the last question.")
        with self._transaction() as database:
            self._require_open(class_id)
            known = database.execute(
                "SELECT 1 FROM pupils JOIN galaxies USING (class_id) WHERE class_id = ? AND id = ? AND place = ?",
                (class_id, pupil_id, place),
            ).fetchone()
            if not known:
                raise ClassError("You are not in this class; join it again by its code.")
            database.execute(
                "INSERT OR REPLACE INTO votes VALUES (?, ?, ?, ?)", (pupil_id, place, " ".join(answers), self._clock())
            )

    def _require_open(self, class_id: int) -> None:
        """Raise ClassError if a class does not exist or its voting is closed."""
        rows = self._read("SELECT is_open FROM classes WHERE id = ?", class_id)
        if not rows:
            raise ClassError("This class has ended.")
        if not rows[0][0]:
            raise ClassError("Your teacher has closed the voting.")

    def votes(self, class_id: int) -> list[Vote]:
        """Return all votes of a class, by pupil and galaxy."""
        rows = self._read(
            "SELECT pupil_id, place, answers, time FROM votes JOIN pupils ON id = pupil_id WHERE class_id = ? "
            "ORDER BY pupil_id, place",
            class_id,
        )
        return [Vote(pupil_id, place, tuple(answers.split()), when) for pupil_id, place, answers, when in rows]

    def voted_places(self, pupil_id: int) -> set[int]:
        """Return the places of the galaxies that a pupil has voted on."""
        return {place for (place,) in self._read("SELECT place FROM votes WHERE pupil_id = ?", pupil_id)}

    def set_open(self, class_id: int, is_open: bool) -> None:
        """Open or close the voting of a class."""
        with self._transaction() as database:
            database.execute("UPDATE classes SET is_open = ? WHERE id = ?", (is_open, class_id))

    def hide(self, class_id: int, pupil_id: int, is_hidden: bool = True) -> None:
        """Hide a pupil's nickname everywhere, or show it again."""
        with self._transaction() as database:
            database.execute(
                "UPDATE pupils SET is_hidden = ? WHERE id = ? AND class_id = ?", (is_hidden, pupil_id, class_id)
            )

    def remove(self, class_id: int, pupil_id: int) -> None:
        """Remove a pupil with all votes."""
        with self._transaction() as database:
            database.execute("DELETE FROM pupils WHERE id = ? AND class_id = ?", (pupil_id, class_id))

    def keep(self, class_id: int, is_kept: bool) -> None:
        """Keep a class until it is deleted, or end it 30 days from now."""
        with self._transaction() as database:
            ends = None if is_kept else self._clock() + DAYS_KEPT * DAY_S
            database.execute("UPDATE classes SET ends = ? WHERE id = ?", (ends, class_id))

    def delete(self, class_id: int) -> None:
        """Delete a class with its pupils and votes; nothing of it stays in the file."""
        with self._transaction() as database:
            database.execute("DELETE FROM classes WHERE id = ?", (class_id,))
        self._erase_log()

    def delete_ended(self) -> int:
        """Delete the classes that have ended, and return their number."""
        with self._transaction() as database:
            count = database.execute("DELETE FROM classes WHERE ends <= ?", (self._clock(),)).rowcount
        if count:
            self._erase_log()
        return count

    def _erase_log(self) -> None:
        """Move the write-ahead log to the file, and empty it: it still holds what was deleted."""
        with self._lock:
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _classroom(row: Any) -> Classroom:
    """Return the class of a row."""
    class_id, code, title, source, network, created, ends, is_open, galaxies = row
    return Classroom(class_id, code, title, source, network, created, ends, bool(is_open), galaxies)


def _pupil(row: Any) -> Pupil:
    """Return the pupil of a row."""
    pupil_id, nickname, number, is_hidden, voted = row
    return Pupil(pupil_id, nickname, number, bool(is_hidden), voted)


def _row(galaxy: ClassGalaxy) -> tuple[Any, ...]:
    """Return a galaxy as a row; vote fractions as bytes."""
    votes = [None if one is None else np.asarray(one, "<f8").tobytes() for one in (galaxy.volunteers, galaxy.network)]
    return galaxy.galaxy_id, galaxy.field_of_view, galaxy.picture, *votes


def _galaxy(galaxy_id: str, field_of_view: float, picture: bytes, *votes: bytes | None) -> ClassGalaxy:
    """Return the galaxy of a row."""
    fractions = [None if stored is None else np.frombuffer(stored, "<f8").astype(float) for stored in votes]
    return ClassGalaxy(galaxy_id, field_of_view, picture, *fractions)
