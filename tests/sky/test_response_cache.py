"""Disk cache of responses: one request per URL, TTL, stale-if-error, eviction."""

import os
from itertools import count
from pathlib import Path

import pytest
from local_server import Fault, hang_up, saying
from sky_server import ERROR_PAGE, SkyServer

from galaxy_explorer.sky import (
    SESAME,
    SKYSERVER_SQL,
    HttpClient,
    cutout,
    galaxy_at,
    resolve,
    response_cache,
    services,
)

SPIRAL = (126.572601, 54.204586)


def make_older(seconds: float) -> None:
    """Change the age of every cached response."""
    for path in response_cache.folder().iterdir():
        written = path.stat().st_mtime - seconds
        os.utime(path, (written, written))


def test_a_cached_response_is_not_requested_again(sky_server: SkyServer) -> None:
    assert resolve("M51") == resolve("M51")
    assert sky_server.count("sesame") == 1


def test_an_expired_response_is_requested_again(sky_server: SkyServer) -> None:
    resolve("M51")
    make_older(SESAME.cache_ttl_s + 1)
    assert not resolve("M51").stale
    assert sky_server.count("sesame") == 2


@pytest.mark.parametrize("fault", [hang_up, saying(b"", status=500), saying(ERROR_PAGE)])
def test_an_expired_response_is_stale_if_the_service_fails(fault: Fault, sky_server: SkyServer) -> None:
    fresh = galaxy_at(*SPIRAL)
    make_older(SKYSERVER_SQL.cache_ttl_s + 1)
    sky_server.faults["sql"] = fault
    stale = galaxy_at(*SPIRAL)
    assert (fresh.stale, stale.stale) == (False, True)
    assert fresh.value == stale.value


def test_a_damaged_file_is_requested_again(sky_server: SkyServer) -> None:
    cutout(*SPIRAL, 0.4)
    (path,) = response_cache.folder().iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    assert cutout(*SPIRAL, 0.4).source == "SDSS SkyServer"
    assert sky_server.count("skyserver") == 2


def test_a_cache_that_cannot_be_written_is_not_an_error(sky_server: SkyServer, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file instead of the folder")
    assert resolve("M51").name == "M51"


def test_responses_of_a_fake_server_are_cached_apart(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve("M51")
    with SkyServer() as other:
        client = HttpClient(services.HOSTS, other.address)
        monkeypatch.setattr(services, "client", lambda: client)
        resolve("M51")
        assert other.count("sesame") == 1


def test_every_few_writes_the_cache_is_bounded(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_cache, "MAX_BYTES", 1)
    monkeypatch.setattr(response_cache, "EVICT_EVERY", 3)
    monkeypatch.setattr(response_cache, "_writes", count(2))
    for name in ("M51", "NGC 4565"):
        resolve(name)
    assert len(list(response_cache.folder().iterdir())) == 2
    galaxy_at(*SPIRAL)
    assert len(list(response_cache.folder().iterdir())) == 0
