"""Galaxy Explorer, for `streamlit run app.py`."""

import streamlit as st
from starlette.middleware import Middleware

if __name__ == "__main__":  # Streamlit runs this file for each visitor ...
    from galaxy_explorer.app.main import main

    main()
else:  # ... and imports it once for the server
    from galaxy_explorer.app import server

    middleware = [Middleware(each) for each in (server.HostCheck, server.UploadLimit, server.EarlierLinks)]
    app = st.App(__file__, middleware=middleware, lifespan=server.lifespan)
