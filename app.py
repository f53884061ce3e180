"""Galaxy Explorer, for `streamlit run app.py`."""

from galaxy_explorer.app.main import main

main()
