"""External prediction tables that Compare opens, and the tables to download."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from app_page import plain
from compare_page import (
    NETWORKS,
    app_with_two,
    opened,
    predict_at_once,
    press,
    sixty_drawn,
    texts,
    two_tiny_networks,
)
from ends import around
from streamlit.testing.v1 import AppTest
from tiny_training import in_one_thread

from galaxy_explorer.app.compare import comparison as compare_comparison
from galaxy_explorer.app.compare import external_tables, tables
from galaxy_explorer.app.services import prediction_jobs
from galaxy_explorer.app.services.local_paths import OPEN_FOLDERS
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import LOWER_COLUMNS, UPPER_COLUMNS, Batch, PredictionStore

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)
weights = pytest.fixture(scope="module")(two_tiny_networks)
many = pytest.fixture(scope="module")(sixty_drawn)
app = pytest.fixture(app_with_two)


@pytest.fixture(autouse=True)
def on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visitors may open paths."""
    monkeypatch.setenv(OPEN_FOLDERS, "1")


def test_a_finished_table_is_opened_instead_of_predicting(
    app: AppTest, many: Path, tmp_path: Path, random_fractions: Callable
) -> None:
    catalogue = open_catalogue(many)
    for name, key in (("mine", "other weights"), ("again", prediction_jobs.network_key("second"))):
        store = PredictionStore(tmp_path / f"{name}.parquet", key)
        fractions = random_fractions(55).astype(np.float32)
        store.add([Batch(catalogue.ids[:55], fractions, around(fractions, 0.1), {})])
        store.finish()
    app.run()
    opened(app)
    for name in ("mine", "again"):
        app.text_input[0].set_value(str(tmp_path / f"{name}.parquet"))
        press(app, "Open table")
    assert app.session_state["CompareState"].tables.keys() == {"mine", "second"}  # the second one's own weights
    assert any("lacks 5 of the 60 galaxies" in warning.value for warning in app.warning)
    app.pills[0].set_value(["mine", "second"])
    app.run()
    assert not app.exception
    assert app.metric[-1].label == "Typical error of second"
    assert "mine **" in texts(app)


def test_an_opened_table_is_read_once_until_it_changes(
    many: Path, tmp_path: Path, random_fractions: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue, read = open_catalogue(many), []
    whole = external_tables.read_table
    monkeypatch.setattr(external_tables, "read_table", lambda path: read.append(path) or whole(path))
    for galaxies in (60, 55):
        store = PredictionStore(tmp_path / "mine.parquet", "other weights")
        fractions = random_fractions(galaxies).astype(np.float32)
        store.add([Batch(catalogue.ids[:galaxies], fractions, around(fractions, 0.1), {})])
        store.finish()
        origin = compare_comparison.Origin("mine", store.path, None)
        for rows in (np.arange(60), np.arange(40, 60)):
            found = compare_comparison.compare(catalogue, rows, [origin])
            np.testing.assert_array_equal(found.predicted["mine"], fractions[rows[rows < galaxies]])
    assert len(read) == 2


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda table: table.drop(columns="Class4.1"), r"has no column Class4\.1"),
        (lambda table: pd.concat([table, table.iloc[:1]]), "holds galaxy copy0 twice"),
        (
            lambda table: table.assign(**{"Class4.1": 1.5}),
            "galaxy copy0, column Class4.1|vote fractions of galaxy copy0",
        ),
        (
            lambda table: table.assign(**{"Class4.1": np.nan}),
            "galaxy copy0, column Class4.1|vote fractions of galaxy copy0",
        ),
        (
            lambda table: table.assign(**{"Class4.1": "much"}),
            "galaxy copy0, column Class4.1|vote fractions of galaxy copy0",
        ),
    ],
)
def test_what_is_not_a_prediction_table_raises_an_error(
    tmp_path: Path, random_fractions: Callable, spoil: Callable, said: str
) -> None:
    table = pd.DataFrame(random_fractions(3), columns=list(COLUMNS))
    table.insert(0, "GalaxyID", ["copy0", "copy1", "copy2"])
    spoil(table).to_parquet(tmp_path / "table.parquet")
    with pytest.raises(ValueError, match=said):
        external_tables.read_table(tmp_path / "table.parquet")


def test_a_table_may_have_no_intervals(tmp_path: Path, random_fractions: Callable) -> None:
    table = pd.DataFrame(random_fractions(3), columns=list(COLUMNS))
    table.insert(0, "GalaxyID", ["0012", "NA", "a"])
    table.to_parquet(tmp_path / "table.parquet")
    fractions, ends, key = external_tables.read_table(tmp_path / "table.parquet")
    assert fractions.index.tolist() == ["0012", "NA", "a"]
    assert (ends, key) == (None, None)


@pytest.mark.parametrize("ending", [".csv", ".ecsv", ".fits"])
def test_tables_of_the_other_formats_are_read(tmp_path: Path, random_fractions: Callable, ending: str) -> None:
    store = PredictionStore(tmp_path / f"table{ending}", "key")
    fractions = random_fractions(3).astype(np.float32)
    store.add([Batch(["0012", "NA", "a"], fractions, around(fractions, 0.1), {})])
    store.finish()
    read, ends, key = external_tables.read_table(store.path)
    assert read.index.tolist() == ["0012", "NA", "a"]
    np.testing.assert_allclose(read, fractions, atol=1e-6)
    for end, expected in zip((LOWER_COLUMNS, UPPER_COLUMNS), (fractions - 0.1, fractions + 0.1), strict=True):
        np.testing.assert_allclose(ends[list(end)], expected.clip(0, 1), atol=1e-6)
    assert key == "key"


def test_an_empty_table_and_a_folder_raise_an_error(tmp_path: Path) -> None:
    pd.DataFrame(columns=["GalaxyID", *COLUMNS]).to_parquet(tmp_path / "none.parquet")
    with pytest.raises(ValueError, match="holds no galaxies"):
        external_tables.read_table(tmp_path / "none.parquet")
    with pytest.raises(ValueError, match="is a folder; give the path of a table"):
        external_tables.read_table(tmp_path)


def test_a_table_named_as_the_volunteers_is_told_from_them(app: AppTest, many: Path, tmp_path: Path) -> None:
    catalogue = predict_at_once(many)
    store = PredictionStore(tmp_path / "volunteers.parquet", "other weights")
    fractions = np.full((60, len(COLUMNS)), 0.25, np.float32)
    store.add([Batch(catalogue.ids, fractions, around(fractions, 0.1), {})])
    store.finish()
    opened(app)
    app.text_input[0].set_value(str(store.path))
    press(app, "Open table")
    assert "volunteers (table)" in app.pills[0].value
    assert "volunteers (table) **" in plain(texts(app))
    app.pills[0].set_value([])
    app.run()
    assert "None is chosen: all are compared." in [caption.value for caption in app.caption]


def test_tables_cannot_be_opened_without_permission(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OPEN_FOLDERS)
    opened(app)
    assert not app.text_input


def test_the_downloads_hold_all_numbers(app: AppTest, many: Path) -> None:
    catalogue = predict_at_once(many)
    comparison = compare_comparison.compare(
        catalogue, np.arange(60), compare_comparison.origins_of(catalogue, NETWORKS, {})
    )
    galaxies = tables.galaxy_table(comparison)
    assert galaxies.shape == (60, 3 * len(COLUMNS) + 2)
    read = pd.read_csv(
        io.BytesIO(tables.galaxies_as(".csv", comparison)), dtype={"GalaxyID": str}, index_col="GalaxyID"
    )
    assert read.index.tolist() == catalogue.ids
    assert np.allclose(read["volunteers_Class4.1"], catalogue.table["Class4.1"], atol=1e-6)
    whole = pd.read_parquet(io.BytesIO(tables.galaxies_as(".parquet", comparison))).set_index("GalaxyID")
    assert np.allclose(whole[read.columns], read, atol=1e-6)
    errors = read["second_rmse"]
    apart = read[[f"second_{name}" for name in COLUMNS]].to_numpy() - catalogue.volunteer_fractions
    assert np.allclose(errors, np.sqrt((apart**2).mean(axis=1)), atol=1e-5)
    questions = tables.question_table(comparison)
    assert questions.index.tolist() == list(range(1, 12))
    assert questions["first_rmse"].abs().max() < 1e-6
    assert questions["first_to_second_rmse"].between(0.05, 0.101).all()
    assert {"mean_predictor_rmse", "second_coverage", "question"} <= set(questions.columns)
