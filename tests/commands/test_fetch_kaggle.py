"""``fetch kaggle``: Kaggle's own package asks a real server on this machine that plays Kaggle."""

import sys

import pytest
from file_server import ServedFile, file_server, zipped
from kagglesdk import kaggle_env

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.cli import main
from galaxy_explorer.commands import downloads, kaggle

NAMES = ["training_solutions_rev1.zip", "images_training_rev1.zip", "images_test_rev1.zip"]


@pytest.fixture
def server(monkeypatch, tmp_path, sample):
    """Kaggle with two galaxies of the challenge, and an account."""
    scores = (sample.root / "scores.csv").read_bytes().splitlines()
    kept = [line.rsplit(b",", 2)[0] for line in scores if line.startswith((b"GalaxyID", b"100008", b"100023"))]
    picture = sample.picture_bytes
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR", "KAGGLEHUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "a token")
    # It looks through all modules there are for who is asking, which takes seconds once torch is among them.
    monkeypatch.setattr("kagglehub.clients.get_user_agent", lambda: "kagglehub")
    with file_server() as play:
        monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, play.address)
        for name, files in zip(NAMES, (
            {"training_solutions_rev1.csv": b"\n".join(kept) + b"\n"},
            {f"images_training_rev1/{galaxy}.jpg": picture(galaxy) for galaxy in ("100008", "100023")},
            {"images_test_rev1/242195.jpg": picture("242195")},
        ), strict=True):  # fmt: skip
            play.files[f"/storage/{name}"] = ServedFile(zipped(files))
        yield play


@pytest.fixture
def fetched(tmp_path):
    """Fetch, and give the exit status."""
    return lambda: main(["fetch", "kaggle", "--to", str(tmp_path / "challenge")])


@pytest.fixture
def refused(fetched, capsys):
    """Fetch what is refused, and give what is said."""

    def refused():
        assert fetched() == 2
        said = capsys.readouterr().err
        assert "fetch could not run: " in said
        assert "Traceback" not in said
        return said

    return refused


def asked_for(server):
    """The names of the files that went over the wire."""
    return [path.rpartition("/")[2] for method, path, _ in server.asked if method == "GET"]


def test_gives_a_folder_that_the_catalogue_opens(server, fetched, tmp_path, sample):
    assert fetched() == 0
    catalogue = open_catalogue(tmp_path / "challenge")
    assert catalogue.ids == ["100008", "100023", "242195"]
    assert (catalogue.volunteer_fractions[:2] == sample.subset(["100008", "100023"]).volunteer_fractions).all()
    assert catalogue.picture_bytes("242195") == sample.picture_bytes("242195")
    assert sorted(path.name for path in (tmp_path / "challenge").iterdir()) == [
        "images_test_rev1", "images_training_rev1", "training_solutions_rev1.csv",
    ]  # fmt: skip
    assert asked_for(server) == NAMES
    assert server.asked[0][2]["authorization"] == "Bearer a token"


def test_a_second_run_does_nothing(server, fetched, capsys):
    fetched()
    server.asked.clear()
    assert fetched() == 0
    assert server.asked == []
    assert "already" in capsys.readouterr().out


def test_a_missing_piece_alone_is_fetched(server, fetched, tmp_path):
    fetched()
    server.asked.clear()
    (tmp_path / "challenge" / "training_solutions_rev1.csv").unlink()
    assert fetched() == 0
    assert asked_for(server) == ["training_solutions_rev1.zip"]


def test_without_an_account_it_says_how_to_get_one(server, refused, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    said = refused()
    for words in ("API token", "~/.kaggle", kaggle.RULES, "run the same command again"):
        assert words in said
    assert server.asked == []


@pytest.mark.parametrize("content", ["{", "{}", '{"username": "anyone"}', "\xff"])
def test_a_bad_kaggle_json_is_named_with_how_to_get_a_good_one(server, refused, tmp_path, monkeypatch, content):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    (tmp_path / "kaggle.json").write_text(content, encoding="latin-1")
    said = refused()
    assert "the token cannot be read (" in said
    assert kaggle.TOKEN in said
    assert server.asked == []


def test_a_disk_that_refuses_is_not_taken_for_the_network(server, refused, tmp_path):
    place = tmp_path / "challenge" / ".kaggle-download"
    place.parent.mkdir()
    place.write_text("a file where a folder should be")
    said = refused()
    assert f"{place}" in said
    assert "cannot be written (" in said
    assert "make room there, or name another folder of yours with --to" in said
    assert "network" not in said


def test_a_file_that_may_not_grow_is_not_taken_for_the_network(server, refused, fetched):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        said = refused()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot be written (File too large); make room there" in said
    assert "network" not in said
    assert fetched() == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not know the account"), (403, kaggle.RULES), (404, "by hand"), (500, "in some minutes")],
)
def test_every_refusal_says_what_to_do(server, refused, status, words):
    server.kaggle_status = status
    said = refused()
    assert f"HTTP {status}" in said
    assert words in said


def test_no_connection_is_said_in_words(server, refused, monkeypatch):
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, "http://127.0.0.1:1")
    assert "Check the network" in refused()


def test_a_silent_kaggle_is_not_waited_for(server, fetched, monkeypatch):
    sent = []
    send = kaggle.requests.Session.send

    def watched(session, request, **options):
        sent.append(options["timeout"])
        return send(session, request, **options)

    monkeypatch.setattr(kaggle.requests.Session, "send", watched)
    assert fetched() == 0
    assert sent
    assert None not in sent
    assert kaggle.requests.Session.send is watched


def test_an_interrupted_download_is_gone_on_with(server, refused, fetched):
    large = zipped({"images_training_rev1/100008.jpg": bytes(2_000_000)})  # kagglehub writes MiB by MiB
    server.files["/storage/images_training_rev1.zip"] = ServedFile(large, breaks=[1_500_000])
    assert "it goes on where it stopped" in refused()
    server.asked.clear()
    assert fetched() == 0
    assert "bytes=1048576-" in server.ranges_of("/storage/images_training_rev1.zip")
    assert "training_solutions_rev1.zip" not in asked_for(server)


def test_a_zip_file_without_the_scores_is_said(server, refused):
    server.files["/storage/training_solutions_rev1.zip"] = ServedFile(zipped({"other.csv": b"-"}))
    assert "holds no training_solutions_rev1.csv" in refused()


def test_the_disk_is_looked_at_before_anything_is_fetched(server, refused, monkeypatch):
    monkeypatch.setattr(kaggle, "PIECES", tuple(piece._replace(megabytes=10**9) for piece in kaggle.PIECES))
    assert "make room" in refused()
    assert server.asked == []


def test_what_an_interrupted_run_has_fetched_and_unpacked_is_not_asked_of_the_disk_again(tmp_path, monkeypatch):
    kept, unpacked = tmp_path / kaggle.DOWNLOADS / "competitions", tmp_path / ".images_test_rev1.part"
    for folder in (kept, unpacked):
        folder.mkdir(parents=True)
        (folder / "some").write_bytes(b"-" * 2_000_000)
    asked = []

    def look(folder, megabytes):
        asked.append((megabytes, unpacked.exists()))
        raise kaggle.FetchError("enough")

    monkeypatch.setattr(kaggle, "check_room", look)
    with pytest.raises(kaggle.FetchError, match="enough"):
        kaggle.fetch_kaggle(tmp_path)
    pieces = [piece.megabytes for piece in kaggle.PIECES]
    assert asked == [(pytest.approx(1.5 * sum(pieces) + max(pieces) - 2), False)]


def test_without_kaggles_package_it_says_what_to_install(server, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    assert "pip install kagglehub" in refused()


def test_the_environment_is_left_as_it_was(server, fetched, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", "/elsewhere")
    assert fetched() == 0
    assert kaggle.os.environ["KAGGLEHUB_CACHE"] == "/elsewhere"
