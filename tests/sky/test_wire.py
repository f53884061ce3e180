"""How services are asked: limits, manners, faults, and the cache behind them."""

import gzip
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from local_server import (
    Fault,
    Handler,
    Reply,
    cut_off,
    drip,
    drip_headers,
    enormous,
    hang_up,
    once,
    packed_in_pieces,
    saying,
    send,
    slow,
)
from sky_server import CUTOUTS, ERROR_PAGE, SkyServer

from galaxy_explorer import __version__
from galaxy_explorer.sky import (
    AT_ONCE,
    CUTOUT_SOURCES,
    SESAME,
    Busy,
    Malformed,
    Offline,
    Refused,
    SkyError,
    Slow,
    Unavailable,
    answers,
    ask_again,
    cutout,
    galaxies_of_gz2,
    galaxy_at,
    hosts,
    query,
    resolve,
    wire,
    within,
)

SPIRAL = (126.572601, 54.204586)


def test_every_documented_address_is_the_one_that_is_asked(sky_server: SkyServer) -> None:
    for source in CUTOUT_SOURCES:
        cutout(202.47, -0.5, 0.286, [source])
    query("SELECT TOP 1 ra,dec FROM PhotoObj")
    asked = [(found.host, found.path, found.parameters) for found in sky_server.asked]
    place = {"ra": "202.470000", "dec": "-0.500000"}
    size = {"width": "424", "height": "424"}
    assert asked == [
        ("skyserver.sdss.org", "/dr18/SkyServerWS/ImgCutout/getjpeg", place | {"scale": "0.28600"} | size),
        (
            "www.legacysurvey.org",
            "/viewer/jpeg-cutout",
            place | {"layer": "sdss", "pixscale": "0.28600", "size": "424"},
        ),
        (
            "alasky.cds.unistra.fr",
            "/hips-image-services/hips2fits",
            place | size | {"hips": "CDS/P/SDSS9/color", "fov": "0.0336844", "format": "jpg", "projection": "TAN"},
        ),
        (
            "skyserver.sdss.org",
            "/dr18/SkyServerWS/SearchTools/SqlSearch",
            {"cmd": "SELECT TOP 1 ra,dec FROM PhotoObj", "format": "json"},
        ),
    ]


def test_without_a_stand_in_the_hosts_of_the_table_are_asked_by_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(hosts.STAND_IN, raising=False)
    for service in hosts.SERVICES:
        assert hosts.asked(service.url({"a": "1"})) == f"{service.address}?a=1"
        assert service.address.startswith(f"https://{service.host}/")
        assert hosts.may_be_asked(service.address)


@pytest.mark.parametrize(
    "url",
    [
        "http://skyserver.sdss.org/",
        "https://skyserver.sdss.org:8080/",
        "https://user@skyserver.sdss.org/",
        "https://skyserver.sdss.org.example.org/",
        "https://example.org/skyserver.sdss.org",
        "file:///etc/passwd",
    ],
)
def test_no_other_address_may_be_asked(url: str) -> None:
    assert not hosts.may_be_asked(url)


@pytest.mark.parametrize(
    "address", ["http://example.org", "https://127.0.0.1:1", "http://127.0.0.1:1/x", "http://a@localhost"]
)
def test_only_this_machine_can_stand_in(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(hosts.STAND_IN, address)
    with pytest.raises(SkyError, match="on this same machine"):
        resolve("M51")


def test_a_question_says_who_asks_and_carries_no_cookie(sky_server: SkyServer) -> None:
    sky_server.faults["sql"] = saying(b'[{"Rows": []}]', "application/json", Set_Cookie="visitor=1; Path=/")
    query("SELECT 1")
    query("SELECT 2")
    assert len(sky_server.asked) == 2
    for asked in sky_server.asked:
        assert asked.headers["User-Agent"].startswith(f"galaxy-explorer/{__version__}")
        assert "Cookie" not in asked.headers


def test_the_longest_query_fits_into_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    urls: list[str] = []

    def note(service: hosts.Service, url: str) -> bytes:
        urls.append(url)
        return b'[{"Rows": []}]'

    monkeypatch.setattr(answers, "fetch", note)
    monkeypatch.setattr(answers, "_store", lambda *_: None)
    galaxies_of_gz2(1000, 999_999, "Class1.2", 0.75)
    with pytest.raises(SkyError):
        galaxy_at(123.456789, -12.345678)
    assert len(urls) == 2
    assert max(map(len, urls)) < 2048  # what the web server behind SkyServer takes


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (hang_up, Offline, "no connection to SDSS SkyServer"),
        (cut_off, Offline, "broke off"),
        (saying(b"", status=500), Busy, "HTTP 500"),
        (saying(b"", status=503, Retry_After="0"), Busy, "HTTP 503"),
        (saying(b"", status=429, Retry_After="3600"), Busy, "HTTP 429"),
        (saying(b"", status=429, Retry_After="Wed, 21 Oct 2099 07:28:00 GMT"), Busy, "HTTP 429"),
        (saying(b"", status=429, Retry_After="soon"), Busy, "HTTP 429"),
        (saying(b"", status=404), Refused, "HTTP 404"),
        (saying(b"", status=302, Location="https://example.org/"), Refused, "sent us on to example.org"),
        (saying(b"", status=302, Location="http://169.254.169.254/"), Refused, "sent us on to 169.254.169.254"),
        (saying(b"", status=302, Location="https://cds.unistra.fr:99/"), Refused, "not among the hosts"),
        (saying(b"", status=302, Location="https://[bad"), Malformed, "cannot be followed"),
        (saying(ERROR_PAGE, "text/html"), Malformed, "no table of galaxies"),
        (saying(b'[{"TableName": "Table1", "Rows": [', "application/json"), Malformed, "no table of galaxies"),
        (saying(b"Incorrect syntax near 'FROM'.", "text/plain"), Malformed, "Incorrect syntax near"),
        (saying(b'{"Rows": "none"}', "application/json"), Malformed, "no table of galaxies"),
        (saying(b'[{"Rows": [{"ra": 1}]}]', "application/json"), Malformed, "no table of galaxies"),
        (saying(b"[" * 100_000, "application/json"), Malformed, "no table of galaxies"),
    ],
)
def test_a_fault_of_a_service_is_a_sentence(
    fault: Fault, error: type[SkyError], said: str, sky_server: SkyServer
) -> None:
    sky_server.faults["sql"] = fault
    with pytest.raises(error, match=said):
        galaxy_at(*SPIRAL)
    assert not [asked for asked in sky_server.asked if asked.role != "sql"]
    assert not list(answers.folder().glob("*"))  # nothing of it was believed


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [slow, drip, drip_headers])
def test_a_service_that_is_slow_is_waited_for_no_longer_than_the_limit(fault: Fault, sky_server: SkyServer) -> None:
    sky_server.faults["sql"] = fault
    start = time.monotonic()
    with pytest.raises(Slow, match="no answer in time"):
        galaxy_at(*SPIRAL)
    assert 0.2 <= time.monotonic() - start < 4  # the fault takes ten seconds, or for ever
    assert sky_server.count("sql") == 1


def test_a_packed_answer_in_pieces_is_put_together(sky_server: SkyServer) -> None:
    plain = galaxy_at(*SPIRAL).value
    sky_server.faults["sql"] = packed_in_pieces
    assert galaxy_at(SPIRAL[0] + 1e-5, SPIRAL[1]).value.votes == plain.votes
    assert sky_server.count("sql") == 2


BOMB = saying(gzip.compress(bytes(50 * 2**20)), "text/plain", Content_Encoding="gzip")


@pytest.mark.parametrize("fault", [enormous, BOMB])
def test_an_enormous_answer_is_cut_off(fault: Fault, sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = fault
    with pytest.raises(Malformed, match="more than 1 MiB"):
        resolve("M51")


def test_a_machine_that_is_down_is_said_so(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound, but not listening
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv(hosts.STAND_IN, f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Offline, match="no connection to CDS Sesame"):
            resolve("M51")


@pytest.mark.parametrize("fault", [hang_up, saying(b"", status=502), saying(b"", status=429, Retry_After="0")])
def test_a_fault_that_passes_is_outlived(fault: Fault, sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = once(fault)
    assert resolve("M51").name == "M51"
    assert sky_server.count("sesame") == 2


def test_attempts_are_bounded(sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = saying(b"", status=500)
    with pytest.raises(Busy):
        resolve("M51")
    assert sky_server.count("sesame") == wire.LIMITS.attempts


def test_a_wait_that_is_asked_for_is_kept(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(wire, "LIMITS", wire.Limits(longest_wait=5))
    monkeypatch.setattr(wire.time, "sleep", waits.append)
    sky_server.faults["sesame"] = once(saying(b"", status=429, Retry_After="3"))
    resolve("M51")
    assert waits == [3.0]


def test_a_way_on_within_the_table_is_followed(sky_server: SkyServer) -> None:
    sky_server.faults["skyserver"] = saying(
        b"", status=301, Location="https://www.legacysurvey.org/viewer/jpeg-cutout?ra=1&dec=1"
    )
    assert cutout(1, 1, 0.4).picture.shape == (424, 424, 3)
    assert [asked.role for asked in sky_server.asked] == ["skyserver", "legacy"]


def test_a_circle_is_left(sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = saying(b"", status=302, Location=SESAME.url("M51"))
    with pytest.raises(Refused, match="without an answer"):
        resolve("M51")
    assert sky_server.count("sesame") == wire.LIMITS.redirects + 1


def test_a_service_that_failed_is_left_alone_until_somebody_wants_it_again(sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = hang_up
    for name in ("M51", "M52", "M53"):
        with pytest.raises(Offline):
            resolve(name)
    assert sky_server.count("sesame") == wire.LIMITS.attempts
    sky_server.faults.clear()
    ask_again()
    assert resolve("M51").name == "M51"


def test_a_service_that_asks_for_a_long_rest_gets_it(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LIMITS", wire.Limits(attempts=1, rest=0))
    for wait, asked in (("", 2), ("3600", 3)):
        sky_server.faults["sesame"] = saying(b"", status=429, Retry_After=wait)
        for _ in range(2):
            with pytest.raises(Busy):
                resolve("M51")
        assert sky_server.count("sesame") == asked


def test_our_own_hurry_is_not_the_services_fault(sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = once(slow)
    with within(0.1), pytest.raises(Slow):
        resolve("M51")
    assert resolve("M51").name == "M51"


def test_a_common_time_limit_holds_for_all_sources_together(sky_server: SkyServer) -> None:
    sky_server.faults |= dict.fromkeys(CUTOUTS, slow)
    start = time.monotonic()
    with within(0.3), within(60), pytest.raises(Unavailable):
        cutout(*SPIRAL, 0.4)
    assert time.monotonic() - start < 5


def test_at_most_four_requests_are_under_way(sky_server: SkyServer) -> None:
    at_once: list[int] = []
    under_way = 0

    def together(handler: Handler, reply: Reply) -> None:
        nonlocal under_way
        with sky_server.lock:
            under_way += 1
            at_once.append(under_way)
        sky_server.closing.wait(0.05)  # time for a fifth to come, if it would
        with sky_server.lock:
            under_way -= 1
        send(handler, reply)

    sky_server.faults["skyserver"] = together
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda ra: cutout(ra, 1.0, 0.4), range(12)))
    assert {picture.source for picture in found} == {"SDSS SkyServer"}
    assert max(at_once) == AT_ONCE == 4
