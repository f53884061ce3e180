"""The visitors of the load test use the app as browsers do."""

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "load_test.py"


def test_two_visitors_at_once_browse_open_a_galaxy_and_request_a_map(address):
    spec = importlib.util.spec_from_file_location("load_test", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    galaxies = iter(["100008", "100023"])
    with ThreadPoolExecutor(1) as thread:  # the browser tests have a loop of their own in this one
        visitors = thread.submit(asyncio.run, benchmark.drive(address, galaxies, "sample", 2, 0.0)).result()
    assert len(visitors) == 2
    for visitor in visitors:
        assert visitor.errors == []
        assert {step: len(seconds) for step, seconds in visitor.seconds.items()} == dict.fromkeys(benchmark.STEPS, 1)
    assert next(galaxies, None) is None  # each opened another one
