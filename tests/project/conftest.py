"""Fixtures of the tests of benchmarks and studies."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark_named(monkeypatch):
    """A function that imports a benchmark as if it ran as a script."""

    def imported(name):
        monkeypatch.syspath_prepend(BENCHMARKS)
        spec = importlib.util.spec_from_file_location(f"benchmark_of_{Path(name).name}", BENCHMARKS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield imported
    for name in ("measuring", "make_survey"):
        sys.modules.pop(name, None)
