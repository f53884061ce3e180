"""Large files from the internet: fetched so that an interruption costs little, and checked before they are believed."""

import gzip
import hashlib
import shutil
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import Retry

from galaxy_explorer import __version__

# No other host is asked, nor any that these lead to.
HOSTS = ("zenodo.org", "gz2hart.s3.amazonaws.com")
SCHEMES = ("https",)
TIMEOUT = (10, 60)  # seconds: to connect, and between two pieces
MOST, SPARE_MEGABYTES = 2.0, 100.0  # times the size that was awaited, and a little beside
PAUSES = (1, 2, 4, 8, 16)  # seconds before the attempts that follow a failure
LONGEST_PAUSE = 60  # seconds that a server may ask for
REDIRECTS = 3
PIECE = 2**20  # bytes
USER_AGENT = f"galaxy-explorer/{__version__}"


class FetchError(ValueError):
    """Data cannot be fetched or unpacked; the message says what was found and what to do."""


class _Broken(Exception):
    """An attempt failed in a way that another one may not; with the seconds that the server asks to wait."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Remote:
    """A file of the internet.

    Parameters
    ----------
    name : str
        What it is called on disk.
    url : str
        Where it is.
    megabytes : int
        About its size, to tell before whether the disk has room.
    md5 : str
        What its content must give; empty where nobody has published it. A gzip file carries a checksum itself.
    """

    name: str
    url: str
    megabytes: int
    md5: str = ""


def download(remote: Remote, folder: Path) -> Path:
    """Fetch a file, going on with what an earlier run has left.

    Parameters
    ----------
    remote : Remote
        The file.
    folder : Path
        Where it goes. Until it is whole and checked it is called ``NAME.part``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FetchError
        If it cannot be had, or is not what it should be.
    OSError
        If it cannot be written.
    """
    path = folder / remote.name
    if path.is_file():
        if not (remote.md5 and (fault := _fault(path, remote))):
            return path
        print(f"{path} is not what it should be ({fault}); {_set_aside(path, path)}", flush=True)
    part = _part(path)
    resumed = part.exists()
    _fetch(remote, part)
    if resumed and _fault(part, remote):  # the file may have changed between the two runs
        part.unlink()
        _fetch(remote, part)
    if fault := _fault(part, remote):
        raise FetchError(f"what came from {remote.url} is damaged ({fault}); {_set_aside(part, path)}. Fetch it again")
    part.replace(path)
    _mark(part).unlink(missing_ok=True)
    return path


def needed_megabytes(remote: Remote, folder: Path) -> float:
    """Tell how much of a file is still to come."""
    part = _part(folder / remote.name)
    done = part.stat().st_size / 1e6 if part.exists() else 0.0
    return 0.0 if (folder / remote.name).exists() else max(0.0, remote.megabytes - done)


def check_room(folder: Path, megabytes: float) -> None:
    """Refuse to begin what the disk has no room for.

    Raises
    ------
    FetchError
        If fewer megabytes are free.
    """
    free = shutil.disk_usage(folder).free / 1e6
    if free < megabytes:
        raise FetchError(
            f"{_written(megabytes)} are needed and {_written(free)} are free on the disk of {folder}; "
            "make room, or name a folder on another disk with --to"
        )


def _written(megabytes: float) -> str:
    """Write a size."""
    return f"{megabytes / 1e3:.1f} GB" if megabytes >= 1e3 else f"{megabytes:.0f} MB"


def _fetch(remote: Remote, part: Path) -> None:
    """Fetch a file into its unfinished one; failures that bring nothing new in between are counted."""
    failures = 0
    while True:
        before = _size(part)
        try:
            _receive(remote, part)
            return
        except (_Broken, requests.RequestException, HTTPError) as error:
            failures = 0 if _size(part) - before >= PIECE else failures + 1
            if failures > len(PAUSES):
                raise FetchError(
                    f"{remote.url} cannot be fetched ({_in_short(error)}); check the connection, and run the same "
                    "command again: it goes on where it stopped"
                ) from error
            asked = min(error.wait, LONGEST_PAUSE) if isinstance(error, _Broken) else 0.0
            time.sleep(max(asked, PAUSES[failures - 1] if failures else PAUSES[0]))


def _receive(remote: Remote, part: Path) -> None:
    """Ask for what is missing of a file, and write what comes."""
    start, mark = _size(part), _mark(part)
    known = mark.read_text(encoding="utf-8") if mark.exists() else ""
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if start and (known or remote.md5):
        headers |= {"Range": f"bytes={start}-"} | ({"If-Range": known} if known else {})
    with requests.Session() as session, _answer(session, remote.url, headers) as response:
        if response.status_code == 416:
            _end_of_range(response, part, start)
            return
        _check_status(response, remote)
        if response.status_code == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink(missing_ok=True)
            raise _Broken("the server sent another part than the one that was asked for")
        start = start if response.status_code == 206 else 0
        mark.write_text(_validator(response), encoding="utf-8")
        _write(response, part, start, remote)


def _write(response: requests.Response, part: Path, start: int, remote: Remote) -> None:
    """Write what comes, behind what is there, and no more than the file can be."""
    most = start + 1e6 * (MOST * remote.megabytes + SPARE_MEGABYTES)
    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdecimal() else None
    check_room(part.parent, ((total or start) - start) / 1e6)
    name = part.name.removesuffix(".part")
    with (
        part.open("ab" if start else "wb") as file,
        tqdm(desc=name, total=total, initial=start, unit="B", unit_scale=True, disable=None) as bar,
    ):
        # The bytes as they are: a server that says "Content-Encoding: gzip" of a .gz file means the file itself.
        for piece in response.raw.stream(PIECE, decode_content=False):
            file.write(piece)
            bar.update(len(piece))
            if file.tell() > most:
                raise FetchError(
                    f"{remote.url} sends more than {most / 1e6:,.0f} MB, where some {remote.megabytes:,} MB were awaited; "
                    f"delete {part} and fetch the file by hand"
                )
    if total is not None and _size(part) != total:
        raise _Broken(f"the connection broke off after {_size(part):,} of {total:,} bytes")


def _answer(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    """Send a request, and follow where it leads within the table of hosts."""
    for _ in range(REDIRECTS + 1):
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in SCHEMES or not any(host == known or host.endswith(f".{known}") for known in HOSTS):
            raise FetchError(
                f"the way to the file leads to {host or 'nowhere'}, which is not among the hosts that are asked "
                f"({', '.join(HOSTS)}); fetch the file by hand, and put it into the folder"
            )
        response = session.get(url, headers=headers, stream=True, timeout=TIMEOUT, allow_redirects=False)
        if not response.is_redirect:
            return response
        url = urljoin(url, response.headers["Location"])
        response.close()
    raise FetchError(f"{url} leads on and on; try again later")


def _check_status(response: requests.Response, remote: Remote) -> None:
    """Refuse an answer that is not the file."""
    status = response.status_code
    if status == 429 or status >= 500:
        raise _Broken(f"the server is busy: HTTP {status}", _wait_asked_for(response))
    if status not in (200, 206):
        raise FetchError(
            f"{remote.url} is refused by its server (HTTP {status}); try again later, or fetch it by hand as {remote.name}"
        )
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise FetchError(f"{remote.url} gave a web page in place of the file; open it in a browser to see what it says")


def _wait_asked_for(response: requests.Response) -> float:
    """Read how many seconds a server wants to be left alone; 0 where it does not say so."""
    try:
        return Retry().get_retry_after(response.raw) or 0.0
    except (InvalidHeader, OverflowError):
        return 0.0


def _end_of_range(response: requests.Response, part: Path, start: int) -> None:
    """Handle the answer that there is nothing behind what we have: we have all, or something else."""
    if response.headers.get("Content-Range", "") != f"bytes */{start}":
        part.unlink()
        raise _Broken("what an earlier run has left is longer than the file")


def _validator(response: requests.Response) -> str:
    """Take what tells this version of a file from another one; a weak ETag does not."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _fault(path: Path, remote: Remote) -> str:
    """Say what is wrong with a file; empty where nothing is."""
    if not _size(path):
        return "it is empty"
    if remote.md5:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "md5").hexdigest()
        return "" if found == remote.md5 else f"its md5 is {found}, wanted {remote.md5}"
    try:
        with gzip.open(path) as file:
            while file.read(PIECE):
                pass
    except (OSError, EOFError, zlib.error) as error:
        return str(error)
    return ""


def _set_aside(found: Path, path: Path) -> str:
    """Move a bad file out of the way, and say where to."""
    aside = path.with_name(f"{path.name}.wrong")
    found.replace(aside)
    _mark(_part(path)).unlink(missing_ok=True)
    return f"it was set aside as {aside.name}"


def _part(path: Path) -> Path:
    """Name the unfinished file."""
    return path.with_name(f"{path.name}.part")


def _mark(part: Path) -> Path:
    """Name the file that says of which version the unfinished one is."""
    return part.with_name(f"{part.name}.version")


def _size(path: Path) -> int:
    """Give a file's size, 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def _in_short(error: Exception) -> str:
    """Say what went wrong without the insides of libraries."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error) if isinstance(error, _Broken) else "the connection broke off"
