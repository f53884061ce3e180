"""300 mutated picture files are read or rejected, within 5 CPU seconds each and 600 MB."""

import json
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.studies.corpus import MAX_CPU_S, MAX_MEGABYTES, is_good

CORPUS = Path(__file__).parents[2] / "benchmarks" / "studies" / "corpus.py"


def limit():
    """End the child rather than the machine."""
    resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
    resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))


def test_mutated_pictures_are_read_or_rejected_within_bounds():
    """The child's peak of memory is that of all files, and of what makes them."""
    command = [sys.executable, str(CORPUS), "--together", "--json", "--count", "300"]
    child = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
    results = [json.loads(line) for line in child.stdout.splitlines()]
    assert len(results) == 300, f"the process ended after seed {len(results) - 1}: {child.stderr[-1000:]}"
    assert [result for result in results if not is_good(result)] == []
    outcomes = [result["outcome"] for result in results]
    assert outcomes.count("ok") > 50
    assert outcomes.count("ImageError") > 50


def test_what_is_beyond_the_bounds_is_seen():
    good = {"outcome": "ok", "cpu_s": 1.0, "megabytes": 200.0}
    assert is_good(good)
    assert is_good(good | {"outcome": "ImageError"})
    for bad in ({"outcome": "KeyError"}, {"cpu_s": MAX_CPU_S}, {"megabytes": MAX_MEGABYTES}):
        assert not is_good(good | bad)
