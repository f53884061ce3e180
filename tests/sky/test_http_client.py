"""HTTP client: hosts, limits, retries, deadline, concurrency, cool-down, and its errors."""

import gzip
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from threading import Semaphore as Counter
from types import SimpleNamespace

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
    CUTOUT_SOURCES,
    MAX_CONCURRENT_REQUESTS,
    SESAME,
    DeadlineExceeded,
    HttpClient,
    InvalidResponse,
    Limits,
    Rejected,
    ServiceError,
    SkyError,
    Timeout,
    Unavailable,
    cutout,
    deadline,
    galaxies_of_gz2,
    galaxy_at,
    http_client,
    query,
    reset_cool_down,
    resolve,
    response_cache,
    services,
)

SPIRAL = (126.572601, 54.204586)


def use_limits(monkeypatch: pytest.MonkeyPatch, server: SkyServer, **limits: float) -> None:
    """Replace the client by one with other limits."""
    client = HttpClient(services.HOSTS, server.address, Limits(**{"backoff_s": 0} | limits))  # type: ignore[arg-type]
    monkeypatch.setattr(services, "client", lambda: client)


class TestHosts:
    def test_every_documented_url_is_requested(self, sky_server: SkyServer) -> None:
        for source in CUTOUT_SOURCES:
            cutout(202.47, -0.5, 0.286, [source])
        query("SELECT TOP 1 ra,dec FROM PhotoObj")
        position = {"ra": "202.470000", "dec": "-0.500000"}
        size = {"width": "424", "height": "424"}
        assert [(request.host, request.path, request.parameters) for request in sky_server.asked] == [
            ("skyserver.sdss.org", "/dr18/SkyServerWS/ImgCutout/getjpeg", position | {"scale": "0.28600"} | size),
            (
                "www.legacysurvey.org",
                "/viewer/jpeg-cutout",
                position | {"layer": "sdss", "pixscale": "0.28600", "size": "424"},
            ),
            (
                "alasky.cds.unistra.fr",
                "/hips-image-services/hips2fits",
                position
                | size
                | {"hips": "CDS/P/SDSS9/color", "fov": "0.0336844", "format": "jpg", "projection": "TAN"},
            ),
            (
                "skyserver.sdss.org",
                "/dr18/SkyServerWS/SearchTools/SqlSearch",
                {"cmd": "SELECT TOP 1 ra,dec FROM PhotoObj", "format": "json"},
            ),
        ]

    def test_without_a_fake_server_the_table_is_used_with_https(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(services.FAKE_SERVER, raising=False)
        client = services.client()
        assert client.base_url == ""
        for service in services.SERVICES:
            assert service.endpoint.startswith(f"https://{service.host}/")
            assert client.is_allowed(service.endpoint)

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
    def test_no_other_url_is_allowed(self, url: str) -> None:
        assert not HttpClient(services.HOSTS).is_allowed(url)

    def test_the_environment_variable_sets_the_fake_server(
        self, sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.undo()  # of the fixture's client
        monkeypatch.setenv(services.FAKE_SERVER, f"{sky_server.address}/")
        assert services.client().base_url == sky_server.address
        assert services.client() is services.client()

    @pytest.mark.parametrize(
        "url", ["http://example.org", "https://127.0.0.1:1", "http://127.0.0.1:1/x", "http://a@localhost"]
    )
    def test_the_fake_server_must_be_on_this_machine(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(services.FAKE_SERVER, url)
        with pytest.raises(SkyError, match="on this machine"):
            services.client()

    def test_the_user_agent_is_sent_and_no_cookie(self, sky_server: SkyServer) -> None:
        sky_server.faults["sql"] = saying(b'[{"Rows": []}]', "application/json", Set_Cookie="visitor=1; Path=/")
        query("SELECT 1")
        query("SELECT 2")
        assert len(sky_server.asked) == 2
        for request in sky_server.asked:
            assert request.headers["User-Agent"].startswith(f"galaxy-explorer/{__version__}")
            assert "Cookie" not in request.headers

    def test_a_redirect_to_an_allowed_host_is_followed(self, sky_server: SkyServer) -> None:
        sky_server.faults["skyserver"] = saying(
            b"", status=301, Location="https://www.legacysurvey.org/viewer/jpeg-cutout?ra=1&dec=1"
        )
        assert cutout(1, 1, 0.4).picture.shape == (424, 424, 3)
        assert [request.role for request in sky_server.asked] == ["skyserver", "legacy"]

    @pytest.mark.parametrize(
        "location",
        ["https://example.org/", "http://169.254.169.254/", "https://cds.unistra.fr:99/", "//b/"],
    )
    def test_a_redirect_to_another_host_is_rejected(self, location: str, sky_server: SkyServer) -> None:
        sky_server.faults["sql"] = saying(b"", status=302, Location=location)
        with pytest.raises(Rejected) as error:
            galaxy_at(*SPIRAL)
        assert f"redirected to {location}" in str(error.value)
        assert "skyserver.sdss.org" in str(error.value)
        assert len(sky_server.asked) == 1

    def test_redirects_in_a_circle_end(self, sky_server: SkyServer) -> None:
        sky_server.faults["sesame"] = saying(b"", status=302, Location=SESAME.url("M51"))
        with pytest.raises(Rejected, match="redirected more than 3 times"):
            resolve("M51")
        assert sky_server.count("sesame") == http_client.MAX_REDIRECTS + 1


def test_the_longest_query_fits_into_a_url(sky_server: SkyServer) -> None:
    galaxies_of_gz2(1000, 999_999, "Class1.2", 0.75)
    with pytest.raises(SkyError):
        galaxy_at(123.456789, -12.345678)
    assert max(request.query_length for request in sky_server.asked) < 2048 - 100  # SkyServer's limit, less the path


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (hang_up, Unavailable, "no connection to SDSS SkyServer"),
        (cut_off, Unavailable, "broke off"),
        (saying(b"", status=500), Unavailable, "HTTP 500"),
        (saying(b"", status=503, Retry_After="0"), Unavailable, "HTTP 503"),
        (partial(enormous, status=503), Unavailable, "HTTP 503"),
        (saying(b"", status=429, Retry_After="3600"), Unavailable, "HTTP 429"),
        (saying(b"", status=429, Retry_After="Wed, 21 Oct 2099 07:28:00 GMT"), Unavailable, "HTTP 429"),
        (saying(b"", status=429, Retry_After="soon"), Unavailable, "HTTP 429"),
        (saying(b"", status=404), Rejected, "HTTP 404"),
        (saying(b"", status=302, Location="https://[bad"), InvalidResponse, "headers"),
        (saying(ERROR_PAGE, "text/html"), InvalidResponse, "expected a table"),
        (saying(b'[{"TableName": "Table1", "Rows": [', "application/json"), InvalidResponse, "expected a table"),
        (saying(b"Incorrect syntax near 'FROM'.", "text/plain"), InvalidResponse, "Incorrect syntax near"),
        (saying(b'{"Rows": "none"}', "application/json"), InvalidResponse, "expected a table"),
        (saying(b'[{"Rows": [{"ra": 1}]}]', "application/json"), InvalidResponse, "expected a table"),
        (saying(b"[" * 100_000, "application/json"), InvalidResponse, "expected a table"),
    ],
)
def test_a_fault_of_a_service_is_an_error_with_its_reason(
    fault: Fault, error: type[SkyError], message: str, sky_server: SkyServer
) -> None:
    sky_server.faults["sql"] = fault
    with pytest.raises(error, match=message):
        galaxy_at(*SPIRAL)
    assert {request.role for request in sky_server.asked} == {"sql"}
    assert not list(response_cache.folder().glob("*"))


def test_a_server_that_is_down_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound, but not listening
        taken.bind(("127.0.0.1", 0))
        client = HttpClient([], f"http://127.0.0.1:{taken.getsockname()[1]}", Limits(backoff_s=0))
        with pytest.raises(Unavailable, match="no connection to CDS Sesame"):
            client.get(SESAME.url("M51"), name=SESAME.name, timeout_s=8, max_bytes=1000)


class TestLimits:
    @pytest.mark.usefixtures("short_timeouts")
    @pytest.mark.parametrize("fault", [slow, drip, drip_headers])
    def test_a_slow_service_is_a_timeout_without_retry(self, fault: Fault, sky_server: SkyServer) -> None:
        sky_server.faults["sql"] = fault  # for ten seconds, or without end
        with pytest.raises(Timeout, match="within the timeout"):
            galaxy_at(*SPIRAL)
        assert sky_server.count("sql") <= 1  # 0 if a busy machine has not read the request yet

    def test_a_compressed_response_in_pieces_is_read(self, sky_server: SkyServer) -> None:
        plain = galaxy_at(*SPIRAL).value
        sky_server.faults["sql"] = packed_in_pieces
        assert galaxy_at(SPIRAL[0] + 1e-5, SPIRAL[1]).value.votes == plain.votes
        assert sky_server.count("sql") == 2

    @pytest.mark.parametrize(
        "fault", [enormous, saying(gzip.compress(bytes(50 * 2**20)), "text/plain", Content_Encoding="gzip")]
    )
    def test_a_response_beyond_the_size_limit_is_cut_off(self, fault: Fault, sky_server: SkyServer) -> None:
        sky_server.faults["sesame"] = fault
        with pytest.raises(InvalidResponse, match="more than 1 MiB"):
            resolve("M51")

    def test_at_most_four_requests_run_at_once(self, sky_server: SkyServer) -> None:
        running: list[int] = []
        in_progress = 0
        four = Barrier(MAX_CONCURRENT_REQUESTS)  # a request waits until four have arrived

        def together(handler: Handler, reply: Reply) -> None:
            nonlocal in_progress
            with sky_server.lock:
                in_progress += 1
                running.append(in_progress)
            four.wait(30)
            with sky_server.lock:
                in_progress -= 1
            send(handler, reply)

        sky_server.faults["skyserver"] = together
        with ThreadPoolExecutor(12) as pool:
            cutouts = list(pool.map(lambda ra: cutout(ra, 1.0, 0.4), range(12)))
        assert {picture.source for picture in cutouts} == {"SDSS SkyServer"}
        assert max(running) == MAX_CONCURRENT_REQUESTS == 4


class TestRetry:
    @pytest.mark.parametrize("fault", [hang_up, saying(b"", status=502), saying(b"", status=429, Retry_After="0")])
    def test_a_fault_that_happens_once_is_retried(self, fault: Fault, sky_server: SkyServer) -> None:
        sky_server.faults["sesame"] = once(fault)
        assert resolve("M51").name == "M51"
        assert sky_server.count("sesame") == 2

    def test_retries_are_bounded(self, sky_server: SkyServer) -> None:
        sky_server.faults["sesame"] = saying(b"", status=500)
        with pytest.raises(Unavailable):
            resolve("M51")
        assert sky_server.count("sesame") == 1 + Limits().max_retries

    @pytest.mark.parametrize(
        ("retry_after", "waits", "requests"), [("3", [3], 2), ("", [], 2), ("6", [], 1), ("86400", [], 1)]
    )
    def test_retry_after_is_respected_up_to_its_limit(
        self,
        retry_after: str,
        waits: list[float],
        requests: int,
        sky_server: SkyServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        slept: list[float] = []
        monkeypatch.setattr("time.sleep", slept.append)
        use_limits(monkeypatch, sky_server, max_retry_after_s=5)
        sky_server.faults["sesame"] = once(saying(b"", status=429, Retry_After=retry_after))
        if requests == 1:
            with pytest.raises(Unavailable):
                resolve("M51")
        else:
            resolve("M51")
        assert (slept, sky_server.count("sesame")) == (waits, requests)

    def test_no_retry_waits_beyond_the_deadline(self, sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> None:
        use_limits(monkeypatch, sky_server, max_retry_after_s=5000)
        sky_server.faults["sesame"] = saying(b"", status=429, Retry_After="4000")
        with deadline(3000), pytest.raises(Unavailable):
            resolve("M51")
        assert sky_server.count("sesame") == 1


class TestCoolDown:
    def test_a_service_that_failed_gets_no_requests_until_a_reset(self, sky_server: SkyServer) -> None:
        sky_server.faults["sesame"] = hang_up
        errors = []
        for name in ("M51", "M52", "M53"):
            with pytest.raises(Unavailable) as error:
                resolve(name)
            errors.append(error.value)
        assert sky_server.count("sesame") == 1 + Limits().max_retries
        assert len({id(error) for error in errors}) == 3  # threads do not share a traceback
        sky_server.faults.clear()
        reset_cool_down()
        assert resolve("M51").name == "M51"

    @pytest.mark.parametrize(("retry_after", "cool_down_s"), [("", 20), ("120", 120), ("3600", 600)])
    def test_it_lasts_as_long_as_retry_after_within_bounds(
        self, retry_after: str, cool_down_s: float, sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [1000.0]
        monkeypatch.setattr(http_client, "time", SimpleNamespace(monotonic=lambda: now[0]))
        use_limits(monkeypatch, sky_server, max_retries=0)
        sky_server.faults["sesame"] = saying(b"", status=429, Retry_After=retry_after)
        for wait, requests in ((0, 1), (cool_down_s - 1, 1), (2, 2)):
            now[0] += wait
            with pytest.raises(Unavailable):
                resolve("M51")
            assert sky_server.count("sesame") == requests

    def test_the_callers_deadline_starts_none(self, sky_server: SkyServer) -> None:
        sky_server.faults["sesame"] = slow
        with deadline(0.1), pytest.raises(DeadlineExceeded):
            resolve("M51")
        sky_server.faults.clear()
        assert resolve("M51").name == "M51"


class TestDeadline:
    @pytest.fixture
    def release(self, sky_server: SkyServer) -> Iterator[Event]:
        """Four requests that hold all slots; the event lets the services respond."""
        release, arrived = Event(), Counter(0)

        def block(handler: Handler, reply: Reply) -> None:
            arrived.release()
            release.wait(30)
            send(handler, reply)

        sky_server.faults["skyserver"] = block
        with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
            running = [pool.submit(cutout, ra, 1.0, 0.4) for ra in range(MAX_CONCURRENT_REQUESTS)]
            for _ in running:
                assert arrived.acquire(timeout=30)
            yield release
            release.set()
            for one in running:
                one.result()

    def test_it_is_common_to_all_sources(self, sky_server: SkyServer) -> None:
        sky_server.faults |= dict.fromkeys(CUTOUTS, slow)
        with deadline(0.3), deadline(60), pytest.raises(ServiceError):
            cutout(*SPIRAL, 0.4)

    def test_without_a_free_slot_the_service_is_not_asked(self, sky_server: SkyServer, release: Event) -> None:
        with deadline(0.05), pytest.raises(DeadlineExceeded, match="too many requests"):
            resolve("M51")
        assert sky_server.count("sesame") == 0
        release.set()
        assert resolve("M51").name == "M51"  # the service is not cooling down

    def test_a_request_that_waited_while_the_service_failed_is_not_sent(
        self, sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use_limits(monkeypatch, sky_server, max_retries=0)
        release, arrived = Event(), Counter(0)

        def fail_together(handler: Handler, reply: Reply) -> None:
            arrived.release()
            release.wait(30)
            hang_up(handler, reply)

        sky_server.faults["sesame"] = fail_together
        with ThreadPoolExecutor(12) as pool:
            requests = [pool.submit(resolve, f"M{number}") for number in range(12)]
            for _ in range(MAX_CONCURRENT_REQUESTS):
                assert arrived.acquire(timeout=30)
            release.set()
            assert all(isinstance(request.exception(30), Unavailable) for request in requests)
        assert sky_server.count("sesame") == MAX_CONCURRENT_REQUESTS

    def test_concurrent_requests_of_one_url_are_sent_once(self, sky_server: SkyServer, release: Event) -> None:
        with ThreadPoolExecutor(8) as pool:
            positions = [pool.submit(resolve, "M51") for _ in range(8)]
            release.set()
            assert len({(position.result(30).ra_deg, position.result().dec_deg) for position in positions}) == 1
        assert sky_server.count("sesame") == 1

    def test_requests_of_many_other_urls_do_not_wait_for_one(self, sky_server: SkyServer) -> None:
        release, arrived = Event(), Event()

        def block(handler: Handler, reply: Reply) -> None:
            arrived.set()
            release.wait(30)
            send(handler, reply)

        sky_server.faults["sesame"] = block
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(resolve, "M51")
            assert arrived.wait(30)
            for ra in range(300):  # more than there could be shared locks
                assert cutout(ra, 1.0, 0.4).picture.any()
            assert not release.is_set()
            release.set()
            first.exception(30)  # its own timeout, if the machine is slow

    def test_a_request_behind_another_of_the_same_url_has_its_own_deadline(self, sky_server: SkyServer) -> None:
        release, arrived = Event(), Event()

        def block(handler: Handler, reply: Reply) -> None:
            arrived.set()
            release.wait(30)
            send(handler, reply)

        sky_server.faults["sesame"] = block
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(resolve, "M51")
            assert arrived.wait(30)
            with deadline(0.05), pytest.raises(DeadlineExceeded):
                resolve("M51")
            release.set()
            assert first.result(30).name == "M51"

    def test_the_deadline_of_another_request_of_the_same_url_does_not_count(self, sky_server: SkyServer) -> None:
        def resolve_soon() -> None:
            with deadline(0.2):
                resolve("M51")

        sky_server.faults["sesame"] = once(slow)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(resolve_soon)
            while not sky_server.asked and not first.done():
                sky_server.closing.wait(0.005)
            assert pool.submit(resolve, "M51").result(30).name == "M51"
            assert isinstance(first.exception(30), DeadlineExceeded)
