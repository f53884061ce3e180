"""The Galaxy Challenge from Kaggle, by Kaggle's own package: with an account that has accepted the rules."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests

from galaxy_explorer.commands.downloads import TIMEOUT, FetchError, check_room
from galaxy_explorer.commands.unpacking import forget_unfinished, is_there, unpack

COMPETITION = "galaxy-zoo-the-galaxy-challenge"
RULES = f"https://www.kaggle.com/c/{COMPETITION}/rules"
TOKEN = (
    "log in at https://www.kaggle.com, create an API token on the page Settings, and save it as it says there "
    "(as ~/.kaggle/access_token or ~/.kaggle/kaggle.json, or in the variable KAGGLE_API_TOKEN)"
)
DOWNLOADS = ".kaggle-download"  # within the folder, so that the space is looked for on the right disk


class Piece(NamedTuple):
    """A zip file of the challenge, and what it holds."""

    archive: str
    holds: str  # a folder of pictures, or one table
    megabytes: int  # about, packed; pictures do not shrink
    most_gigabytes: float


PIECES = (
    Piece("training_solutions_rev1.zip", "training_solutions_rev1.csv", 30, 0.2),
    Piece("images_training_rev1.zip", "images_training_rev1", 1000, 5.0),
    Piece("images_test_rev1.zip", "images_test_rev1", 1300, 6.0),
)


def fetch_kaggle(folder: Path) -> bool:
    """Fetch the challenge's pictures and scores; takes, gives and raises what `fetch.fetch_gz2` does."""
    absent = [piece for piece in PIECES if not is_there(folder / piece.holds)]
    if not absent:
        return False
    for piece in absent:
        forget_unfinished(folder / piece.holds)
    # Each is deleted once it is unpacked: beside the pictures there is one zip file at a time, some of it there already.
    unpacked, packed = sum(piece.megabytes * 1.5 for piece in absent), max(piece.megabytes for piece in absent)
    check_room(folder, unpacked + max(0.0, packed - _megabytes_in(folder / DOWNLOADS)))
    competition_download = _competition_download()
    with _as_we_want_it(folder / DOWNLOADS):
        for piece in absent:
            archive = Path(_asked(competition_download, piece))
            _unpack(piece, archive, folder)
            archive.unlink()
    shutil.rmtree(folder / DOWNLOADS, ignore_errors=True)
    return True


def _megabytes_in(folder: Path) -> float:
    """Add up the sizes of the files in a folder and its folders."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _competition_download() -> Callable[..., str]:
    """Import Kaggle's package, which nothing else needs."""
    try:
        from kagglehub import competition_download
    except ImportError as error:
        raise FetchError(f"Kaggle's package is missing ({error}): pip install kagglehub") from error
    return competition_download


def _asked(competition_download: Callable[..., str], piece: Piece) -> str:
    """Ask for a zip file; say in words what to do when it is not given."""
    from kagglehub.exceptions import DataCorruptionError, UnauthenticatedError

    try:
        return competition_download(COMPETITION, path=piece.archive)
    except UnauthenticatedError as error:
        raise FetchError(
            f"Kaggle gives the challenge to people with an account alone, and no account was found here: {TOKEN}. "
            f"Accept the challenge's rules at {RULES}. Then run the same command again"
        ) from error
    except DataCorruptionError as error:
        raise FetchError(f"{piece.archive} came damaged from Kaggle; run the same command again") from error
    except requests.HTTPError as error:
        raise FetchError(_refusal(piece, error)) from error
    except (requests.RequestException, ConnectionError, TimeoutError) as error:  # other OSErrors are the disk's
        raise FetchError(
            f"{piece.archive} cannot be fetched from Kaggle: no connection, or it broke off. Check the network, and run "
            "the same command again: it goes on where it stopped"
        ) from error
    except ValueError as error:  # what kagglehub says of a kaggle.json that it cannot read
        raise FetchError(f"the token cannot be read ({error}): {TOKEN}. Then run the same command again") from error


def _refusal(piece: Piece, error: requests.HTTPError) -> str:
    """Say what an HTTP status of Kaggle means, and what to do."""
    status = error.response.status_code if error.response is not None else 0
    if status == 401:
        return f"Kaggle does not know the account (HTTP 401), its token may be old: {TOKEN}. Then run the same command again"
    if status == 403:
        return (
            f"Kaggle refuses (HTTP 403), most likely because the account has not accepted the challenge's rules: do so at {RULES} "
            "(“Late Submission” or “I Understand and Accept”), and run the same command again"
        )
    if status == 404:
        return (
            f"Kaggle has no {piece.archive} (HTTP 404); fetch it by hand from https://www.kaggle.com/c/{COMPETITION}/data "
            f"and unpack it as {piece.holds}"
        )
    return f"Kaggle cannot give {piece.archive} just now (HTTP {status}); run the same command again in some minutes"


@contextmanager
def _as_we_want_it(downloads: Path) -> Iterator[None]:
    """Let kagglehub write beside the data, and wait no longer than we do: kagglehub 1.0 begins without a time limit."""
    send, cache = requests.Session.send, os.environ.get("KAGGLEHUB_CACHE")

    def send_in_time(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        return send(session, request, **options | {"timeout": options.get("timeout") or TIMEOUT})

    requests.Session.send = send_in_time  # type: ignore[assignment, method-assign]
    os.environ["KAGGLEHUB_CACHE"] = str(downloads)
    try:
        yield
    finally:
        requests.Session.send = send  # type: ignore[method-assign]
        os.environ.pop("KAGGLEHUB_CACHE")
        os.environ.update({"KAGGLEHUB_CACHE": cache} if cache is not None else {})


def _unpack(piece: Piece, archive: Path, folder: Path) -> None:
    """Unpack a zip file of the challenge to where the catalogue looks for it."""
    target = folder / piece.holds
    if not piece.holds.endswith(".csv"):
        unpack(archive, target, (".jpg",), piece.most_gigabytes)
        return
    place = folder / DOWNLOADS / "table"
    shutil.rmtree(place, ignore_errors=True)
    unpack(archive, place, (".csv",), piece.most_gigabytes)
    if not (place / piece.holds).is_file():
        raise FetchError(f"{archive.name} of Kaggle holds no {piece.holds}; unpack it by hand into {folder}")
    (place / piece.holds).replace(target)
