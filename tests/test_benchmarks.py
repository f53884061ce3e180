"""The benchmarks run and print their ratios; what they measure on a busy machine is not judged here."""

import importlib.util
import sys
from pathlib import Path

import pytest
from tiny_prediction import write_tiny_weights
from tiny_training import in_one_thread

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)


@pytest.fixture
def benchmark_named(monkeypatch):
    """A function that imports a benchmark as it is when it runs as a script."""

    def imported(name):
        monkeypatch.syspath_prepend(BENCHMARKS)
        spec = importlib.util.spec_from_file_location(f"benchmark_of_{name}", BENCHMARKS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield imported
    sys.modules.pop("measuring", None)


def test_prediction_prints_its_ratios(benchmark_named, tmp_path, capsys):
    flags = ["--pictures", "9", "--memory-pictures", "40", "--repeats", "1", "--device", "cpu"]
    benchmark_named("prediction").main(["--weights", write_tiny_weights(tmp_path), *flags])
    printed = capsys.readouterr().out
    assert printed.count("wanted: ") == (3 if sys.platform == "linux" else 2)
    assert "predict against the slower of the two" in printed


def test_training_prints_its_ratios(benchmark_named, capsys):
    recipe = ["--model", "fcn", "--size", "32", "--widths", "8", "8", "8", "--batch-size", "8", "--hold-out", "2"]
    benchmark_named("training").main(["--galaxies", "18", "--repeats", "1", "--device", "cpu", *recipe])
    printed = capsys.readouterr().out
    assert printed.count("wanted: ") == 2
    assert "16 galaxies" in printed
    assert printed.count("s an epoch") == 3
