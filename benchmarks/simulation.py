"""Measure how many simulated galaxies one core renders in a second, in processor time.

python benchmarks/simulation.py --count 100

Processor time does not depend on what else the machine does. The galaxies are drawn from the priors.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

from measuring import verdict

from galaxy_explorer.simulation import component_masks, render, sample

WANTED = {212: 25.0, 424: 8.0}  # pictures a second


def main() -> None:
    """Render galaxies of the priors at both sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="number of galaxies (default: %(default)s)")
    count = parser.parse_args().count
    galaxies = [sample(seed) for seed in range(count)]
    render(galaxies[0])
    for size, wanted in WANTED.items():
        start = time.process_time()
        for galaxy in galaxies:
            render(galaxy, size)
        speed = count / (time.process_time() - start)
        verdict(f"pictures of {size} pixels per second of processor time", speed, f"{wanted:g}", speed >= wanted)
    start = time.process_time()
    for galaxy in galaxies:
        component_masks(galaxy)
    print(f"  masks of a galaxy: {(time.process_time() - start) / count:.3f} s of processor time")


if __name__ == "__main__":
    main()
