"""Time and memory of opening a full Galaxy Zoo 2.

python benchmarks/catalogue.py
python benchmarks/catalogue.py --galaxies 10000     a quick run

The table is as wide as the real one: the sample's three rows over and over, under new ids, with numbers as long as
the real ones. The pictures are empty files, since nothing reads them.
"""

import argparse
import os
import random
import re
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

from measuring import timed, verdict

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.catalogue.gz2 import IMAGES, MAPPING, TABLES

ROOT = Path(__file__).resolve().parents[1]
SECONDS, GIBIBYTES = 15.0, 1.0  # targets for 240,000 galaxies
FIRST_ID = 587722981736120347  # as long as a real dr7objid


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Open a full Galaxy Zoo 2 from CSV and from the cache.")
    add = parser.add_argument
    add("--galaxies", type=int, default=240_000, metavar="N", help="rows of the catalogue (%(default)s)")
    add("--folder", type=Path, metavar="DIR", help="where to write it, some 0.5 GB (default: a temporary folder)")
    return parser.parse_args(arguments)


def write_gz2(folder: Path, count: int) -> None:
    """Write a table as wide as the real one, its mapping, and empty pictures."""
    (folder / IMAGES[0]).mkdir(parents=True)
    header, *rows = (ROOT / "galaxy_explorer" / "sample" / "gz2_rows.csv").read_text().splitlines()
    draw = random.Random(0)
    with (folder / TABLES[0]).open("w") as table, (folder / MAPPING).open("w") as mapping:
        table.write(header + "\n")
        mapping.write("objid,sample,asset_id\n")
        for number, row in enumerate(islice(cycle(rows), count)):
            votes = row.partition(",")[2]
            # A new last digit of every long fraction: as in the real table, no two rows are equal.
            votes = re.sub(r"(0\.\d{9,})", lambda match: f"{match[0][:-1]}{draw.randrange(10)}", votes)
            table.write(f"{FIRST_ID + number},{votes}\n")
            mapping.write(f"{FIRST_ID + number},original,{number + 1}\n")
            (folder / IMAGES[0] / f"{number + 1}.jpg").touch()


def memory(name: str) -> float:
    """Return a figure of this process's memory from /proc, in GiB."""
    (kibibytes,) = re.findall(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    return int(kibibytes) / 2**20


def measure(folder: Path, count: int) -> None:
    """Write a catalogue and print what opening it takes."""
    write_gz2(folder, count)
    print(f"{count:,} galaxies, {(folder / TABLES[0]).stat().st_size / 2**20:,.0f} MiB of CSV")
    linux = sys.platform == "linux"
    before = memory("VmRSS") if linux else 0.0
    first, galaxies = timed(open_catalogue, folder)
    verdict("first opening, from CSV, s", first, f"at most {SECONDS:g}", first <= SECONDS)
    if linux:
        growth = memory("VmHWM") - before
        verdict("peak growth of the resident memory, GiB", growth, f"at most {GIBIBYTES:g}", growth <= GIBIBYTES)
    if galaxies.missing_pictures:
        raise RuntimeError("the benchmark's own pictures are not found")
    second, _ = timed(open_catalogue, folder)
    verdict("second opening, from the cache, s", second, "less than the first", second < first)


def main(arguments: list[str] | None = None) -> None:
    """Measure in a temporary folder, with a cache in it."""
    flags = read_flags(arguments)
    with tempfile.TemporaryDirectory(dir=flags.folder) as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        measure(Path(folder) / "gz2", flags.galaxies)


if __name__ == "__main__":
    main()
