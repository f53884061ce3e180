"""What the pages keep of galaxies, and when it is made anew."""

import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from galaxy_explorer import prediction, saliency
from galaxy_explorer.app.panel import shown_galaxy
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.images import DEFAULT_VIEWS, to_png


def test_a_replaced_picture_gets_numbers_and_a_map_of_its_own(
    tmp_path: Path, draw_galaxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.png").write_bytes(to_png(draw_galaxy(1)))
    for module in (sources, shown_galaxy):
        monkeypatch.setattr(module, "sources", lambda: {"folder": str(tmp_path)})
    monkeypatch.setattr(shown_galaxy, "predict_picture", lambda _name, picture, _field: picture)
    monkeypatch.setattr(shown_galaxy, "explain_picture", lambda _name, picture, *_: picture)
    old = shown_galaxy.galaxy_of("folder", "one")
    assert np.array_equal(old.prediction("any"), old.picture)
    old.saliency("any", "Class1.1", "method", lowers=False)
    (tmp_path / "one.png").write_bytes(to_png(draw_galaxy(2, 72, 72)))
    new = shown_galaxy.galaxy_of("folder", "one")
    assert np.array_equal(new.prediction("any"), new.picture)
    assert np.array_equal(new.saliency("any", "Class1.1", "method", lowers=False), new.picture)
    assert old.prediction("any") is old.prediction("any")  # and what is known is not made again
    (tmp_path / "field.json").write_text('{"centre": 288, "of": 424}')
    sources._open_stored.clear()
    assert shown_galaxy.galaxy_of("folder", "one").address != new.address  # the network sees another part now


def test_a_map_is_of_the_views_whose_mean_is_the_prediction(sample, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(saliency, "saliency_map", lambda *_, **options: asked.append(options["views"]))
    monkeypatch.setattr(
        prediction, "predict", lambda *_, tta_views=DEFAULT_VIEWS, **__: asked.append(tta_views) or ([0], [0])
    )
    shown_galaxy.explain_picture("fcn", sample.picture("100053"), 1.0, "Class1.1", "Grad-CAM", False)
    shown_galaxy.predict_picture("fcn", sample.picture("100053"), 1.0)
    assert asked == [8, 8]


def test_the_app_ends_without_a_complaint_of_leaks() -> None:
    loaded = "from galaxy_explorer.models.checkpoints import load; load('fcn')"
    script = f"{loaded}; from galaxy_explorer.app.services import networks; networks._set_aside('torch')"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert "leak" not in ended.stderr


def test_what_stays_loaded_is_not_looked_through_after_every_run_of_a_page() -> None:
    networks._cards.clear()
    networks._set_aside.clear()
    try:
        networks.cards()
        with_torch = gc.get_freeze_count()
        assert with_torch > 10 * len(gc.get_objects())
        networks._cards.clear()
        networks.cards()  # they are read anew every minute: what visitors left meanwhile can still be given back
        assert gc.get_freeze_count() <= with_torch
    finally:
        gc.unfreeze()
