"""The Galaxy Challenge from Kaggle, for accounts that accepted its rules."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter

from galaxy_explorer.commands.fetching.downloads import (
    FetchError,
    Remote,
    check_disk_space,
    download,
    missing_megabytes,
)
from galaxy_explorer.commands.fetching.unpacking import exists_with_content, remove_unfinished, unpack

COMPETITION = "galaxy-zoo-the-galaxy-challenge"
PAGE = f"https://www.kaggle.com/c/{COMPETITION}"
TOKEN_ADVICE = (
    "log in at https://www.kaggle.com, create an API token on the page Settings, and save it as described there (as "
    "~/.kaggle/access_token or ~/.kaggle/kaggle.json, or in the variable KAGGLE_API_TOKEN). Then run the same command "
    "again"
)
TIMEOUT_S = (10.0, 60.0)  # to connect, and between two chunks


class Piece(NamedTuple):
    """Zip file of the challenge, and the folder of pictures or the table in it."""

    archive: str
    content: str
    megabytes: int  # about, packed; pictures do not shrink
    max_gigabytes: float


PIECES = (
    Piece("training_solutions_rev1.zip", "training_solutions_rev1.csv", 30, 0.2),
    Piece("images_training_rev1.zip", "images_training_rev1", 1000, 5.0),
    Piece("images_test_rev1.zip", "images_test_rev1", 1300, 6.0),
)


def fetch_kaggle(folder: Path) -> bool:
    """Fetch what is missing of the challenge's pictures and scores; return whether anything was."""
    missing = [piece for piece in PIECES if not exists_with_content(folder / piece.content)]
    if not missing:
        return False
    for piece in missing:
        remove_unfinished(folder / piece.content)
    # Each zip file is deleted once it is unpacked, so that one at a time takes space.
    packed = max(missing_megabytes(Remote(piece.archive, "", piece.megabytes), folder) for piece in missing)
    check_disk_space(folder, packed + sum(piece.megabytes * 1.5 for piece in missing))
    for piece in missing:
        archive = folder / piece.archive
        if not archive.is_file():
            download(Remote(piece.archive, _signed_url(piece), piece.megabytes), folder)
        _unpack(piece, archive, folder)
        archive.unlink()
    return True


class _TimeoutAdapter(HTTPAdapter):
    """Adapter with a timeout: Kaggle's package sends its requests without one."""

    def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        options["timeout"] = options.get("timeout") or TIMEOUT_S
        return super().send(request, **options)


def _signed_url(piece: Piece) -> str:
    """Return the URL, valid for some minutes, that Kaggle's package gets for a zip file."""
    try:
        from kagglehub.clients import build_kaggle_client
        from kagglehub.config import get_kaggle_credentials
        from kagglesdk.competitions.types.competition_api_service import ApiDownloadDataFileRequest
    except ImportError as error:
        raise FetchError(f"Kaggle's package is missing ({error}): pip install kagglehub") from error
    try:
        has_account = get_kaggle_credentials() is not None
    except ValueError as error:
        raise FetchError(f"the token cannot be read ({error}): {TOKEN_ADVICE}") from error
    if not has_account:
        raise FetchError(
            f"no Kaggle account was found on this machine: accept the challenge's rules at {PAGE}/rules, "
            f"and {TOKEN_ADVICE}"
        )
    request = ApiDownloadDataFileRequest()
    request.competition_name, request.file_name = COMPETITION, piece.archive
    try:
        with build_kaggle_client() as client:
            session = client.http_client()._session
            for scheme in ("http://", "https://"):
                session.mount(scheme, _TimeoutAdapter())
            with client.competitions.competition_api_client.download_data_file(request) as response:
                return str(response.url)  # after the redirect
    except requests.HTTPError as error:
        raise FetchError(_advice(piece, error)) from error
    except requests.RequestException as error:
        raise FetchError(
            f"{piece.archive} cannot be fetched: there is no connection to Kaggle, or it broke off. Check the network, "
            "and run the same command again to resume"
        ) from error


def _advice(piece: Piece, error: requests.HTTPError) -> str:
    """Return what an HTTP status of Kaggle means, and what to do."""
    status = error.response.status_code if error.response is not None else 0
    if status == 401:
        return f"Kaggle does not know the account (HTTP 401), its token may be old: {TOKEN_ADVICE}"
    if status == 403:
        return (
            "Kaggle rejected the request (HTTP 403), most likely because the account has not accepted the challenge's "
            f"rules: accept them at {PAGE}/rules (“Late Submission” or “I Understand and Accept”), and run the same "
            "command again"
        )
    if status == 404:
        return (
            f"Kaggle has no {piece.archive} (HTTP 404); download it by hand from {PAGE}/data and unpack it as "
            f"{piece.content}"
        )
    return f"{piece.archive} is unavailable (HTTP {status}); run the same command again in some minutes"


def _unpack(piece: Piece, archive: Path, folder: Path) -> None:
    """Unpack a zip file of the challenge to where the catalogue looks for it."""
    target = folder / piece.content
    if target.suffix != ".csv":
        unpack(archive, target, (".jpg",), piece.max_gigabytes)
        return
    tables = folder / f".{piece.archive}"
    shutil.rmtree(tables, ignore_errors=True)
    unpack(archive, tables, (".csv",), piece.max_gigabytes)
    try:
        (tables / piece.content).replace(target)
    except FileNotFoundError as error:
        raise FetchError(f"{archive} has no {piece.content}; unpack it by hand into {folder}") from error
    finally:
        shutil.rmtree(tables, ignore_errors=True)
