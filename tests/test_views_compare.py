"""Compare, opened through app.py without a browser, with tiny networks."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from streamlit.testing.v1 import AppTest
from tiny_prediction import WIDTHS, tiny_card
from tiny_training import in_one_thread

from galaxy_explorer import checkpoints, models
from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS
from galaxy_explorer.images import to_png
from galaxy_explorer.prediction import Batch, PredictionStore
from galaxy_explorer.views import background, compare_tables, comparing, opened_tables, resources
from galaxy_explorer.views.selections import Selection

ROOT = Path(__file__).parent.parent
SECONDS = 120
NETWORKS = ("first", "second")

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of two tiny networks, each with a card that knows its errors."""
    folder, found = tmp_path_factory.mktemp("weights"), {}
    by_question = {str(question.number): 0.1 for question in QUESTIONS}
    validation = {"galaxies": 600, "rmse": 0.1234, "rmse_by_question": by_question,
                  "mean_rmse": 0.2, "mean_rmse_by_question": by_question}  # fmt: skip
    for seed, name in enumerate(NETWORKS):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = models.build("fcn", widths=WIDTHS)
        found[name] = folder / f"{name}.pt"
        card = tiny_card() | {"training_mean": [0.3] * len(COLUMNS), "validation": validation}
        checkpoints.save(found[name], network, card)
    return found


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, draw_galaxy: Callable, random_fractions: Callable) -> Path:
    """A folder of sixty drawn galaxies with votes."""
    folder = tmp_path_factory.mktemp("drawn") / "many"
    folder.mkdir()
    ids = [f"copy{i}" for i in range(60)]
    for i, galaxy_id in enumerate(ids):
        (folder / f"{galaxy_id}.png").write_bytes(to_png(draw_galaxy(i % 6, 32, 32)))
    scores = pd.DataFrame(random_fractions(len(ids)), columns=list(COLUMNS), index=pd.Index(ids, name="GalaxyID"))
    scores.round(6).to_csv(folder / "scores.csv")
    return folder


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: dict[str, Path], many: Path) -> Iterator[AppTest]:
    """The app with an empty cache, two tiny networks and a folder of sixty galaxies."""
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(many))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    loaded = {name: checkpoints.load(path) for name, path in weights.items()}
    monkeypatch.setattr(checkpoints, "available", lambda: weights)
    monkeypatch.setattr(resources, "networks", lambda: list(NETWORKS))
    monkeypatch.setattr(resources, "network", lambda name: loaded[name])
    worker = background.Worker()
    monkeypatch.setattr(background, "worker", lambda: worker)
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
    for job in worker.jobs:
        job.stop.set()


def opened(app: AppTest) -> AppTest:
    """Open Compare, and see that nothing went wrong on it."""
    app.run()
    app.switch_page("galaxy_explorer/views/compare.py")
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    """All that a page says in Markdown, on one line."""
    return " ".join(element.value for element in app.markdown).replace("\n", " ")


def press(app: AppTest, label: str) -> None:
    """Press the button of a label."""
    next(button for button in app.button if button.label == label).click()
    app.run()
    assert not app.exception


def labels(app: AppTest) -> set[str]:
    """The labels of all buttons."""
    return {button.label for button in app.button}


def wait_for(app: AppTest, is_there: Callable[[], bool]) -> None:
    """Run a page again, as a visitor's browser does while the worker is busy, until something is there."""
    end = time.monotonic() + SECONDS
    while not is_there() and time.monotonic() < end:
        for job in background.worker().jobs:
            job.finished.wait(1.0)
        app.run()
    assert not app.exception
    assert is_there()


def headings(app: AppTest) -> list[str]:
    """The headings of the rooms."""
    return [heading.value for heading in app.subheader]


def predict_at_once(where: Path | str, but: int = 0) -> Catalogue:
    """Put predictions of all galaxies but the last few into the stores of both networks."""
    catalogue = resources.open_source(str(where))
    ids = catalogue.ids[: len(catalogue) - but]
    votes = np.nan_to_num(catalogue.volunteer_fractions[: len(ids)], nan=0.2)
    for number, name in enumerate(NETWORKS):
        store = PredictionStore(background.store_of(catalogue, name), background.network_key(name))
        store.path.parent.mkdir(parents=True, exist_ok=True)
        store.add([Batch(ids, np.clip(votes + 0.1 * number, 0, 1), np.full_like(votes, 0.05), {})])
        if not but:
            store.finish()
    return catalogue


def test_the_top_explains_its_terms_and_gives_the_figures_of_the_cards(app: AppTest) -> None:
    opened(app)
    said = texts(app)
    for term in ("**vote fraction**", "**RMSE** (root-mean-square error) is", "**mean predictor**", "card, a note"):
        assert term in said
    assert {metric.label: metric.value for metric in app.metric}["RMSE of second"] == "0.1234"
    assert "**600 galaxies** that were kept from them" in said


def test_the_time_is_told_first_and_the_work_ends_in_every_room(app: AppTest) -> None:
    opened(app)
    assert "first and second have not looked at these 60 galaxies yet" in texts(app)
    assert "That takes about" in texts(app)
    press(app, "Start")
    wait_for(app, lambda: "All numbers" in headings(app))
    assert headings(app) == [
        "How far off, question by question",
        "Predicted and voted",
        "Where they disagree most",
        "Network against network",
        "All numbers",
    ]
    assert len([link for link in app.page_link if link.label.startswith("copy")]) == 24
    assert {"Start", "Stop"} & labels(app) == set()


def test_a_rerun_predicts_nothing_and_reads_nothing_again(
    app: AppTest, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict_at_once(many)
    opened(app)
    reads = []
    monkeypatch.setattr(comparing, "reader", lambda *_: reads.append(1))
    app.selectbox(key="votes_question").set_value(4)
    app.run()
    assert not app.exception
    assert "Predicted and voted" in headings(app)
    assert reads == []
    assert background.worker().jobs == []


def test_the_worst_disagreements_are_told_in_words(app: AppTest, many: Path) -> None:
    catalogue = predict_at_once(many)
    opened(app)
    app.selectbox(key="worst_question").set_value(4)
    app.segmented_control(key="worst_network_first_second").set_value("second")
    app.run()
    comparison = comparing.compare(catalogue, np.arange(60), comparing.origins_of(catalogue, NETWORKS, {}))
    row = comparison.disagreements("second", None, 4).iloc[0]
    words = compare_tables.disagreement_in_words(row, "second", "volunteers")
    assert words.startswith("**spiral arms: ")
    assert f"volunteers {100 * row['voted']:.0f}\u00a0%, second {100 * row['predicted']:.0f}\u00a0%" in words
    assert words.replace("\n", " ") in texts(app)


def test_what_a_stop_left_undone_is_gone_on_with(app: AppTest, many: Path) -> None:
    predict_at_once(many, but=8)
    opened(app)
    assert "first at 52 of 60, second at 52 of 60" in texts(app)
    assert "Where they disagree most" in headings(app)  # of the 52
    press(app, "Go on")
    wait_for(app, lambda: not {"Go on", "Stop"} & labels(app))
    assert "Below: **60** galaxies with votes, of the 60 in many." in texts(app)
    assert all(store.is_file() for name in NETWORKS for store in [background.store_of(open_catalogue(many), name)])


def test_a_visitor_sees_the_progress_and_can_stop(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(app)
    gate, load = threading.Event(), resources.network
    monkeypatch.setattr(resources, "network", lambda name: load(name) if gate.wait(SECONDS) else None)
    press(app, "Start")
    assert "Stop" in labels(app)
    press(app, "Stop")
    gate.set()
    wait_for(app, lambda: "Start" in labels(app))


def test_a_failed_job_is_a_sentence_with_a_way_on(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(app)

    def fail(name: str) -> object:
        raise checkpoints.CheckpointError("the weights are damaged; fetch them again")

    with monkeypatch.context() as patched:
        patched.setattr(resources, "network", fail)
        press(app, "Start")
        wait_for(app, lambda: bool(app.error))
    assert "**first** could not be asked about all galaxies: the weights are damaged" in app.error[0].value
    press(app, "Try again")
    wait_for(app, lambda: "All numbers" in headings(app))
    assert not app.error


def test_browses_selection_can_be_compared_alone(app: AppTest, many: Path) -> None:
    catalogue = predict_at_once(many)
    app.session_state["selection"] = Selection("many", np.arange(57, 2, -1), len(catalogue))
    app.switch_page("galaxy_explorer/views/compare.py")
    app.run()
    assert "Below: **55** galaxies with votes, of the 55 that Browse selects from the 60 in many." in texts(app)
    app.segmented_control(key="compare_of").set_value("the whole catalogue")
    app.run()
    assert "Below: **60** galaxies" in texts(app)


def test_a_sample_is_offered_first_and_is_always_the_same(
    app: AppTest, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "SAMPLE_SIZE", 55)
    rows = np.arange(60)
    assert np.array_equal(comparing.sample_of(rows), comparing.sample_of(rows))
    assert len(np.unique(comparing.sample_of(rows))) == 55
    predict_at_once(many)
    opened(app)
    assert "Below: a sample of **55** galaxies with votes, of the 60 in many." in texts(app)
    app.segmented_control(key="compare_extent").set_value("all of them")
    app.run()
    assert "Below: **60** galaxies" in texts(app)


def test_few_galaxies_are_shown_one_by_one(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GALAXY_EXPLORER_DATA")
    predict_at_once("sample")
    opened(app)
    assert "These are 6, so here they are one by one" in texts(app)
    assert "Where they disagree most" not in headings(app)


def test_galaxies_without_votes_are_compared_between_the_networks(
    app: AppTest, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unvoted = tmp_path / "unvoted"
    unvoted.mkdir()
    for picture in many.glob("*.png"):
        (unvoted / picture.name).symlink_to(picture)
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(unvoted))
    predict_at_once(unvoted)
    opened(app)
    assert "none of which has votes" in texts(app)
    assert headings(app) == ["Network against network", "All numbers"]


def test_a_finished_table_is_opened_in_place_of_predicting(
    app: AppTest, many: Path, tmp_path: Path, random_fractions: Callable
) -> None:
    catalogue = open_catalogue(many)
    for name, key in (("mine", "other weights"), ("again", background.network_key("second"))):
        store = PredictionStore(tmp_path / f"{name}.parquet", key)
        fractions = random_fractions(55).astype(np.float32)
        store.add([Batch(catalogue.ids[:55], fractions, np.full_like(fractions, 0.1), {})])
        store.finish()
    app.session_state[opened_tables.OPENED] = {}
    app.switch_page("galaxy_explorer/views/compare.py")
    app.run()
    for name in ("mine", "again"):
        app.text_input[0].set_value(str(tmp_path / f"{name}.parquet"))
        press(app, "Open")
    assert app.session_state[opened_tables.OPENED].keys() == {"mine", "second"}  # the second one's own weights
    assert any("lacks 5 of these 60 galaxies" in warning.value for warning in app.warning)
    app.pills[0].set_value(["mine", "second"])
    app.run()
    assert not app.exception
    assert {"RMSE of mine", "RMSE of second"} <= {metric.label for metric in app.metric}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda table: table.drop(columns="Class4.1"), r"has no column Class4\.1"),
        (lambda table: pd.concat([table, table.iloc[:1]]), "names galaxy copy0 twice"),
        (lambda table: table.assign(**{"Class4.1": 1.5}), "no vote fraction from 0 to 1"),
        (lambda table: table.assign(**{"Class4.1": np.nan}), "no vote fraction from 0 to 1"),
        (lambda table: table.assign(**{"Class4.1": "much"}), "no vote fraction from 0 to 1"),
    ],
)
def test_what_is_no_table_of_predictions_is_refused_in_words(
    tmp_path: Path, random_fractions: Callable, spoil: Callable, said: str
) -> None:
    table = pd.DataFrame(random_fractions(3), columns=list(COLUMNS))
    table.insert(0, "GalaxyID", ["copy0", "copy1", "copy2"])
    spoil(table).to_parquet(tmp_path / "table.parquet")
    with pytest.raises(ValueError, match=said):
        opened_tables.read_table(tmp_path / "table.parquet")


def test_a_table_without_intervals_is_taken_as_it_is(tmp_path: Path, random_fractions: Callable) -> None:
    table = pd.DataFrame(random_fractions(3), columns=list(COLUMNS))
    table.insert(0, "GalaxyID", ["0012", "NA", "a"])
    table.to_parquet(tmp_path / "table.parquet")
    fractions, spread, key = opened_tables.read_table(tmp_path / "table.parquet")
    assert fractions.index.tolist() == ["0012", "NA", "a"]
    assert (spread, key) == (None, None)


def test_tables_cannot_be_opened_by_visitors_from_elsewhere(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "folders_may_be_typed", lambda: False)
    opened(app)
    assert not app.text_input


def test_the_downloads_hold_all_numbers(app: AppTest, many: Path) -> None:
    catalogue = predict_at_once(many)
    comparison = comparing.compare(catalogue, np.arange(60), comparing.origins_of(catalogue, NETWORKS, {}))
    galaxies = compare_tables.galaxy_table(comparison)
    assert galaxies.shape == (60, 3 * len(COLUMNS) + 2)
    read = pd.read_csv(
        io.BytesIO(compare_tables.galaxies_as(".csv", comparison)), dtype={"GalaxyID": str}, index_col="GalaxyID"
    )
    assert read.index.tolist() == catalogue.ids
    assert np.allclose(read["volunteers_Class4.1"], catalogue.table["Class4.1"], atol=1e-6)
    whole = pd.read_parquet(io.BytesIO(compare_tables.galaxies_as(".parquet", comparison))).set_index("GalaxyID")
    assert np.allclose(whole[read.columns], read, atol=1e-6)
    errors = read["second_rmse"]
    apart = read[[f"second_{name}" for name in COLUMNS]].to_numpy() - catalogue.volunteer_fractions
    assert np.allclose(errors, np.sqrt((apart**2).mean(axis=1)), atol=1e-5)
    questions = compare_tables.question_table(comparison)
    assert questions.index.tolist() == list(range(1, 12))
    assert questions["first_rmse"].abs().max() < 1e-6
    assert questions["first_to_second_rmse"].between(0.05, 0.101).all()
    assert {"mean_predictor_rmse", "second_coverage", "question"} <= set(questions.columns)
