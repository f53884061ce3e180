"""The benchmark's visitors, who speak with the server as browsers do, find their way through the app."""

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "app.py"


def test_two_visitors_at_once_browse_open_a_galaxy_and_ask_for_a_map(address):
    spec = importlib.util.spec_from_file_location("benchmark_of_the_app", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    with ThreadPoolExecutor(1) as thread:  # the browser tests have a loop of their own in this one
        measured = thread.submit(asyncio.run, benchmark.drive(address, None, 2, 0.0)).result()
    assert measured.errors == []
    assert {step: len(seconds) for step, seconds in measured.seconds.items()} == dict.fromkeys(benchmark.STEPS, 2)
