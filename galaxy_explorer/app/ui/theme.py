"""The visitor's theme: what is drawn on the server is drawn for it, and drawn anew when the visitor changes it."""

import streamlit as st

WATCH = """
export default function ({ parentElement, data, setTriggerValue }) {
  const app = document.querySelector(".stApp");
  const scheme = () => getComputedStyle(app).colorScheme;
  parentElement.querySelector(".drawn-for").dataset.theme = data;
  let seen = scheme();
  const watcher = new MutationObserver(() => {
    if (scheme() === seen) return;
    seen = scheme();
    setTriggerValue("turned", seen);
  });
  watcher.observe(app, { attributes: true });
  return () => watcher.disconnect();
}
"""


def is_dark() -> bool:
    """Tell whether the visitor's theme is dark."""
    return st.context.theme.type != "light"


def follow_theme() -> None:
    """Run the page again when its theme changes, which Streamlit does not: charts would keep the other's colours."""
    component = st.components.v2.component("theme", html='<i class="drawn-for"></i>', js=WATCH, isolate_styles=False)
    with st.container(key="theme"):
        component(key="turned_theme", data="dark" if is_dark() else "light", on_turned_change=lambda: None)
