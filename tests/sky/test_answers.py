"""Answers kept on disk: asked for once, and still there when the service is not."""

import os
from pathlib import Path

import pytest
from local_server import Fault, hang_up, saying
from sky_server import ERROR_PAGE, SkyServer

from galaxy_explorer.sky import SESAME, SKYSERVER_SQL, answers, cutout, galaxy_at, hosts, resolve

SPIRAL = (126.572601, 54.204586)


def age(seconds: float) -> None:
    """Make every kept answer older."""
    for path in answers.folder().iterdir():
        written = path.stat().st_mtime - seconds
        os.utime(path, (written, written))


def test_an_answer_is_asked_for_once(sky_server: SkyServer) -> None:
    assert resolve("M51") == resolve("M51")
    assert sky_server.count("sesame") == 1


def test_an_old_answer_is_asked_for_anew(sky_server: SkyServer) -> None:
    resolve("M51")
    age(SESAME.keep_seconds + 1)
    assert not resolve("M51").stale
    assert sky_server.count("sesame") == 2


@pytest.mark.parametrize("fault", [hang_up, saying(b"", status=500), saying(ERROR_PAGE)])
def test_an_old_answer_serves_when_there_is_no_new_one_and_says_so(fault: Fault, sky_server: SkyServer) -> None:
    fresh = galaxy_at(*SPIRAL)
    age(SKYSERVER_SQL.keep_seconds + 1)
    sky_server.faults["sql"] = fault
    stale = galaxy_at(*SPIRAL)
    assert (fresh.stale, stale.stale) == (False, True)
    assert fresh.value == stale.value


def test_a_damaged_answer_is_asked_for_anew(sky_server: SkyServer) -> None:
    cutout(*SPIRAL, 0.4)
    (kept,) = answers.folder().iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    assert cutout(*SPIRAL, 0.4).source == "SDSS SkyServer"
    assert sky_server.count("skyserver") == 2


def test_a_cache_that_cannot_be_written_costs_no_answer(sky_server: SkyServer, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    assert resolve("M51").name == "M51"


def test_a_stand_ins_answers_are_not_kept_as_the_services_own(
    sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve("M51")
    with SkyServer() as other:
        monkeypatch.setenv(hosts.STAND_IN, other.address)
        resolve("M51")
        assert other.count("sesame") == 1


def test_answers_are_tidied_up_as_they_come(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_BYTES", 1)
    monkeypatch.setattr(answers, "_written", iter([2, 3, 4]))
    monkeypatch.setattr(answers, "_TIDY_EVERY", 3)
    for name in ("M51", "NGC 4565"):
        resolve(name)
    assert len(list(answers.folder().iterdir())) == 2
    galaxy_at(*SPIRAL)
    assert len(list(answers.folder().iterdir())) == 0
