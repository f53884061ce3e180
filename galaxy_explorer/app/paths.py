"""The pages' scripts, as `st.switch_page` and `st.page_link` take them."""

from pathlib import Path

APP = Path(__file__).parent
START_FOLDER = APP.parent.parent  # of app.py

BROWSE, GALAXY, UPLOAD, SKY, COMPARE, ABOUT = (
    f"galaxy_explorer/app/{page}/page.py" for page in ("browse", "galaxy", "upload", "sky", "compare", "about")
)
