"""Progress of long work: a bar in a terminal, a line a minute in a log file."""

import io
import sys

import pytest

from galaxy_explorer.progress import progress_bar


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test sets it."""
    now = [0.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


def logged(monkeypatch, clock, updates, **options):
    """Run some updates of ten galaxies each, 20 seconds apart; return the lines of the log file."""
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with progress_bar("galaxies", **options) as bar:
        for _ in range(updates):
            clock[0] += 20
            bar.update(10)
    assert "\r" not in log.getvalue()
    return log.getvalue().splitlines()


def test_a_log_file_gets_a_line_a_minute_with_count_rate_and_time_left(clock, monkeypatch):
    lines = logged(monkeypatch, clock, 30, total=1_600, initial=1_000)
    assert len(lines) == 11  # of 30 updates; the last at the end
    assert lines[1] == "1,060 of 1,600 galaxies,  2.00s/ galaxies, 18:00 left"


def test_short_work_has_no_line(clock, monkeypatch):
    assert logged(monkeypatch, clock, 2, total=30) == []


def test_a_disabled_bar_is_silent(clock, monkeypatch):
    assert logged(monkeypatch, clock, 30, total=300, disable=True) == []
