"""Pages of the app in `AppTest`, without a browser."""

import re
from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from galaxy_explorer.app import paths
from galaxy_explorer.catalogue import Catalogue

ROOT = Path(__file__).parents[2]
SECONDS = 120  # the first page that needs a network imports torch


def new_app() -> AppTest:
    """The app for a new visitor."""
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)


def run(app: AppTest) -> AppTest:
    """Run the page after a visitor's action, and check that nothing went wrong on it."""
    app.run()
    assert not app.exception
    return app


def opened(app: AppTest, page: str = "browse", /, **url_params: str | list[str]) -> AppTest:
    """Open a page with URL parameters, as a visitor who comes from elsewhere."""
    ask_for(app, page)
    app.query_params.update(url_params)
    return run(app)


def ask_for(app: AppTest, page: str) -> AppTest:
    """Ask for a page by its address; `AppTest.switch_page` knows it after a run, which costs more than most pages."""
    app._page_hash = calc_hash(page)
    return app


def go_to(app: AppTest, page: str, /, **url_params: str | list[str]) -> AppTest:
    """Follow a link to a page, or open it from the menu if there are no URL parameters."""
    app.query_params.clear()
    app.switch_page(paths.script(page))
    app.query_params.update(url_params)
    return run(app)


def texts(app: AppTest) -> str:
    """All Markdown and captions of a page, on one line."""
    return " ".join(element.value for element in (*app.markdown, *app.caption)).replace("\n", " ")


def sentences(app: AppTest) -> str:
    """The sentences on a galaxy by network and volunteers, with their shares, as HTML."""
    return " ".join(html.proto.body for html in app.get("html") if 'class="said' in html.proto.body)


def said(app: AppTest) -> str:
    """All warnings, hints and captions."""
    return " ".join(element.value for element in (*app.warning, *app.info, *app.caption))


def plain(markdown: str) -> str:
    """The text that a visitor sees of escaped Markdown."""
    return re.sub(r"\\(\W)", r"\1", markdown).replace("\u00a0", " ")


def url_values(app: AppTest, name: str) -> list[str]:
    """The values of a URL parameter."""
    values = app.query_params[name]
    return [values] if isinstance(values, str) else values


def give(app: AppTest, *files: tuple[str, bytes], uploader: int = 0) -> AppTest:
    """Set the files of an uploader."""
    app.file_uploader[uploader].set_value([(name, content, "image/png") for name, content in files])
    return run(app)


def press(app: AppTest, label: str) -> None:
    """Press a button."""
    next(button for button in app.button if button.label == label).click()
    run(app)


def files_of(sample: Catalogue, *galaxies: str) -> list[tuple[str, bytes]]:
    """Pictures of the sample, under their ids."""
    return [(f"{galaxy}.jpg", sample.picture_bytes(galaxy)) for galaxy in galaxies]
