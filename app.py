"""Galaxy Explorer, for `streamlit run app.py`."""

import streamlit as st
from starlette.middleware import Middleware

if __name__ == "__main__":  # Streamlit runs this file for each visitor ...
    from galaxy_explorer.app.main import main

    main()
else:  # ... and imports it once for the server
    from galaxy_explorer.app import server

    app = st.App(
        __file__, middleware=[Middleware(server.UploadLimit), Middleware(server.EarlierLinks)], lifespan=server.lifespan
    )
