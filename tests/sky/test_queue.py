"""Time and turns: limits are total, our own queue is nobody's fault, and the same question is asked once."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from local_server import Handler, Reply, hang_up, send, slow, stall
from sky_server import NAMES, SkyServer

from galaxy_explorer.sky import (
    AT_ONCE,
    SESAME,
    Hurried,
    Offline,
    Refused,
    Slow,
    answers,
    cutout,
    hosts,
    resolve,
    wire,
    within,
)


@pytest.fixture
def turns_taken() -> Iterator[ExitStack]:
    """Every turn taken by others; closing it gives them back."""
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(wire._turn(SESAME))
        yield others


def wait_for(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        threading.Event().wait(0.005)


def test_a_limit_is_total_where_an_answer_stalls_late(sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LIMITS", wire.Limits(longest_answer=1.2))
    sky_server.faults["sesame"] = stall  # after half a second: a limit for each piece would end at 1.7 s
    start = time.monotonic()
    with pytest.raises(Slow, match="no answer in time"):
        resolve("M51")
    assert 1.2 <= time.monotonic() - start < 1.65


def test_a_way_on_that_is_no_address_is_refused() -> None:
    with pytest.raises(Refused, match="an address that cannot be read"):
        wire._way_on(SESAME, SESAME.address, "https://[bad")


def test_a_queue_longer_than_a_services_patience_costs_no_answer(
    sky_server: SkyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LIMITS", wire.Limits(longest_answer=1.5))

    def take_a_while(handler: Handler, reply: Reply) -> None:
        sky_server.closing.wait(0.25)
        send(handler, reply)

    sky_server.faults["skyserver"] = take_a_while
    with ThreadPoolExecutor(32) as pool:  # the last of them waits for seven others, longer than 1.5 s
        found = list(pool.map(lambda ra: cutout(ra, 1.0, 0.4), range(32)))
    assert [picture.source for picture in found] == ["SDSS SkyServer"] * 32


def test_no_turn_in_time_is_our_own_fault_and_not_the_services(sky_server: SkyServer, turns_taken: ExitStack) -> None:
    with within(0.05), pytest.raises(Hurried, match="too many questions were waiting"):
        resolve("M51")
    assert not wire._resting
    assert sky_server.asked == []
    turns_taken.close()
    assert resolve("M51").name == "M51"


def test_who_waited_while_a_service_failed_leaves_it_alone(sky_server: SkyServer, turns_taken: ExitStack) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(resolve, "M51")
        wait_for(lambda: answers._under_way)
        wire._let_rest(SESAME, Offline("it failed"))
        turns_taken.close()
        with pytest.raises(Offline, match="it failed"):
            waiting.result(5)
    assert sky_server.asked == []


def test_visitors_with_the_same_question_at_once_send_one_request(
    sky_server: SkyServer, turns_taken: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "write_atomic", lambda *_: None)  # no answer comes from the disk
    waits: list[float] = []
    monkeypatch.setattr(answers, "time_left", lambda: waits.append(0.0) or float("inf"))
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(resolve, "M51") for _ in range(8)]
        wait_for(lambda: len(waits) == 7)
        turns_taken.close()
        assert {(one.result(5).ra_deg, one.result(5).dec_deg) for one in found} == {NAMES["M51"]}
    assert sky_server.count("sesame") == 1
    assert not answers._under_way


def test_who_waits_for_anothers_question_hears_why_it_failed(sky_server: SkyServer, turns_taken: ExitStack) -> None:
    sky_server.faults["sesame"] = hang_up
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(resolve, "M51") for _ in range(2)]
        turns_taken.close()
        errors = [one.exception(10) for one in asked]
    assert all(type(error) is Offline for error in errors)
    assert errors[0] is not errors[1]


def test_anothers_hurry_is_not_ours(sky_server: SkyServer, turns_taken: ExitStack) -> None:
    def hurried() -> None:
        with within(0.2):
            resolve("M51")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(hurried)
        wait_for(lambda: answers._under_way)
        second = pool.submit(resolve, "M51")
        assert isinstance(first.exception(5), Hurried)
        turns_taken.close()
        assert second.result(5).name == "M51"


def test_who_waits_for_anothers_question_keeps_to_the_own_time(sky_server: SkyServer) -> None:
    sky_server.faults["sesame"] = slow
    with ThreadPoolExecutor(1) as pool:

        def patient() -> None:
            with within(1.5):
                resolve("M51")

        first = pool.submit(patient)
        wait_for(lambda: sky_server.count("sesame"))
        start = time.monotonic()
        with within(0.05), pytest.raises(Hurried):
            resolve("M51")
        assert time.monotonic() - start < 1.0
        assert isinstance(first.exception(5), Hurried)
    assert hosts.SESAME.address not in wire._resting
