"""Similar galaxies on the pages of a galaxy and of an upload."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from app_page import files_of, give, opened, run, texts
from streamlit.testing.v1 import AppTest
from tiny_training import in_one_thread

from galaxy_explorer.app.panel import shown_galaxy, similar
from galaxy_explorer.app.services import networks, prediction_jobs, result_cache, sources
from galaxy_explorer.app.services.embeddings import embeddings_of
from galaxy_explorer.app.ui import predicting
from galaxy_explorer.catalogue import SAMPLE, Catalogue
from galaxy_explorer.decision_tree import kind_of
from galaxy_explorer.models import checkpoints
from galaxy_explorer.prediction import cached, predict_catalogue
from galaxy_explorer.similarity import nearest

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)


@pytest.fixture(autouse=True)
def nothing_is_kept() -> Iterator[None]:
    """Results about the catalogues of this test alone: the sample is opened once for all tests."""
    result_cache.catalogue_results.clear()
    yield
    result_cache.catalogue_results.clear()


def predict(catalogue: Catalogue, ids: list[str] | None = None, *, embeddings: bool = True) -> None:
    """Predict galaxies as a job does."""
    store = prediction_jobs.store_of(catalogue, "fcn")
    store.parent.mkdir(parents=True, exist_ok=True)
    cached.write_manifest(store, catalogue, "fcn", checkpoints.available()["fcn"])
    predict_catalogue(networks.network("fcn"), catalogue, store=store, only=ids, embeddings=embeddings)


@pytest.fixture
def predicted(app: AppTest) -> Catalogue:
    """The sample, with predictions and embeddings by the quick network."""
    catalogue = sources.open_source(SAMPLE)
    predict(catalogue)
    return catalogue


def tiles(app: AppTest) -> dict[str, str]:
    """The captions of similar galaxies by id, in their order."""
    labels = [block.label for block in app.page_link if "network=fcn" in block.proto.query_string]
    return {re.sub(r"\W", "", label.split()[-1]): label.rpartition(" ")[0] for label in labels}


def test_the_nearest_galaxies_are_shown_with_their_kinds_and_keep_network_and_answer(
    app: AppTest, predicted: Catalogue
) -> None:
    opened(app, "galaxy", source=SAMPLE, galaxy="100023", network="fcn", answer="Class4.1")
    found, embeddings = tiles(app), embeddings_of(predicted, "fcn")
    assert embeddings is not None
    row = predicted.ids.index("100023")
    rows, _ = nearest(embeddings, embeddings.vectors[row], exclude=row)
    assert list(found) == [predicted.ids[other] for other in rows]
    assert len(found) == len(predicted) - 1
    for galaxy_id, kind in found.items():
        votes = predicted.volunteer_fractions[predicted.ids.index(galaxy_id)].astype(float)
        assert kind == kind_of(votes) if np.isfinite(votes).any() else kind
    links = [link.proto.query_string for link in app.page_link if "network=fcn" in link.proto.query_string]
    assert all("answer=Class4.1" in link and f"source={SAMPLE}" in link for link in links)
    assert "Galaxies without votes are named by predictions of the quick network." in texts(app)


def test_without_embeddings_predictions_are_offered_and_the_page_is_complete(app: AppTest) -> None:
    opened(app, "galaxy", source=SAMPLE, galaxy="100023", network="fcn")
    assert len(tiles(app)) == similar.COUNT
    assert all(galaxy.startswith("simulated") for galaxy in tiles(app))
    app.selectbox(key="similar_source").select(SAMPLE)
    run(app)
    assert not tiles(app)
    assert "To compare pictures, the quick network must have predicted those of" in texts(app)
    assert any("9 galaxies" in button.label for button in app.button if button.key == "predict_fcn")


def test_galaxies_predicted_so_far_are_compared_and_the_rest_is_offered(app: AppTest, sample: Catalogue) -> None:
    predict(sources.open_source(SAMPLE), sample.ids[:4])
    opened(app, "galaxy", source=SAMPLE, galaxy=sample.ids[7], network="fcn")
    assert set(tiles(app)) == set(sample.ids[:4])
    assert any(button.label.startswith("Predict the other 5") for button in app.button)


def test_predictions_of_an_earlier_version_are_not_a_dead_end(
    app: AppTest, sample: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict(sources.open_source(SAMPLE), embeddings=False)
    started: list[dict] = []
    monkeypatch.setattr(predicting, "start", lambda _, missing: started.append(missing))
    opened(app, "galaxy", source=SAMPLE, galaxy="100023", network="fcn")
    app.selectbox(key="similar_source").select(SAMPLE)
    run(app)
    assert not tiles(app)
    assert "9 galaxies were predicted by an earlier version, without embeddings." in texts(app)
    assert "These galaxies are not yet predicted with embeddings by the **quick** network." in texts(app)
    app.button(key="predict_fcn").click()
    run(app)
    assert started == [{"fcn": sample.ids}]


def test_an_upload_is_compared_by_the_embedding_of_its_own_pass(
    app: AppTest, predicted: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, forward_pass = [], shown_galaxy.forward_pass
    monkeypatch.setattr(shown_galaxy, "forward_pass", lambda *of: passes.append(of[0]) or forward_pass(*of))
    opened(app, "upload")
    ((_, content),) = files_of(predicted, "100053")
    give(app, ("mine.jpg", content))
    app.segmented_control(key="network").set_value("fcn")
    run(app)
    assert passes.count("fcn") == 1
    assert len(tiles(app)) == len(predicted)
    assert next(iter(tiles(app))) == "100053"  # the same picture


def test_another_catalogue_can_be_chosen(app: AppTest, survey: Catalogue, predicted: Catalogue) -> None:
    opened(app, "galaxy", source=sources._source_name(str(survey.root)), galaxy=survey.ids[0], network="fcn")
    box = app.selectbox(key="similar_source")  # its own catalogue has no embeddings yet
    assert box.value == SAMPLE
    assert set(tiles(app)) <= set(predicted.ids)
    box.set_value(box.options[0])
    box.set_value("survey")
    run(app)
    assert app.selectbox(key="similar_source").value == "survey"
    assert "To compare pictures" in texts(app)


def test_a_closed_catalogue_is_not_opened_to_look_for_embeddings(app: AppTest, survey: Catalogue) -> None:
    opened(app, "galaxy", source=SAMPLE, galaxy="100023", network="fcn")
    assert sources.catalogue_if_open(SAMPLE) is not None
    assert sources.catalogue_if_open(sources._source_name(str(survey.root))) is None


def test_searches_are_prepared_once_for_all_visitors(predicted: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    prepare = similar.Neighbours
    monkeypatch.setattr(similar, "Neighbours", lambda embeddings: made.append(embeddings) or prepare(embeddings))
    embeddings = embeddings_of(predicted, "fcn")
    assert embeddings is not None
    galaxy = shown_galaxy.galaxy_of(SAMPLE, "100023")
    for _ in range(2):
        rows, distances = similar.find_similar(galaxy, predicted, embeddings, 3)
    assert len(made) == 1
    assert predicted.ids.index("100023") not in rows
    assert (np.diff(distances) >= 0).all()
