"""“Find more like these” in `AppTest`: rounds, marks, quality in words, files, and the filter of Browse."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from weakref import ref

import numpy as np
import pytest
from app_page import opened, plain, press, run, texts
from browse_page import captions, chips, tiles
from ends import around
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.classify.results import quality_in_words
from galaxy_explorer.app.services import networks, prediction_jobs, sources
from galaxy_explorer.app.services.answers import answers_of
from galaxy_explorer.app.services.collections import ranking
from galaxy_explorer.app.services.collections.collection import Address, Collection, Collections, collections_from_plain
from galaxy_explorer.app.services.collections.ranking import rank, saved_class
from galaxy_explorer.app.services.embeddings import embeddings_of
from galaxy_explorer.app.services.result_cache import catalogue_results
from galaxy_explorer.app.state import CollectionsState
from galaxy_explorer.catalogue import Catalogue, Votes
from galaxy_explorer.prediction import Batch, PredictionStore, cached
from galaxy_explorer.similarity.class_files import read_class
from galaxy_explorer.similarity.classifier import Quality

NETWORK, KEY, FINGERPRINT = "fcn", "0123456789abcdef", "a" * 64
RINGS = [f"g{number:02d}" for number in range(0, 60, 5)]  # of the sixty galaxies of the survey


@pytest.fixture
def predicted(
    survey: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_fractions: Callable
) -> Catalogue:
    """The survey with answers and embeddings by a network, in which every fifth galaxy differs."""
    weights = tmp_path / "tiny.pt"
    weights.write_bytes(b"weights")
    monkeypatch.setattr(prediction_jobs, "network_key", lambda name: KEY)
    monkeypatch.setattr(networks, "fingerprint", lambda name: FINGERPRINT)
    catalogue = sources.open_source(str(survey.root))
    embeddings = np.random.default_rng(0).uniform(0, 1, (60, 3)).astype(np.float16)
    embeddings[::5, 1] += 3
    fractions = np.repeat(random_fractions(1).astype(np.float32), 60, axis=0)
    store = PredictionStore(prediction_jobs.store_of(catalogue, NETWORK), KEY, embeddings=True)
    cached.write_manifest(store.path, catalogue, NETWORK, weights)
    store.add([Batch(catalogue.ids, fractions, around(fractions, 0.1), {}, embeddings=embeddings)])
    store.finish()
    return catalogue


def keep(app: AppTest, yes: list[str], no: list[str] | None = None) -> None:
    """Set the visitor's collection as the browser would."""
    marks = [tuple(Address("survey", one) for one in ids) for ids in (yes, no or [])]
    collection = Collection("rings", marks[0], marks[1])
    app.session_state["CollectionsState"] = CollectionsState(Collections((collection,), "rings", 1), loaded=True)


def kept(app: AppTest) -> Collection:
    """The visitor's collection."""
    return app.session_state["CollectionsState"].kept.get("rings")


def offered(app: AppTest) -> list[str]:
    """The galaxies of the round."""
    return list(app.session_state["ClassifyState"].round.galaxy_ids)


def test_three_hearts_find_the_others_and_ten_are_judged(app: AppTest, predicted: Catalogue) -> None:
    keep(app, RINGS[:3])
    opened(app, "classify", source="survey", name="rings")
    assert set(tiles(app)[:12]) == set(RINGS)
    assert "**Learned from 3 yes, 0 no.**" in texts(app)
    assert "random galaxies are used instead" in texts(app)
    assert "from 5 of each on" in texts(app)
    first = offered(app)
    assert len(first) == 10
    assert not set(first) & set(RINGS[:3])
    judged = first[0]
    app.button(key="judge_yes").click()
    run(app)
    assert kept(app).ids("survey")[-1] == judged
    assert offered(app) == first  # the round stays until it is over
    assert app.get("progress")[0].proto.text == "Round 1: 2 of 10"
    assert app.button(key="undo_mark").label == f"Undo: yes for {judged}"
    app.button(key="undo_mark").click()
    run(app)
    assert kept(app).ids("survey") == RINGS[:3]
    for galaxy_id in first:
        app.button(key="judge_yes" if galaxy_id in RINGS else "judge_no").click()
        run(app)
    assert not set(offered(app)) & set(first)
    assert app.get("progress")[0].proto.text == "Round 2: 1 of 10"
    assert "from 5 of each on" in texts(app)
    app.button(key="undo_mark").click()
    run(app)
    assert offered(app)[0] == first[-1]  # offered again, though its round is over
    app.button(key="judge_yes" if first[-1] in RINGS else "judge_no").click()
    run(app)
    for galaxy_id in offered(app)[1:]:
        app.button(key="judge_yes" if galaxy_id in RINGS else "judge_no").click()
        run(app)
    assert f"**Learned from {len(kept(app).galaxies)} yes, {len(kept(app).rejected)} no.**" in texts(app)
    assert "Of 10 galaxies it calls “rings”, about " in texts(app)


def test_all_of_it_works_without_votes(app: AppTest, survey: Catalogue, request: pytest.FixtureRequest) -> None:
    (survey.root / "scores.csv").unlink()
    predicted = request.getfixturevalue("predicted")
    assert not predicted.votes.known.any()
    keep(app, RINGS[:3])
    opened(app, "classify", source="survey", name="rings")
    assert set(tiles(app)[:12]) == set(RINGS)
    opened(app, "collections")
    assert tiles(app) == RINGS[2::-1]
    assert "Mean answer shares predicted by the quick network" in texts(app)


def test_a_skipped_galaxy_is_not_marked(app: AppTest, predicted: Catalogue) -> None:
    keep(app, RINGS[:3])
    opened(app, "classify", source="survey", name="rings")
    first = offered(app)
    app.button(key="skip").click()
    run(app)
    assert (kept(app).ids("survey"), kept(app).rejected) == (RINGS[:3], ())
    assert "2 of 10" in app.get("progress")[0].proto.text
    assert app.button(key="undo_mark").label == "Undo: skip"
    app.button(key="undo_mark").click()
    run(app)
    assert "1 of 10" in app.get("progress")[0].proto.text
    app.button(key="skip").click()
    run(app)
    app.button(key="judge_no").click()
    run(app)
    assert kept(app).ids("survey", "no") == [first[1]]
    press(app, "Learn now from 1 new mark")
    assert not {first[0], first[1]} & set(offered(app))


def test_without_marks_or_predictions_the_next_step_is_offered(app: AppTest, survey: Catalogue) -> None:
    keep(app, [])
    opened(app, "classify", source="sample", name="rings")
    assert "must have seen all of them once" in texts(app)
    assert "Predict 9 galaxies (about 9 seconds, once)" in [button.label for button in app.button]


def test_a_collection_without_galaxies_of_the_catalogue_asks_for_hearts(app: AppTest, predicted: Catalogue) -> None:
    keep(app, [])
    opened(app, "classify", source="survey", name="rings")
    assert "Press the heart" in app.info[0].value


def test_browse_filters_and_sorts_by_a_class_and_by_a_collection(app: AppTest, predicted: Catalogue) -> None:
    opened(app, source="survey", collection="rings")
    assert tiles(app) == []  # not before the browser has sent the collection
    assert "No matches" not in texts(app)
    app.query_params.clear()
    keep(app, RINGS[:3], ["g01", "g02"])
    learned = rank(predicted, Collection("rings", *kept_marks()), NETWORK)
    assert learned is not None
    opened(app, source="survey", **{"class": "rings~0.5-1", "sort": "class", "network": NETWORK})
    order = np.argsort(-learned.scores, kind="stable")
    expected = [predicted.ids[row] for row in order if learned.scores[row] >= 0.5]
    assert tiles(app) == expected[:24]
    assert chips(app) == ["like rings: score ≥ 0.5"]
    assert f"rings {learned.scores.max():.2f}" in captions(app)[0]
    app.query_params.clear()
    opened(app, source="survey", collection="rings")
    assert tiles(app) == RINGS[:3]
    assert chips(app) == ["in rings"]
    opened(app, source="survey", collection="theirs:g07,g03,nowhere")
    assert tiles(app) == ["g03", "g07"]
    opened(app, source="survey", **{"class": "rings~2-1"})
    assert "`class=rings~2-1` is ignored" in app.warning[0].value


def kept_marks() -> list[tuple[Address, ...]]:
    """The marks of the test above."""
    return [tuple(Address("survey", one) for one in ids) for ids in (RINGS[:3], ["g01", "g02"])]


def test_a_saved_class_is_opened_again_and_another_network_is_refused(
    app: AppTest, predicted: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = Collection("rings", *kept_marks())
    learned = rank(predicted, collection, NETWORK)
    assert learned is not None
    content = saved_class(collection, learned).to_bytes()
    assert read_class(content, "x").marks[-1] == ("survey", "g02", "no")
    keep(app, [])
    opened(app, "classify", source="survey", name="rings")
    app.file_uploader(key="class_file").set_value([("rings.class.json", content, "application/json")])
    run(app)
    assert app.query_params["name"] in ("rings (file)", ["rings (file)"])
    assert "learned from 5 marks" in texts(app)
    assert set(tiles(app)[:12]) == set(RINGS)
    (table,) = [button for button in app.get("download_button") if "CSV" in button.label]
    assert table.label.startswith("Download ")
    stored = app.session_state["CollectionsState"].kept.as_plain()  # as the browser keeps it
    app.session_state["CollectionsState"] = CollectionsState(collections_from_plain(stored), loaded=True)
    opened(app, "collections")
    assert "rings (file)" in [plain(link.label) for link in app.page_link]
    opened(app, "browse", source="survey", **{"class": "rings (file)~0-1", "sort": "class", "network": NETWORK})
    assert set(tiles(app)[:12]) == set(RINGS)
    monkeypatch.setattr(networks, "fingerprint", lambda name: "b" * 64)  # the app has other weights since
    opened(app, "classify", source="survey", name="rings (file)")
    assert "other weights of the network fcn" in app.warning[0].value
    app.button(key="remove_class").click()
    run(app)
    assert app.session_state["CollectionsState"].kept.classes == ()
    monkeypatch.setattr(networks, "fingerprint", lambda name: FINGERPRINT)
    other = content.replace(FINGERPRINT.encode(), b"f" * 64)
    app.file_uploader(key="class_file").set_value([("other.class.json", other, "application/json")])
    run(app)
    assert "other weights of the network fcn" in app.warning[0].value
    app.file_uploader(key="class_file").set_value([("bad.json", b"<script>", "application/json")])
    run(app)
    assert "is not a class file" in app.warning[0].value


def test_marks_of_galaxies_that_are_not_predicted_are_left_out(predicted: Catalogue) -> None:
    away = Collection("rings", (Address("survey", "nowhere"), Address("sample", "100008")))
    assert rank(predicted, away, NETWORK) is None
    mixed = Collection("rings", (*away.galaxies, Address("survey", RINGS[0])))
    found = rank(predicted, mixed, NETWORK)
    assert found is not None
    assert found.yes == 1


def test_galaxies_without_answers_are_left_out(predicted: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    known = answers_of(predicted, NETWORK)

    def fractions(column: str) -> np.ndarray:
        values = known.votes.fractions(column).copy()
        values[[0, 1, 2]] = np.nan  # a ring and two others
        return values

    damaged = replace(known, votes=Votes(fractions, complete=True))
    monkeypatch.setattr(ranking, "answers_of", lambda *_: damaged)
    found = rank(predicted, Collection("rings", *kept_marks()), NETWORK)
    assert found is not None
    assert (found.yes, found.no) == (2, 0)  # g01 and g02 have no answers
    assert np.flatnonzero(np.isnan(found.scores)).tolist() == [0, 1, 2]
    unknown = replace(known, votes=Votes(lambda _: np.full(60, np.nan), complete=True))
    monkeypatch.setattr(ranking, "answers_of", lambda *_: unknown)
    assert rank(predicted, Collection("rings", kept_marks()[0]), NETWORK) is None


def test_a_ranking_does_not_hold_the_embeddings_in_memory(predicted: Catalogue) -> None:
    assert rank(predicted, Collection("rings", *kept_marks()), NETWORK) is not None
    embeddings = ref(embeddings_of(predicted, NETWORK))
    assert embeddings() is not None
    key = (ref(predicted), "embeddings", NETWORK)
    catalogue_results().put(key, (None, None))  # as those of more galaxies do
    assert embeddings() is None


def test_a_galaxy_skipped_for_one_class_is_offered_for_another(app: AppTest, predicted: Catalogue) -> None:
    keep(app, RINGS[:3])
    opened(app, "classify", source="survey", name="rings")
    skipped = offered(app)[0]
    app.button(key="skip").click()
    run(app)
    both = (Collection("rings", *kept_marks()), Collection("again", *kept_marks()))
    app.session_state["CollectionsState"] = CollectionsState(Collections(both, "again", 2), loaded=True)
    opened(app, "classify", source="survey", name="again")
    assert skipped in offered(app)


@pytest.mark.parametrize(
    ("quality", "words"),
    [
        (None, "How well it does is shown from 5 of each on."),
        (Quality(2, 2, 20), "It calls too few of your galaxies “rings” to tell how well it does."),
        (
            Quality(10, 8, 16),
            "Of 10 galaxies it calls “rings”, about 8 are (between 4 and 10); of 10 that are, it finds about 5.",
        ),
    ],
)
def test_quality_is_said_with_its_uncertainty_or_not_at_all(quality: Quality | None, words: str) -> None:
    assert quality_in_words(quality, "rings") == words
