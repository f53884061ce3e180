"""Pages of the app in `AppTest`, without a browser."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from galaxy_explorer.catalogue import Catalogue

ROOT = Path(__file__).parents[2]
SECONDS = 120  # the first page that needs a network imports torch


def opened(app: AppTest, page: str, **address: str) -> AppTest:
    """Open a page at an address, and see that nothing went wrong on it."""
    app.run()
    app.switch_page(f"galaxy_explorer/app/{page}/page.py")
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    """All that a page says in Markdown, on one line."""
    return " ".join(element.value for element in app.markdown).replace("\n", " ")


def give(app: AppTest, *files: tuple[str, bytes], uploader: int = 0) -> AppTest:
    """Put files on the list of an uploader, in place of those that were there."""
    app.file_uploader[uploader].set_value([(name, content, "image/png") for name, content in files])
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> None:
    """Press a button."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def said(app: AppTest) -> str:
    """All warnings and hints."""
    return " ".join(element.value for element in (*app.warning, *app.info, *app.caption))


def files_of(sample: Catalogue, *galaxies: str) -> list[tuple[str, bytes]]:
    """Pictures of the sample, under their ids."""
    return [(f"{galaxy}.jpg", sample.picture_bytes(galaxy)) for galaxy in galaxies]
