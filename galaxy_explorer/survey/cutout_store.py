"""Cutouts on disk: a folder that grows, survives a kill, and ends as a folder or a zip file."""

import csv
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from galaxy_explorer.catalogue import FIELD_FILE, ID, POSITIONS_FILE
from galaxy_explorer.images import FIELD_PX
from galaxy_explorer.storage import atomic_path, remove, remove_leftovers, try_lock, write_atomic
from galaxy_explorer.survey.targets import Target

_DONE = ".done.csv"  # in the unfinished folder: id and covered fraction of each cutout
_SETTINGS = ".settings.json"
_COLUMNS = (ID, "ra_deg", "dec_deg", "covered")  # of the table of positions


@dataclass(frozen=True)
class CutoutStore:
    """Cutouts that are written one by one, and become complete at once.

    Parameters
    ----------
    path : Path
        The zip file, if it ends in ``.zip``, or folder.
    suffix : str
        Of the pictures.
    """

    path: Path
    suffix: str

    @property
    def unfinished(self) -> Path:
        """Folder of the cutouts while they are written."""
        return self.path.with_name(f"{self.path.name}.partial")

    @property
    def failed(self) -> Path:
        """List of the galaxies without a cutout."""
        return self.path.with_name(f"{self.path.name}.failed.csv")

    @property
    def is_zip(self) -> bool:
        """Whether the result is a zip file."""
        return self.path.suffix.lower() == ".zip"

    @property
    def is_finished(self) -> bool:
        """Whether the zip file, or the folder with its positions, is there, and no unfinished run."""
        result = self.path if self.is_zip else self.path / POSITIONS_FILE
        return result.is_file() and not self.unfinished.exists()

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Try to acquire the lock of the output; yield False if another process holds it."""
        with try_lock(self.path.with_name(f".{self.path.name}.lock")) as acquired:
            if acquired:
                remove_leftovers(self.path)
            yield acquired

    def begin(self, settings: Mapping[str, object]) -> dict[str, float]:
        """Make the unfinished folder, or open the one of an interrupted run.

        Returns
        -------
        dict of str to float
            Covered fraction by id of the cutouts that are there.

        Raises
        ------
        ValueError
            If it was begun with other settings.
        """
        mine = json.dumps(settings, sort_keys=True, indent=1)
        file = self.unfinished / _SETTINGS
        if not file.is_file():
            remove(self.unfinished)
            self.unfinished.mkdir()
            write_atomic(file, mine.encode())
            return {}
        before = json.loads(file.read_text(encoding="utf-8"))
        if other := [name for name in settings if before.get(name) != json.loads(mine)[name]]:
            raise ValueError(
                f"{self.unfinished} was begun with {_in_words(other)}; give the same as before, or delete it to "
                "start again"
            )
        return self._done()

    def _done(self) -> dict[str, float]:
        """Read the cutouts that are complete; a line that was cut short by a kill is ignored."""
        done: dict[str, float] = {}
        path = self.unfinished / _DONE
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.reader(file):
                    if len(row) == 3 and row[2] == "." and self._picture(row[0]).is_file():
                        done[row[0]] = float(row[1])
        self._write_done(path, done, "w")  # a cut line would spoil the next one
        return done

    def add(self, pictures: Mapping[str, bytes], covered: Mapping[str, float]) -> None:
        """Write some cutouts by id."""
        for galaxy_id, content in pictures.items():
            write_atomic(self._picture(galaxy_id), content)
        self._write_done(self.unfinished / _DONE, covered, "a")

    def _write_done(self, path: Path, covered: Mapping[str, float], mode: str) -> None:
        with path.open(mode, encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows((name, part, ".") for name, part in covered.items())

    def _picture(self, galaxy_id: str) -> Path:
        return self.unfinished / f"{galaxy_id}{self.suffix}"

    def finish(self, targets: Sequence[Target], covered: Mapping[str, float]) -> None:
        """Add the field of view and the positions, and give the cutouts their name."""
        write_atomic(self.unfinished / FIELD_FILE, json.dumps({"centre": FIELD_PX, "of": FIELD_PX}).encode())
        written = sorted((one for one in targets if one.galaxy_id in covered), key=lambda one: one.galaxy_id)
        with (
            atomic_path(self.unfinished / POSITIONS_FILE) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_COLUMNS)
            for one in written:
                position = (round(one.ra_deg % 360, 7), round(one.dec_deg, 7))
                writer.writerow((one.galaxy_id, *position, round(covered[one.galaxy_id], 4)))
        names = [FIELD_FILE, POSITIONS_FILE, *(f"{one.galaxy_id}{self.suffix}" for one in written)]
        if self.is_zip:
            self._write_zip(names)
            shutil.rmtree(self.unfinished)
            return
        for path in self.unfinished.glob(".*"):  # also what a kill left
            path.unlink()
        if self.path.is_dir():
            self.path.rmdir()  # an empty one
        self.unfinished.rename(self.path)

    def give_up(self) -> None:
        """Remove the unfinished folder: no galaxy could be cut out."""
        remove(self.unfinished)

    def _write_zip(self, names: Sequence[str]) -> None:
        """Write files of the unfinished folder into the zip file; pictures are compressed already."""
        with atomic_path(self.path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for name in names:
                method = zipfile.ZIP_DEFLATED if name.endswith(".csv") else zipfile.ZIP_STORED
                archive.write(self.unfinished / name, name, compress_type=method)


def _in_words(settings: Sequence[str]) -> str:
    return f"another {settings[0]}" if len(settings) == 1 else f"other {', '.join(settings)}"
