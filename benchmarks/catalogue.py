"""How long a full Galaxy Zoo 2 takes to open, and how much memory it needs.

python benchmarks/catalogue.py
python benchmarks/catalogue.py --galaxies 10000     a quick look

The catalogue has the width of the real one: the sample's three rows over and over, under ids of their own, with
numbers as long as the real ones. The pictures are empty files, since nothing reads them.
"""

import argparse
import os
import random
import re
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

from measuring import verdict

from galaxy_explorer import catalogue
from galaxy_explorer.catalogue.gz2 import IMAGES, MAPPING, TABLES

SECONDS, GIBIBYTES = 15.0, 1.0  # wanted, of 240,000 galaxies
FIRST_ID = 587722981736120347  # as long as a real dr7objid


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Opening a full Galaxy Zoo 2, from its CSV and from what was kept.")
    add = parser.add_argument
    add("--galaxies", type=int, default=240_000, metavar="N", help="rows of the catalogue (%(default)s)")
    add("--folder", type=Path, metavar="DIR", help="where to write it, some 0.5 GB (default: a temporary folder)")
    return parser.parse_args(arguments)


def write_gz2(folder: Path, count: int) -> None:
    """Write a catalogue of the real one's width, its mapping, and empty pictures."""
    (folder / IMAGES[0]).mkdir(parents=True)
    header, *rows = (Path(catalogue.__file__).parents[1] / "sample" / "gz2_rows.csv").read_text().splitlines()
    draw = random.Random(0)
    with (folder / TABLES[0]).open("w") as table, (folder / MAPPING).open("w") as mapping:
        table.write(header + "\n")
        mapping.write("objid,sample,asset_id\n")
        for number, row in enumerate(islice(cycle(rows), count)):
            votes = row.partition(",")[2]
            # Another last digit of every long fraction: no two rows are alike, as in the real one.
            votes = re.sub(r"(0\.\d{9,})", lambda found: f"{found[0][:-1]}{draw.randrange(10)}", votes)
            table.write(f"{FIRST_ID + number},{votes}\n")
            mapping.write(f"{FIRST_ID + number},original,{number + 1}\n")
            (folder / IMAGES[0] / f"{number + 1}.jpg").touch()


def memory(name: str) -> float:
    """Read a figure of this process's memory from /proc, in GiB."""
    (kibibytes,) = re.findall(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    return int(kibibytes) / 2**20


def opened_in(folder: Path) -> float:
    """Open the catalogue, and give the seconds on the clock."""
    start = time.perf_counter()
    galaxies = catalogue.open_catalogue(folder)
    seconds = time.perf_counter() - start
    assert not galaxies.missing_pictures, "the benchmark's own pictures are not found"
    return seconds


def measure(folder: Path, count: int) -> None:
    """Write a catalogue and print what opening it takes."""
    write_gz2(folder, count)
    print(f"{count:,} galaxies, {(folder / TABLES[0]).stat().st_size / 2**20:,.0f} MiB of CSV")
    linux = sys.platform == "linux"
    before = memory("VmRSS") if linux else 0.0
    first = opened_in(folder)
    verdict("the first time, from CSV, in s", first, f"at most {SECONDS:g}", first <= SECONDS)
    if linux:
        grown = memory("VmHWM") - before
        verdict(
            "growth of the resident memory at its peak, in GiB", grown, f"at most {GIBIBYTES:g}", grown <= GIBIBYTES
        )
    again = opened_in(folder)
    verdict("the second time, from the kept table, in s", again, "less than the first", again < first)


def main(arguments: list[str] | None = None) -> None:
    """Measure in a folder of its own, with a cache of its own."""
    flags = read_flags(arguments)
    with tempfile.TemporaryDirectory(dir=flags.folder) as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        measure(Path(folder) / "gz2", flags.galaxies)


if __name__ == "__main__":
    main()
