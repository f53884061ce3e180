"""Codes of classes, and the limit on wrong ones."""

import pytest

from galaxy_explorer.classroom import CodeGuard, TooManyTriesError, as_shown, normalised
from galaxy_explorer.classroom.codes import ALPHABET, CODE_LENGTH, MAX_KEYS, RateLimit, new_code, new_token


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


def test_codes_are_random_and_have_letters_that_are_not_confused():
    drawn = {new_code() for _ in range(200)}
    assert len(drawn) == 200
    assert {letter for code in drawn for letter in code} <= set(ALPHABET)
    assert not set(ALPHABET) & set("AEIOU01L")
    assert len(ALPHABET) ** CODE_LENGTH > 2e11
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) >= 32


def test_a_code_is_read_as_people_type_it():
    code = new_code()
    shown = as_shown(code)
    assert shown == f"{code[:4]}-{code[4:]}"
    for typed in (shown, shown.lower(), f"  {shown} ", shown.replace("-", " "), shown.replace("-", "–"), code):
        assert normalised(typed) == code
    for typed in ("", code[:-1], code + "B", "O0000000", "'; DROP", "ＫＫＫＫＫＫＫＫ"):
        assert normalised(typed) == ""


def test_a_session_waits_after_ten_wrong_codes_and_others_do_not():
    guard, clock = CodeGuard(clock := Clock()), clock
    for _ in range(10):
        guard.check("mallory", "10.0.0.1")
        guard.record_wrong("mallory", "10.0.0.1")
        clock.now += 1
    with pytest.raises(TooManyTriesError, match="Wait 50 s"):
        guard.check("mallory", "10.0.0.1")
    guard.check("mia", "10.0.0.1")
    clock.now = 60.0
    guard.check("mallory", "10.0.0.1")


def test_new_sessions_and_new_addresses_do_not_get_around_the_limit():
    guard = CodeGuard(Clock())
    for number in range(150):
        guard.check(f"session {number}", "10.0.0.1")
        guard.record_wrong(f"session {number}", "10.0.0.1")
    with pytest.raises(TooManyTriesError):
        guard.check("another", "10.0.0.1")
    for number in range(150):
        guard.check(f"session {number}", f"10.0.1.{number}")
        guard.record_wrong(f"session {number}", f"10.0.1.{number}")
    with pytest.raises(TooManyTriesError):
        guard.check("another", "10.9.9.9")


def test_a_limit_remembers_a_bounded_number_of_visitors():
    limit = RateLimit(1, 60.0, Clock())
    for number in range(MAX_KEYS + 10):
        limit.record(str(number))
    assert len(limit._events) == MAX_KEYS
    assert limit.wait_s(str(MAX_KEYS + 9)) == 60.0
    assert limit.wait_s("0") == 0.0
