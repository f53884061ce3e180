"""What the first galaxy needs is loaded once the first page is drawn."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from app_page import ROOT, new_app, opened
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app import main
from galaxy_explorer.app.panel import enlarged_picture
from galaxy_explorer.app.services import networks, preloading


def test_it_starts_once_for_all_visitors(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(preloading, "Timer", lambda _, work: SimpleNamespace(start=lambda: started.append(work)))
    monkeypatch.setattr(main, "preload_soon", preloading.preload_soon)
    preloading.preload_soon.clear()
    opened(app)
    opened(new_app())
    preloading.preload_soon.clear()
    assert started == [preloading.preload]


def test_a_galaxy_then_imports_and_loads_nothing_and_the_app_ends_without_a_complaint_of_leaks(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from galaxy_explorer.app import main\n"
        "from galaxy_explorer.app.services import networks, preloading\n"
        "from galaxy_explorer.models import checkpoints\n"
        "main.preload_soon = lambda: None\n"
        "preloading.preload()\n"
        "before = set(sys.modules)\n"
        "checkpoints.load = None\n"
        "app = AppTest.from_file('app.py', default_timeout=120).run()\n"
        "app.switch_page('galaxy_explorer/app/galaxy/page.py').run()\n"
        "assert not app.exception, app.exception\n"
        "large = {'torch', 'torchvision', 'pytorch_grad_cam', 'sklearn', 'cv2'}\n"
        "print([name for name in set(sys.modules) - before if name.partition('.')[0] in large])\n"
    )
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "GALAXY_EXPLORER_DATA": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    # At the end of the process, of what was kept out of garbage collection.
    assert not {"leak", "Traceback"} & set(re.findall(r"leak|Traceback", done.stderr))


def test_a_galaxys_picture_is_shown_before_any_network_is_looked_for(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, names, draw = [], networks.networks, enlarged_picture.PanelPicture.__init__

    def record_picture(*arguments: object) -> None:
        draw(*arguments)
        events.append("picture")

    monkeypatch.setattr(enlarged_picture.PanelPicture, "__init__", record_picture)
    monkeypatch.setattr(networks, "networks", lambda: events.append("networks") or names())
    opened(app, "galaxy", galaxy="100008")
    assert events[:2] == ["picture", "networks"]
