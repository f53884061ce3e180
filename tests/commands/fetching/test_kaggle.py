"""``fetch kaggle`` with Kaggle's own package, from a fake server of Kaggle."""

import sys

import pytest
from file_server import ServedFile, file_server, zipped
from kagglesdk import kaggle_env

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.cli import main
from galaxy_explorer.commands.fetching import downloads, kaggle

NAMES = ["training_solutions_rev1.zip", "images_training_rev1.zip", "images_test_rev1.zip"]


@pytest.fixture
def server(monkeypatch, tmp_path, sample):
    """Kaggle with three galaxies of the challenge, and an account."""
    scores = (sample.root / "scores.csv").read_bytes().splitlines()
    rows = [line.rsplit(b",", 2)[0] for line in scores if line.startswith((b"GalaxyID", b"100008", b"100023"))]
    picture = sample.picture_bytes
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "a token")
    # It searches all loaded modules for its caller, which takes seconds if torch is among them.
    monkeypatch.setattr("kagglehub.clients.get_user_agent", lambda: "kagglehub")
    archives = (
        {"training_solutions_rev1.csv": b"\n".join(rows) + b"\n"},
        {f"images_training_rev1/{galaxy}.jpg": picture(galaxy) for galaxy in ("100008", "100023")},
        {"images_test_rev1/242195.jpg": picture("242195")},
    )
    with file_server() as play:
        play.use(monkeypatch, max_retries=0)
        monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, play.address)
        for name, files in zip(NAMES, archives, strict=True):
            play.files[f"/storage/{name}"] = ServedFile(zipped(files))
        yield play


@pytest.fixture
def folder(tmp_path):
    """The folder of the challenge."""
    return tmp_path / "challenge"


@pytest.fixture
def fetched(folder):
    """A function that fetches and returns the exit status."""
    return lambda: main(["fetch", "kaggle", "--to", str(folder)])


@pytest.fixture
def error_of(fetched, capsys):
    """A function that fetches, fails and returns the message."""

    def run():
        assert fetched() == 2
        message = capsys.readouterr().err
        assert "fetch could not run: " in message
        assert "Traceback" not in message
        return message

    return run


def downloaded(server):
    """The names of the files that were downloaded by this project's client."""
    return [
        path.rpartition("/")[2]
        for method, path, headers in server.asked
        if method == "GET" and headers["user-agent"].startswith("galaxy-explorer/")
    ]


def test_the_catalogue_opens_the_folder(server, fetched, folder, sample):
    assert fetched() == 0
    catalogue = open_catalogue(folder)
    assert catalogue.ids == ["100008", "100023", "242195"]
    assert (catalogue.volunteer_fractions[:2] == sample.subset(["100008", "100023"]).volunteer_fractions).all()
    assert catalogue.picture_bytes("242195") == sample.picture_bytes("242195")
    assert sorted(path.name for path in folder.iterdir()) == [
        "images_test_rev1",
        "images_training_rev1",
        "training_solutions_rev1.csv",
    ]
    assert downloaded(server) == NAMES
    assert server.asked[0][2]["authorization"] == "Bearer a token"


def test_the_token_is_sent_to_kaggle_only(server, fetched):
    fetched()
    ours = [headers for _, _, headers in server.asked if headers["user-agent"].startswith("galaxy-explorer/")]
    assert ours
    assert not [headers for headers in ours if "authorization" in headers]


def test_a_second_run_does_nothing(server, fetched, capsys):
    fetched()
    server.asked.clear()
    assert fetched() == 0
    assert server.asked == []
    assert "already" in capsys.readouterr().out


def test_only_a_missing_file_is_fetched(server, fetched, folder):
    fetched()
    server.asked.clear()
    (folder / "training_solutions_rev1.csv").unlink()
    assert fetched() == 0
    assert downloaded(server) == ["training_solutions_rev1.zip"]


def test_zip_files_downloaded_by_hand_need_no_account(server, fetched, folder, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(server.files[f"/storage/{name}"].content)
    assert fetched() == 0
    assert server.asked == []


def test_without_an_account_the_message_says_how_to_get_one(server, error_of, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    message = error_of()
    for words in ("API token", "~/.kaggle", f"{kaggle.PAGE}/rules", "run the same command again"):
        assert words in message
    assert server.asked == []


@pytest.mark.parametrize("content", ["{", "{}", '{"username": "anyone"}', "\xff"])
def test_a_damaged_kaggle_json_is_an_error(server, error_of, tmp_path, monkeypatch, content):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    (tmp_path / "kaggle.json").write_text(content, encoding="latin-1")
    message = error_of()
    assert "the token cannot be read (" in message
    assert kaggle.TOKEN_ADVICE in message
    assert server.asked == []


def test_an_error_of_the_disk_does_not_blame_the_network(server, error_of, folder):
    (folder / f"{NAMES[0]}.part").mkdir(parents=True)
    message = error_of()
    assert f"{folder / NAMES[0]} cannot be written (" in message
    assert "make room there" in message
    assert "network" not in message


def test_a_full_disk_does_not_blame_the_network(server, error_of, fetched):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        message = error_of()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot be written (File too large); make room there" in message
    assert "network" not in message
    assert fetched() == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not know the account"), (403, f"{kaggle.PAGE}/rules"), (404, "by hand"), (500, "in some minutes")],
)
def test_every_status_says_what_to_do(server, error_of, status, words):
    server.kaggle_status = status
    message = error_of()
    assert f"HTTP {status}" in message
    assert words in message


def test_no_connection_is_an_error(server, error_of, monkeypatch):
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, "http://127.0.0.1:1")
    assert "Check the network" in error_of()


def test_a_silent_kaggle_is_a_timeout(server, error_of, monkeypatch):
    monkeypatch.setattr(kaggle, "TIMEOUT_S", (10, 0.1))
    server.kaggle_status = None
    assert "Check the network" in error_of()


def test_an_interrupted_download_is_resumed(server, error_of, fetched, monkeypatch):
    large = zipped({"images_training_rev1/100008.jpg": bytes(2_000_000)})
    server.files["/storage/images_training_rev1.zip"] = ServedFile(large, breaks=[len(large), 1_500_000])
    monkeypatch.setattr(downloads, "MAX_BREAKS", -1)
    assert "to resume" in error_of()
    server.asked.clear()
    assert fetched() == 0
    assert "bytes=1500000-" in server.ranges_of("/storage/images_training_rev1.zip")
    assert "training_solutions_rev1.zip" not in downloaded(server)


def test_a_zip_file_without_the_scores_is_an_error(server, error_of, folder):
    server.files["/storage/training_solutions_rev1.zip"] = ServedFile(zipped({"other.csv": b"-"}))
    assert "has no training_solutions_rev1.csv" in error_of()
    assert [path.name for path in folder.iterdir()] == [NAMES[0]]


def test_the_disk_space_is_checked_first(server, error_of, monkeypatch):
    monkeypatch.setattr(kaggle, "PIECES", tuple(piece._replace(megabytes=10**9) for piece in kaggle.PIECES))
    assert "make room" in error_of()
    assert server.asked == []


def test_files_of_an_interrupted_run_are_counted_as_disk_space(tmp_path, monkeypatch):
    for piece in kaggle.PIECES:
        (tmp_path / f"{piece.archive}.part").write_bytes(b"-" * 2_000_000)
    unpacked = tmp_path / ".images_test_rev1.part"
    unpacked.mkdir()
    checked = []

    def check(folder, megabytes):
        checked.append((megabytes, unpacked.exists()))
        raise kaggle.FetchError("enough")

    monkeypatch.setattr(kaggle, "check_disk_space", check)
    with pytest.raises(kaggle.FetchError, match="enough"):
        kaggle.fetch_kaggle(tmp_path)
    sizes = [piece.megabytes for piece in kaggle.PIECES]
    assert checked == [(pytest.approx(1.5 * sum(sizes) + max(sizes) - 2), False)]


def test_without_kaggles_package_the_message_says_what_to_install(server, error_of, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    monkeypatch.setitem(sys.modules, "kagglehub.clients", None)
    assert "pip install kagglehub" in error_of()
