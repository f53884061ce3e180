"""Find more like these."""

import streamlit as st

st.title("Find more like these")
