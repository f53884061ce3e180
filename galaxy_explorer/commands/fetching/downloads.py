"""Downloads of large files: resume, checksum, size and disk-space check, atomic rename."""

import gzip
import hashlib
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from galaxy_explorer.sky import HttpClient, Limits, ServiceError

HOSTS = ("zenodo.org", "gz2hart.s3.amazonaws.com")
CLIENT = HttpClient(HOSTS, limits=Limits(connect_timeout_s=10, max_retries=5, backoff_s=1, max_retry_after_s=60))
READ_TIMEOUT_S = 60
MAX_BREAKS = 5  # connections that break off after less than a chunk each
SIZE_FACTOR, SIZE_MARGIN_MB = 2.0, 100.0  # a larger file than this times the expected size, plus this, is refused
CHUNK_BYTES = 2**20


class FetchError(ValueError):
    """Data that cannot be fetched or unpacked."""


@dataclass(frozen=True)
class Remote:
    """File on the internet: approximate size, MD5 checksum (empty if not published)."""

    name: str
    url: str
    megabytes: int
    md5: str = ""


def download(remote: Remote, folder: Path) -> Path:
    """Download a file, resuming ``NAME.part`` of an earlier run; rename it once it is verified."""
    path, part = folder / remote.name, _part(remote, folder)
    if path.is_file():
        if not (remote.md5 and (fault := _fault(path, remote))):
            return path
        print(f"{path} is damaged ({fault}); it was renamed to {_set_aside(path, path)}", flush=True)
    was_resumed = part.exists()
    _receive(remote, part)
    if was_resumed and _fault(part, remote):  # the file may have changed between the two runs
        part.unlink()
        _receive(remote, part)
    if fault := _fault(part, remote):
        raise FetchError(
            f"{remote.name} was received damaged ({fault}) and renamed to {_set_aside(part, path)}; "
            "run the same command again"
        )
    part.replace(path)
    return path


def missing_megabytes(remote: Remote, folder: Path) -> float:
    """Return the approximate size of what is still to be downloaded."""
    if (folder / remote.name).exists():
        return 0.0
    return max(0.0, remote.megabytes - _size(_part(remote, folder)) / 1e6)


def check_disk_space(folder: Path, megabytes: float) -> None:
    """Raise FetchError if fewer megabytes are free on the disk of a folder."""
    free = shutil.disk_usage(folder).free / 1e6
    if free < megabytes:
        raise FetchError(
            f"{_in_units(megabytes)} are needed and {_in_units(free)} are free on the disk of {folder}; "
            "make room, or choose a folder on another disk with --to"
        )


def _in_units(megabytes: float) -> str:
    return f"{megabytes / 1e3:.1f} GB" if megabytes >= 1e3 else f"{megabytes:.0f} MB"


def _receive(remote: Remote, part: Path) -> None:
    """Append to the unfinished file until it is complete; resume after a broken connection."""
    breaks = 0
    while True:
        start = _size(part)
        try:
            _append(remote, part, start)
            return
        except ServiceError as error:
            breaks = 0 if _size(part) - start >= CHUNK_BYTES else breaks + 1
            if _size(part) == start or breaks > MAX_BREAKS:
                raise FetchError(
                    f"{remote.name} cannot be fetched: {error}. Run the same command again to resume, or download "
                    f"{remote.url.partition('?')[0]} by hand"
                ) from error


def _append(remote: Remote, part: Path, start: int) -> None:
    """Request the rest of a file and write it."""
    name = str(urlsplit(remote.url).hostname)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    statuses = (200, 206, 416) if start else (200,)
    with CLIENT.open(
        remote.url, name=name, read_timeout_s=READ_TIMEOUT_S, headers=headers, statuses=statuses
    ) as response:
        if response.status_code == 416:  # nothing is left, or the file changed; the checksum decides
            return
        start = start if response.status_code == 206 else 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        check_disk_space(part.parent, ((total or start) - start) / 1e6)
        max_bytes = start + 1e6 * (SIZE_FACTOR * remote.megabytes + SIZE_MARGIN_MB)
        with (
            part.open("ab" if start else "wb") as file,
            tqdm(desc=remote.name, total=total, initial=start, unit="B", unit_scale=True, disable=None) as bar,
        ):
            # Undecoded: a server that sends "Content-Encoding: gzip" with a .gz file means the file itself.
            for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() > max_bytes:
                    raise FetchError(
                        f"{remote.url} sent more than {max_bytes / 1e6:,.0f} MB, expected {remote.megabytes:,} MB; "
                        f"delete {part} and download the file by hand"
                    )


def _fault(path: Path, remote: Remote) -> str:
    """Return what is wrong with a file, by its MD5 or its gzip checksum; empty if it is right."""
    if not _size(path):
        return "it is empty"
    if remote.md5:
        with path.open("rb") as file:
            md5 = hashlib.file_digest(file, "md5").hexdigest()
        return "" if md5 == remote.md5 else f"its md5 is {md5}, expected {remote.md5}"
    if remote.name.endswith(".gz"):
        try:
            with gzip.open(path) as file:
                while file.read(CHUNK_BYTES):
                    pass
        except (OSError, EOFError, zlib.error) as error:
            return str(error)
    return ""


def _set_aside(damaged: Path, path: Path) -> str:
    """Rename a damaged file and return its new name."""
    aside = path.with_name(f"{path.name}.wrong")
    damaged.replace(aside)
    return aside.name


def _part(remote: Remote, folder: Path) -> Path:
    return folder / f"{remote.name}.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
