"""Reading of mutated pictures within bounds: ImageError alone, 5 CPU seconds, 600 MB.

python benchmarks/studies/corpus.py                     2,000 files, each read in a child process
python benchmarks/studies/corpus.py --first 700 --count 1
python benchmarks/studies/corpus.py --count 300 --together      in one process, whose peak of memory is that of all
"""

import argparse
import json
import os
import resource
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from benchmarks.studies.mutated_pictures import make
from galaxy_explorer.images import ImageError, read_exposure

MAX_CPU_S, MAX_MEGABYTES = 5.0, 600.0
LIMIT_CPU_S, LIMIT_BYTES = 60, 6 * 2**30  # of a child, so that a bad one ends; some 0.3 GB are libraries


def read(content: bytes) -> tuple[str, str]:
    """Read a picture as the app does; return the outcome or the error, and its message."""
    try:
        shape = read_exposure(content).picture.shape
        return ("ok", "×".join(map(str, shape))) if len(shape) == 3 and shape[2] == 3 else ("shape", str(shape))
    except ImageError as error:
        return "ImageError", str(error)
    except BaseException as error:  # what is looked for
        return type(error).__name__, str(error)


def cpu_seconds() -> float:
    """Return the CPU time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_megabytes() -> float:
    """Return the peak of the resident memory; `ru_maxrss` may be that of a parent process."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1e3


def measure(seed: int) -> dict[str, Any]:
    """Read the file of a seed in this process; its peak of memory includes what went before."""
    content, label = make(seed)
    before = cpu_seconds()
    outcome, message = read(content)
    return {
        **{"seed": seed, "label": label, "bytes": len(content), "outcome": outcome, "message": message[:300]},
        **{"cpu_s": cpu_seconds() - before, "megabytes": peak_megabytes()},
    }


def in_child(seed: int) -> dict[str, Any]:
    """Read the file of a seed in a child process, with a peak of memory of its own."""
    content, label = make(seed)
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_CPU_S, LIMIT_CPU_S))
        os.write(sender, json.dumps(read(content)).encode()[:4000])
        os._exit(0)
    os.close(sender)
    _, status, used = os.wait4(child, 0)
    with os.fdopen(receiver, "rb") as pipe:
        told = pipe.read()
    outcome, message = json.loads(told) if told and not status else (f"signal {status}", "")
    return {
        **{"seed": seed, "label": label, "bytes": len(content), "outcome": outcome, "message": message[:300]},
        **{"cpu_s": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1e3},
    }


def is_good(result: dict[str, Any]) -> bool:
    """Return whether a file was read or rejected within the bounds."""
    within = result["cpu_s"] < MAX_CPU_S and result["megabytes"] < MAX_MEGABYTES
    return within and result["outcome"] in ("ok", "ImageError")


def results_of(first: int, count: int, *, together: bool) -> Iterator[dict[str, Any]]:
    """Yield what became of the file of each seed."""
    warnings.simplefilter("ignore")
    read(make(4)[0])  # imports astropy, once
    for seed in range(first, first + count):
        yield measure(seed) if together else in_child(seed)


def summarise(results: list[dict[str, Any]]) -> None:
    """Print the outcomes by format, and the five files that cost most."""
    outcomes = Counter((result["label"].split()[0], result["outcome"]) for result in results)
    for (form, outcome), count in sorted(outcomes.items()):
        print(f"{form:8} {outcome:20} {count:6,}")
    for measured in ("cpu_s", "megabytes"):
        print(f"\nmost {measured}:")
        for result in sorted(results, key=lambda one: -one[measured])[:5]:
            print(f"  {result[measured]:8.2f}  seed {result['seed']}, {result['label']}: {result['message'][:90]}")
    print(f"\nbeyond the bounds: {sum(not is_good(result) for result in results)} of {len(results):,}")


def main(arguments: list[str] | None = None) -> int:
    """Read the files; return 1 if one of them is beyond the bounds."""
    parser = argparse.ArgumentParser(description="Mutated picture files, read within bounds.")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="first seed (%(default)s)")
    parser.add_argument("--count", type=int, default=2000, metavar="N", help="files (%(default)s)")
    parser.add_argument("--together", action="store_true", help="read all in one process")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each file, and no summary")
    flags = parser.parse_args(arguments)
    results = []
    for result in results_of(flags.first, flags.count, together=flags.together):
        results.append(result)
        if flags.json:
            print(json.dumps(result), flush=True)
        elif not is_good(result):
            print("beyond the bounds:", json.dumps(result), flush=True)
    if not flags.json:
        summarise(results)
    return 0 if all(map(is_good, results)) else 1


if __name__ == "__main__":
    sys.exit(main())
