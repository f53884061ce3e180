"""The Streamlit app: a folder per page, the galaxy panel, services and widgets."""
